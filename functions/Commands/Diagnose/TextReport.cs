using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using Spectre.Console;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>For people: what failed and where, the lines around it, what to do next, then one quiet line of facts.</summary>
/// <remarks>In colour on a terminal, unless NO_COLOR is set (no-color.org). Nothing of a log is read as markup.</remarks>
internal static class TextReport
{
    private const int LongestContext = 160;
    private const int LongestCause = 500;
    private const int MostLogsWithoutSum = 3;

    private static readonly Style Plain = Style.Plain;
    private static readonly Style Quiet = new(Color.Grey);
    private static readonly Style Strong = new(decoration: Decoration.Bold);
    private static readonly Style Bad = new(Color.Red, decoration: Decoration.Bold);
    private static readonly Style Passing = new(Color.Yellow, decoration: Decoration.Bold);
    private static readonly Style Good = new(Color.Green, decoration: Decoration.Bold);

    private sealed record Part(string Text, Style Style);

    public static void Write(IReadOnlyList<(string Log, LogReport Report)> reports, IAnsiConsole console)
    {
        var isColoured = console.Profile.Capabilities is { Ansi: true, ColorSystem: not ColorSystem.NoColors } && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        var contextWidth = isColoured ? Math.Min(LongestContext, console.Profile.Width) : LongestContext;
        // The terminal breaks long lines itself, and copying from it gives whole lines back.
        console.Profile.Width = short.MaxValue;
        foreach (var line in Lines(reports, contextWidth))
        {
            foreach (var part in line)
            {
                if (isColoured)
                    console.Write(new Text(part.Text, part.Style));
                else
                    console.Profile.Out.Writer.Write(part.Text);
            }
            console.Profile.Out.Writer.Write('\n');
        }
    }

    private static IEnumerable<Part[]> Lines(IReadOnlyList<(string Log, LogReport Report)> reports, int contextWidth)
    {
        for (var index = 0; index < reports.Count; index++)
        {
            if (index > 0)
                yield return [];
            foreach (var line in Lines(reports[index].Log, reports[index].Report, contextWidth))
                yield return line;
        }
        if (reports.Count > MostLogsWithoutSum)
        {
            yield return [];
            yield return [new(Sum(reports), Strong)];
        }
    }

    private static IEnumerable<Part[]> Lines(string log, LogReport report, int contextWidth)
    {
        var diagnosis = report.Diagnoses[0];
        var place = log == "-" ? "stdin" : ReportText.OneLine(log);
        yield return
        [
            new(report.Lines == 0 ? $"{place}: " : $"{place}:{diagnosis.RootCause.Line}: ", Plain),
            new(ReportText.OneLine(diagnosis.Title, LongestCause), diagnosis.IsTransient || IsUnrecognised(diagnosis) ? Passing : Bad),
        ];
        yield return [new("  " + ReportText.OneLine(diagnosis.Summary, LongestCause), Plain)];
        foreach (var line in Evidence(diagnosis, contextWidth))
            yield return line;
        yield return [new("  next: ", Good), new(ReportText.OneLine(diagnosis.Next, LongestCause), Plain)];
        yield return [new($"  ({diagnosis.FailureId}, {diagnosis.Category.Name()}, {(diagnosis.IsTransient ? "worth a retry" : "not worth a retry")}, {Math.Min(99, Math.Round(diagnosis.Confidence * 100))} % sure)", Quiet)];
        // Beside a cause, a mere guess (such as the job's exit code) only takes a reader's time.
        foreach (var other in report.Diagnoses.Skip(1).Take(2).Where(other => other.Confidence >= 0.5))
            yield return [new($"  also: {ReportText.OneLine(other.Title, LongestContext)} (line {other.RootCause.Line}, {other.FailureId})", Quiet)];
    }

    private static IEnumerable<Part[]> Evidence(Diagnosis diagnosis, int contextWidth)
    {
        var cause = diagnosis.RootCause;
        var lines = diagnosis.Evidence.Count > 0 || cause.Text.Length == 0 ? diagnosis.Evidence : [new LogLine(cause.Line, cause.Text)];
        var width = lines.Select(line => line.Number.ToString().Length).DefaultIfEmpty(0).Max();
        foreach (var line in lines)
        {
            var isCause = line.Number >= cause.Line && line.Number <= cause.EndLine;
            var margin = $"  {(isCause ? '>' : ' ')} {line.Number.ToString().PadLeft(width)} | ";
            yield return
            [
                new(margin, isCause ? Bad : Quiet),
                new(ReportText.OneLine(line.Text, isCause ? LongestCause : Math.Max(20, contextWidth - margin.Length - 3)), isCause ? Strong : Quiet),
            ];
        }
    }

    private static string Sum(IReadOnlyList<(string Log, LogReport Report)> reports)
    {
        var primaries = reports.Select(item => item.Report.Diagnoses[0]).ToList();
        var (unknown, retries) = (primaries.Count(IsUnrecognised), primaries.Count(diagnosis => diagnosis.IsTransient));
        return $"{reports.Count} logs: {reports.Count - unknown} recognised{(retries > 0 ? $" ({retries} worth a retry)" : "")}, {unknown} not";
    }

    private static bool IsUnrecognised(Diagnosis diagnosis) => diagnosis.FailureId == Diagnosis.UnrecognisedId;
}
