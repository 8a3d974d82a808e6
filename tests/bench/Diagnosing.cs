using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Bench;

/// <summary>Diagnosis beside ripgrep with the same patterns over the same logs, in turn, in rounds.</summary>
internal sealed class Diagnosing(string catalogueFolder, string temporary, string qmoi)
{
    private const double Mega = 1e6;
    private static readonly int[] Sizes = [1, 10, 100];
    private static readonly int[] LargeCounts = [1_000, 5_000];

    private readonly Dictionary<string, List<double>> results = [];
    private readonly Dictionary<string, string> expected = [];

    public async Task RunAsync(int rounds, bool isBig)
    {
        var patterns = WritePatterns();
        var logs = Sizes.ToDictionary(size => size, size => Log($"{size}.log", size * 1_000_000L, seed: Array.IndexOf(Sizes, size), isGitLab: false));
        var gitLab = Log("gitlab.log", 10_000_000, seed: 7, isGitLab: true);
        var small = Enumerable.Range(0, 500).Select(i => Log($"small-{i}.log", 110_000, seed: 1_000 + i, isGitLab: i % 2 == 1)).ToList();
        var embedded = new LogDiagnoser(Catalogue.Embedded);
        var large = LargeCounts.ToDictionary(count => count, count => new LogDiagnoser(LargeCatalogue.Create(catalogueFolder, count)));
        await WarmAsync(embedded, large.Values, logs[1]);

        for (var round = 0; round < rounds; round++)
        {
            foreach (var size in Sizes)
            {
                Add($"in process, {size} MB", await InProcessAsync(embedded, logs[size], repeats: Math.Max(1, 20 / size)));
                Add($"rg, {size} MB", WholeProcess("rg", ["-n", "-f", patterns, logs[size]]));
                Add($"qmoi, {size} MB", WholeProcess(qmoi, ["diagnose", "--format", "json", logs[size]]));
            }
            Add("in process, GitLab", await InProcessAsync(embedded, gitLab, repeats: 2));
            foreach (var count in LargeCounts)
                Add($"{count} entries", await InProcessAsync(large[count], logs[10], repeats: 2));
            Add("small", WholeProcess(qmoi, ["diagnose", "--format", "json", .. small]));
            foreach (var size in (int[])[1, 100])
                Add($"peak, {size} MB", PeakMegabytes(["diagnose", "--format", "json", logs[size]]));
        }

        Print(logs, gitLab, small);
        if (isBig)
        {
            var big = Log("big.log", 2_000_000_000, seed: 5, isGitLab: false);
            var watch = Stopwatch.StartNew();
            Row("qmoi, peak memory, 2 GB", "MB", [PeakMegabytes(["diagnose", "--format", "json", big])]);
            Row("qmoi, whole process, 2 GB", "ms", [watch.Elapsed.TotalMilliseconds]);
        }
    }

    private void Print(Dictionary<int, string> logs, string gitLab, List<string> small)
    {
        Console.WriteLine($"\n{"",-52} {"median",10} {"min",10} {"max",10}   goal");
        foreach (var size in Sizes)
        {
            Row($"in process, warm, {size} MB", "ms", results[$"in process, {size} MB"]);
            Row($"in process, warm, {size} MB", "MB/s", Rates($"in process, {size} MB", logs[size]));
        }
        Row("in process, warm, 10 MB of GitLab", "MB/s", Rates("in process, GitLab", gitLab));
        Row("in process, 100 MB to 10 MB", "MB/s ratio", Ratio(Rates("in process, 100 MB", logs[100]), Rates("in process, 10 MB", logs[10])));
        Row("in process, steady (10 to 100 MB)", "MB/s", Steady("in process"));
        Row("rg, steady (10 to 100 MB)", "MB/s", Steady("rg"));
        Row("in process to rg, steady", "ratio", Ratio(Steady("in process"), Steady("rg")), atLeast: 1.2);
        foreach (var size in Sizes)
        {
            Row($"rg, whole process, {size} MB", "ms", results[$"rg, {size} MB"]);
            Row($"qmoi, whole process, {size} MB", "ms", results[$"qmoi, {size} MB"]);
            Row($"qmoi to rg, whole process, {size} MB", "ratio", Ratio(results[$"qmoi, {size} MB"], results[$"rg, {size} MB"]), atMost: size == 100 ? 2 : null);
        }
        foreach (var size in (int[])[1, 100])
            Row($"qmoi, peak memory, {size} MB", "MB", results[$"peak, {size} MB"]);
        Row("qmoi, 500 small logs in one call", "MB/s", results["small"].Select(ms => small.Sum(Length) / ms * 1e3 / Mega), atLeast: 50);
        foreach (var count in LargeCounts)
            Row($"in process, {count} to {Catalogue.Embedded.Entries.Count} entries, 10 MB", "ratio", Ratio(results[$"{count} entries"], results["in process, 10 MB"]), atMost: 1.5);

        IEnumerable<double> Rates(string name, string log) => results[name].Select(ms => Length(log) / ms * 1e3 / Mega);
        IEnumerable<double> Steady(string name) =>
            results[$"{name}, 100 MB"].Zip(results[$"{name}, 10 MB"], (t100, t10) => (Length(logs[100]) - Length(logs[10])) / (t100 - t10) * 1e3 / Mega);
        static IEnumerable<double> Ratio(IEnumerable<double> ours, IEnumerable<double> theirs) => ours.Zip(theirs, (a, b) => a / b);
    }

