using System.CommandLine;
using System.Text;
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
        var id = new Argument<string?>("ID") { Description = "Explain this failure", Arity = ArgumentArity.ZeroOrOne };
        var json = CommandLine.JsonOption();
        var markdown = new Option<bool>("--markdown") { Description = "Write the catalogue as a page; docs/failures.md is made so" };
        var fixers = new Option<bool>("--fixers") { Description = "Write what is repaired by rules as a page; docs/fixers.md is made so" };
        var command = CommandLine.Command("catalog", "Lists every known failure and what QMoi does about it, or explains one.", "qmoi catalog", "qmoi catalog disk-full", "qmoi catalog --json");
        command.Arguments.Add(id);
        command.Options.Add(json);
        command.Options.Add(markdown);
        command.Options.Add(fixers);
        command.SetAction(parsed => Run(parsed.GetValue(id), parsed.GetValue(json), parsed.GetValue(markdown), parsed.GetValue(fixers)));
        return command;
    }

    private static int Run(string? id, bool json, bool markdown, bool fixers)
    {
        var catalogue = KnownFailures.Load(CommandLine.Settings(null), refused => Terminal.Error.WriteLine("qmoi: " + refused));
        if (id is not null && catalogue.Find(id) is null)
            throw new CommandException(ExitCode.NotFound, $"{id}: there is no such failure{Nearest(catalogue, id)}");
        var entries = id is null ? catalogue.Entries : [catalogue.Find(id)!];
        if (json)
            Terminal.Out.WriteLine(JsonSerializer.Serialize([.. entries.Select(Json)], OutputJson.Readable.IReadOnlyListCatalogJson));
        else if (fixers)
            Terminal.Out.Write(FixersPage.Write(catalogue));
        else if (markdown)
            Terminal.Out.Write(Markdown(entries));
        else if (id is null)
            List(entries);
        else
            Explain(entries[0]);
        return ExitCode.Done;
    }

    private static CatalogJson Json(CatalogueEntry entry) =>
        new(entry.Id, entry.Title, entry.Category.Name(), entry.Transient == Transience.Yes, entry.Action.Name(), FixerIndex.Find(entry.Id) is not null);

    private static string Nearest(Catalogue catalogue, string id) =>
        catalogue.Entries.Select(entry => entry.Id).Where(known => known.Contains(id, StringComparison.OrdinalIgnoreCase) || id.Contains(known, StringComparison.OrdinalIgnoreCase)).Take(3).ToList() is { Count: > 0 } near
            ? $"; did you mean {string.Join(", ", near)}?"
            : "; qmoi catalog lists them all";

    private static void List(IReadOnlyList<CatalogueEntry> entries)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("Failure", "What it is", "Category", "What QMoi does");
        foreach (var entry in entries)
            table.AddRow(new[] { entry.Id, entry.Title, entry.Category.Name(), Does(entry) }.Select(Markup.Escape).ToArray());
        Terminal.Rich(onStandardError: false).Write(table);
    }

    private static void Explain(CatalogueEntry entry)
    {
        var text = new StringBuilder()
            .Append($"{entry.Id}: {entry.Title}\n  category: {entry.Category.Name()} ({entry.Ecosystem}), priority {entry.Priority}, risk of a repair: {entry.Risk}\n")
            .Append($"  what QMoi does: {Does(entry)}{(entry.MayBeAutomatic || FixerIndex.Find(entry.Id) is null ? "" : ", after a person agreed")}\n  retry: {Retry(entry)}\n");
        if (entry.Why.Length > 0)
            text.Append($"  where the cause stands: {entry.Why}\n");
        text.Append($"  what happened: {entry.Summary[^1]}\n  next: {entry.Next[^1]}\n  recognised by:\n");
        foreach (var signature in entry.Signatures)
            text.Append($"    {signature.Pattern}\n");
        text.Append("  for example:\n");
        foreach (var line in entry.Sample.TrimEnd('\n').Split('\n'))
            text.Append($"    | {line}\n");
        Terminal.Out.Write(text);
    }

    private static string Markdown(IReadOnlyList<CatalogueEntry> entries)
    {
        var page = new StringBuilder("# Known failures\n\nMade by `qmoi catalog --markdown`; the entries stand in `fixers/catalogue`. How to add one: [catalogue.md](catalogue.md).\n\n")
            .Append($"{entries.Count} failures, {entries.Count(entry => FixerIndex.Find(entry.Id) is not null)} with a repair by rules.\n");
        foreach (var group in entries.GroupBy(entry => entry.Ecosystem).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            page.Append($"\n## {group.Key}\n\n| failure | what it is | category | retry | what QMoi does |\n| --- | --- | --- | --- | --- |\n");
            foreach (var entry in group)
                page.Append($"| `{entry.Id}` | {Cell(entry.Title)}. {Cell(entry.Next[^1])} | {entry.Category.Name()} | {Retry(entry)} | {Does(entry)} |\n");
        }

        return page.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Retry(CatalogueEntry entry) => entry.Transient switch
    {
        Transience.Yes => $"yes, at most {Math.Max(1, entry.MaxRetries)}",
        Transience.Maybe => "if it passed so before",
        _ => "no",
    };

    private static string Does(CatalogueEntry entry) => entry switch
    {
        _ when FixerIndex.Find(entry.Id) is not null => "fix merge request",
        { Transient: Transience.Yes } => "runs it again",
        _ => "explains",
    };
}
