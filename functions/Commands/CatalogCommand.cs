using System.CommandLine;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using Spectre.Console;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi catalog</c>: every known failure and what the bot does about it.</summary>
internal static class CatalogCommand
{
    public static Command Create()
    {
        var json = CommandLine.JsonOption();
        var command = CommandLine.Command("catalog", "Lists every known failure and what QMoi does about it.", "qmoi catalog", "qmoi catalog --json");
        command.Options.Add(json);
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static int Run(bool json)
    {
        IReadOnlyList<CatalogJson> entries = [.. Catalogue.Embedded.Entries.OrderBy(entry => entry.Id, StringComparer.Ordinal)
            .Select(entry => new CatalogJson(entry.Id, entry.Title, entry.Category.Name(), entry.Transient == Transience.Yes, entry.Action.Name(), FixerIndex.Find(entry.Id) is not null))];
        if (json)
        {
            Terminal.Out.WriteLine(JsonSerializer.Serialize(entries, OutputJson.Readable.IReadOnlyListCatalogJson));
            return ExitCode.Done;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("Failure", "What it is", "Category", "What QMoi does");
        foreach (var entry in entries)
            table.AddRow(new[] { entry.Id, entry.Title, entry.Category, Does(entry) }.Select(Markup.Escape).ToArray());
        Terminal.Rich(onStandardError: false).Write(table);
        return ExitCode.Done;
    }

    private static string Does(CatalogJson entry) => entry switch
    {
        { Fixer: true } => "fix merge request",
        { Transient: true } => "runs it again",
        _ => "explains",
    };
}