    private static void Row(string name, string unit, IEnumerable<double> values, double? atLeast = null, double? atMost = null)
    {
        var sorted = values.Order().ToList();
        var median = sorted[sorted.Count / 2];
        var goal = (atLeast, atMost) switch
        {
            ({ } least, _) => $">= {least:0.#} {(median >= least ? "met" : "MISSED")}",
            (_, { } most) => $"<= {most:0.#} {(median <= most ? "met" : "MISSED")}",
            _ => "",
        };
        Console.WriteLine($"{name + ", " + unit,-52} {median,10:0.00} {sorted[0],10:0.00} {sorted[^1],10:0.00}   {goal}".TrimEnd());
    }

    /// <summary>Also says which logs are not diagnosed as they were made: a fast wrong answer is worth nothing.</summary>
    private async Task WarmAsync(LogDiagnoser embedded, IEnumerable<LogDiagnoser> others, string log)
    {
        var wrong = new List<string>();
        foreach (var (file, id) in expected)
        {
            var found = (await DiagnoseAsync(embedded, file)).Diagnoses[0].FailureId;
            if (found != id)
                wrong.Add($"\n  {Path.GetFileName(file)}: {found}, not {id}");
        }
        Console.WriteLine($"{expected.Count - wrong.Count} of {expected.Count} logs diagnosed as they were made{string.Concat(wrong.Take(5))}");
        foreach (var other in others)
            for (var i = 0; i < 5; i++)
                await DiagnoseAsync(other, log);
    }

    private static async Task<double> InProcessAsync(LogDiagnoser diagnoser, string log, int repeats)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < repeats; i++)
            await DiagnoseAsync(diagnoser, log);
        return watch.Elapsed.TotalMilliseconds / repeats;
    }

    private static async Task<LogReport> DiagnoseAsync(LogDiagnoser diagnoser, string log)
    {
        await using var stream = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, FileOptions.SequentialScan);
        return await diagnoser.DiagnoseAsync(stream, JobFacts.None, CancellationToken.None);
    }

    private static double WholeProcess(string program, IReadOnlyList<string> arguments)
    {
        var watch = Stopwatch.StartNew();
        using var process = Start(program, arguments);
        process.WaitForExit();
        var elapsed = watch.Elapsed.TotalMilliseconds;
        return process.ExitCode is 0 or 3 ? elapsed : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    /// <summary>The kernel's own high-water mark, read until the process is gone.</summary>
    private double PeakMegabytes(IReadOnlyList<string> arguments)
    {
        using var process = Start(qmoi, arguments);
        var kilobytes = 0.0;
        while (!process.WaitForExit(2))
            try
            {
                var line = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
                kilobytes = line is null ? kilobytes : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It ended between the two.
            }
        return kilobytes * 1024 / Mega;
    }

    // The shell is replaced by the program, whose output then goes nowhere, read by nobody.
    private static Process Start(string program, IReadOnlyList<string> arguments) =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" > /dev/null", program, .. arguments]) { UseShellExecute = false })!;

    /// <summary>As rg reads them: no named groups (names repeat between patterns), no escaped quotes. Word boundaries are ASCII's: with Unicode's it is a thousand times slower past the first letter that is not ASCII.</summary>
    private string WritePatterns()
    {
        var patterns = Catalogue.Embedded.Entries.SelectMany(entry => entry.Signatures).Select(signature => signature.Pattern).Distinct(StringComparer.Ordinal)
            .Select(pattern => Regex.Replace(pattern, @"\(\?<\w+>|\\.", found => found.Value switch { ['(', ..] => "(?:", "\\'" or "\\\"" => found.Value[1..], "\\b" => @"(?-u:\b)", _ => found.Value }, RegexOptions.None, TimeSpan.FromSeconds(1))).ToList();
        var kept = patterns.Where(IsKnownToRg).ToList();
        Console.WriteLine($"{Catalogue.Embedded.Entries.Count} entries, {patterns.Count} different patterns, of which rg cannot compile {patterns.Count - kept.Count}: left out of its file");
        var file = Path.Combine(temporary, "patterns");
        File.WriteAllLines(file, kept);
        return file;

        static bool IsKnownToRg(string pattern)
        {
            using var rg = Process.Start(new ProcessStartInfo("rg", ["-e", pattern, "/dev/null"]) { RedirectStandardError = true, UseShellExecute = false })!;
            rg.StandardError.ReadToEnd();
            rg.WaitForExit();
            return rg.ExitCode < 2;
        }
    }

    private string Log(string name, long bytes, int seed, bool isGitLab)
    {
        var file = Path.Combine(temporary, name);
        expected[file] = LogGenerator.Write(file, bytes, seed, isGitLab);
        return file;
    }

    private void Add(string name, double value) => (results.TryGetValue(name, out var list) ? list : results[name] = []).Add(value);

    private static double Length(string file) => new FileInfo(file).Length;
}
