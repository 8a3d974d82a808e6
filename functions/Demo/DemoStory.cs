using System.Globalization;
using QMoi.Handlers.Forges;
using Spectre.Console;

namespace QMoi.Functions.Demo;

/// <summary>The demo as a reader sees it: a live table while it runs, a line for each thing that happens where there is no terminal, and the table at the end.</summary>
public sealed class DemoStory(IAnsiConsole console)
{
    private readonly Dictionary<DemoRow, string> told = [];

    public void Begin(string gitHub, string gitLab, string bot)
    {
        console.MarkupLineInterpolated($"[bold]QMoi demo[/]: two simulated forges with real git and real jobs, and the bot, all on this machine.");
        console.MarkupLineInterpolated($"GitHub {gitHub}   GitLab {gitLab}   bot {bot}");
        console.WriteLine();
    }

    /// <summary>Says what is new since the last call, one line each.</summary>
    public void Tell(IReadOnlyList<DemoRow> rows)
    {
        foreach (var row in rows)
        {
            var (mark, words) = row.State switch
            {
                RowState.Waiting => ("", ""),
                RowState.Broken => ("[red]broken[/] ", row.Plan.Story),
                RowState.Working => ("[yellow]at work[/]", $"{row.Cause}: {Short(row.Action)}"),
                RowState.Healed => ("[green]green[/]  ", $"{row.Cause}: {Done(row)} after {Seconds(row.ToGreen)} s"),
                RowState.Explained => ("[blue]told[/]   ", $"{row.Cause}: explained, nothing touched"),
                RowState.Skipped => ("[grey]skipped[/]", row.Action),
                _ => ("[red]failed[/] ", $"{row.Cause}: {row.Action}"),
            };
            var line = $"{mark} {Markup.Escape(row.Plan.Name),-16} {Markup.Escape(words)}";
            if (mark.Length == 0 || told.GetValueOrDefault(row) == line)
                continue;
            told[row] = line;
            console.MarkupLine(line);
        }
    }

    public void End(IReadOnlyList<DemoRow> rows, TimeSpan elapsed)
    {
        console.WriteLine();
        console.Write(AsTable(rows));
        var (healed, explained, failed, skipped) = (Count(RowState.Healed), Count(RowState.Explained), Count(RowState.Failed), Count(RowState.Skipped));
        console.MarkupLineInterpolated($"{healed} healed, {explained} explained and left alone, {failed} failed, {skipped} skipped, in {elapsed.TotalSeconds:0.0} s.");

        int Count(RowState state) => rows.Count(row => row.State == state);
    }

    private static Table AsTable(IReadOnlyList<DemoRow> rows)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("Forge", "Repository", "Cause", "Action", "API calls", "in a row", "s to merge request", "s to green", "Result");
        foreach (var index in (int[])[4, 5, 6, 7])
            table.Columns[index].RightAligned();
        foreach (var row in rows)
        {
            var color = row.State switch { RowState.Healed => "green", RowState.Explained => "blue", RowState.Skipped => "grey", _ => "red" };
            table.AddRow(
                row.Plan.Forge == ForgeKind.GitHub ? "GitHub" : "GitLab", Markup.Escape(row.Plan.Name), Markup.Escape(row.Cause), Markup.Escape(Done(row)),
                row.ApiCalls == 0 ? "" : row.ApiCalls.ToString(CultureInfo.InvariantCulture), row.SequentialCalls == 0 ? "" : row.SequentialCalls.ToString(CultureInfo.InvariantCulture),
                Seconds(row.ToMergeRequest), Seconds(row.ToGreen), $"[{color}]{row.State.ToString().ToLowerInvariant()}[/]");
        }
        return table;
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..79] + "\u2026";

    private static string Done(DemoRow row) => row switch
    {
        { State: RowState.Skipped or RowState.Failed } => row.Action,
        { Plan.Expects: Expectation.FixMergeRequest } => "fix merge request, verified",
        { Plan.Expects: Expectation.PassesOnRetry } => "run again",
        _ => "explained",
    };

    private static string Seconds(TimeSpan? time) => time is { } span ? span.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) : "";
}
