using QMoi.Fixers;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>Workflow commands that GitHub's runner turns into annotations: one line for each log.</summary>
/// <remarks>docs.github.com/actions/reference/workflow-commands-for-github-actions; escapes as in actions/runner, src/Runner.Common/ActionCommand.cs (read 2026-11).
/// The runner forwards at most 4096 characters of a message.</remarks>
internal static class GitHubReport
{
    private const int LongestTitle = 250;
    private const int LongestSentence = 1000;

    public static string Of(IEnumerable<(string Log, LogReport Report)> reports) =>
        string.Concat(reports.Select(item => Command(item.Log, item.Report.Diagnoses[0]) + "\n"));

    private static string Command(string log, Diagnosis diagnosis)
    {
        var place = Place.InSource(diagnosis) ?? (log == "-" ? null : Place.InLog(log, diagnosis));
        List<string> properties = [$"title={Property(ReportText.OneLine(diagnosis.Title, LongestTitle))}"];
        if (place is not null)
        {
            properties.AddRange([$"file={Property(place.Path)}", $"line={place.Line}", $"endLine={place.EndLine}"]);
            if (place.Column is { } column)
                properties.Add($"col={column}");
        }
        List<string> message = [ReportText.OneLine(diagnosis.Summary, LongestSentence), ReportText.OneLine(diagnosis.Next, LongestSentence)];
        if (diagnosis.RootCause.Text.Length > 0)
            message.Add($"{(log == "-" ? "line " : ReportText.OneLine(log, LongestTitle) + ":")}{diagnosis.RootCause.Line}: {ReportText.OneLine(diagnosis.RootCause.Text, LongestSentence)}");
        return $"::error {string.Join(',', properties)}::{Data(string.Join('\n', message))}";
    }

    private static string Data(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace("\r", "%0D", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) => Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);
}
