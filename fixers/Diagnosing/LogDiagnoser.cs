using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Diagnosing;

/// <summary>Finds the root cause in a job log. Reads it once, in memory that does not grow with it; safe to use from many threads.</summary>
public sealed partial class LogDiagnoser(Catalogue catalogue)
{
    private const int MostMatches = 500;
    private const int MostRootLines = 10;
    private const int MostEvidence = 20;
    private const int MostRemembered = MostRootLines + 3;
    private const int MostText = 1000;

    // Sure to run after the cause, whatever they print.
    private const string WrapperId = "generic-exit-code";

    private static readonly SearchValues<string> ErrorWords = SearchValues.Create(
        ["error", "fatal", "failed", "failure", "exception", "panic", "cannot ", "can't ", "not found", "no such", "denied", "unable to", "undefined", "invalid", "traceback", "abort", "missing"],
        StringComparison.OrdinalIgnoreCase);

    private readonly SearchValues<string> _keywords = SearchValues.Create([.. catalogue.Entries.SelectMany(entry => entry.Signatures).SelectMany(signature => signature.Keywords).Distinct(StringComparer.Ordinal)], StringComparison.Ordinal);

    public async Task<LogReport> DiagnoseAsync(Stream log, JobFacts job, CancellationToken ct)
    {
        var reader = new JobLog(log);
        var redactor = new Redactor();
        var scan = new Scan();
        await foreach (var line in reader.ReadAsync(ct))
        {
            var clean = line with { Text = redactor.Redact(line.Text) };
            scan.Step(clean);
            if (!scan.IsAftermath)
                Match(clean, scan);
        }

        return new LogReport(reader.Lines, reader.Bytes, Choose(scan, job));
    }

    private void Match(JobLogLine line, Scan scan)
    {
        if (line.Text.Length == 0)
            return;
        if (line.Text.AsSpan().ContainsAny(_keywords) && !line.IsEcho && line.Level is not (LogLevel.Group or LogLevel.Debug))
        {
            var text = WithoutToolPrefix(line.Text);
            foreach (var entry in catalogue.Entries)
            {
                for (var index = 0; index < entry.Signatures.Count; index++)
                {
                    var captures = entry.Signatures[index].Match(line.Text) ?? (text is null ? null : entry.Signatures[index].Match(text));
                    if (captures is null)
                        continue;
                    scan.Found(entry, index, line, captures);
                    break;
                }
            }
        }

        scan.Guess(line);
        scan.Remember(line);
    }

    // BuildKit puts "#12 3.456 " before every line of a step.
    private static string? WithoutToolPrefix(string text) => text[0] == '#' && BuildKit().Match(text) is { Success: true } prefix ? text[prefix.Length..] : null;

    private IReadOnlyList<Diagnosis> Choose(Scan scan, JobFacts job)
    {
        var segment = scan.FailedSegment;
        var facts = job with { FailedCommand = job.FailedCommand ?? Printable(segment.Command), Forge = job.Forge ?? scan.Forge };
        var hits = Ranked(segment.Hits);
        var earlier = Ranked(scan.Earlier).Where(hit => !segment.Hits.ContainsKey(hit.Entry.Id) && hit.Entry.Id != WrapperId).ToList();
        var chosen = new List<Diagnosis>();
        foreach (var hit in hits.Where(hit => hit.Entry.Id != WrapperId))
            chosen.Add(Build(hit, facts, 1));

        // A command that did not fail the job was tolerated, so what it printed is a guess at best.
        if (chosen.Count == 0 && segment.Guess is null)
            chosen.AddRange(earlier.Select(hit => Build(hit, facts, 0.6)));
        if (chosen.Count == 0 && segment.Guess is { } guess)
            chosen.Add(Unrecognised(guess, facts));
        if (hits.Find(hit => hit.Entry.Id == WrapperId) is { } wrapper)
            chosen.Add(Build(wrapper, facts, 1));
        if (chosen.Count == 0)
            chosen.Add(Unrecognised(scan.LastLines, facts));
        return [.. chosen.Take(10)];
    }

    private static List<Hit> Ranked(Dictionary<string, Hit> hits)
    {
        var causes = hits.Values.Where(hit => hit.IsCause).ToList();
        var firstOfTools = causes.Where(hit => !IsInfrastructure(hit.Entry) && hit.Entry.Id != WrapperId).Select(hit => hit.FirstLine).DefaultIfEmpty(int.MaxValue).Min();
        return [.. causes.OrderByDescending(hit => Weight(hit, firstOfTools)).ThenBy(hit => hit.Root.Line)];
    }

    private static int Weight(Hit hit, int firstOfTools) =>
        hit.Entry.Priority + (IsInfrastructure(hit.Entry) && hit.FirstLine < firstOfTools && !hit.IsRetried ? 100 : 0);

    // Connection resets and 5xx lines without a tool's name also stand in the output of tests that pass.
    private static bool IsInfrastructure(CatalogueEntry entry) => entry.Category switch
    {
        FailureCategory.Infrastructure or FailureCategory.Resource => true,
        FailureCategory.Network => entry.Priority >= 60,
        _ => false,
    };

    private static Diagnosis Build(Hit hit, JobFacts facts, double share)
    {
        var entry = hit.Entry;
        var root = hit.Root;
        var captures = new Dictionary<string, string>(root.Captures, StringComparer.Ordinal);
        foreach (var (name, value) in hit.Matches.SelectMany(match => match.Captures))
            captures.TryAdd(name, value);
        return new Diagnosis
        {
            FailureId = entry.Id,
            Title = entry.Title,
            Category = entry.Category,
            IsTransient = entry.IsTransient,
            Confidence = Math.Round(Confidence(entry) * share, 2),
            RootCause = new LogRange(root.Line, hit.EndLine, root.Text),
            Captures = captures,
            Matches = hit.Matches,
            Action = entry.Action,
            Summary = Fill(entry.Summary, captures),
            Next = Fill(entry.Next, captures),
            Evidence = Evidence(hit.Context, root.Line, hit.EndLine),
            FailureSignature = SignatureOf(entry.Id, root.Text),
            MayChange = entry.MayChange,
            MayBeAutomatic = entry.MayBeAutomatic,
            Job = facts,
        };
    }

    private static double Confidence(CatalogueEntry entry) => entry.Priority switch
    {
        >= 80 => 0.97,
        >= 65 => 0.94,
        >= 55 => 0.9,
        >= 40 => 0.85,
        _ => 0.3,
    };

    private static Diagnosis Unrecognised(IReadOnlyList<LogLine> lines, JobFacts facts)
    {
        // The context before the guess stands in the list as well; the guess is what looks like an error, or all of it.
        var root = lines.Where(line => Located().IsMatch(line.Text)).Take(1).ToList();
        if (root.Count == 0)
            root = [.. lines.Where(line => Thrown().IsMatch(line.Text)).TakeLast(1)];
        if (root.Count == 0)
            root = [.. lines.Where(line => line.Text.AsSpan().ContainsAny(ErrorWords) && !IsConsequence(line.Text) && !line.Text.StartsWith("$ ", StringComparison.Ordinal))];
        if (root.Count == 0)
            root = [.. lines.TakeLast(1)];
        var first = root.Count > 0 ? root[0] : new LogLine(1, "");
        var last = root.Count > 0 ? root.FindLast(line => line.Number < first.Number + MostRootLines)! : first;
        return new Diagnosis
        {
            FailureId = Diagnosis.UnrecognisedId,
            Title = "Failure not recognised",
            Category = FailureCategory.Unknown,
            IsTransient = false,
            Confidence = root.Exists(line => line.Text.AsSpan().ContainsAny(ErrorWords)) ? 0.4 : 0.2,
            RootCause = new LogRange(first.Number, last.Number, Printable(first.Text)!),
            Action = FailureAction.Llm,
            Summary = "No known failure matches this log; the lines shown are the likeliest cause.",
            Next = "Read the lines shown and the command they come from.",
            Evidence = Evidence(lines, first.Number, last.Number),
            FailureSignature = SignatureOf(Diagnosis.UnrecognisedId, first.Text),
            Job = facts,
        };
    }

    private static IReadOnlyList<LogLine> Evidence(IReadOnlyList<LogLine> context, int line, int endLine) =>
        [.. context.Where(near => near.Number >= line - 3 && near.Number <= endLine + 3).Take(MostEvidence).Select(near => near with { Text = Printable(near.Text)! })];

    private static string Fill(string template, Dictionary<string, string> captures) =>
        Placeholder().Replace(template, match => captures.TryGetValue(match.Groups["name"].Value, out var value) ? value : "?");

    private static string? Printable(string? text)
    {
        if (text is null)
            return null;
        var line = text.Replace('\t', ' ');
        return line.Length <= MostText ? line : line[..(char.IsHighSurrogate(line[MostText - 1]) ? MostText - 1 : MostText)];
    }

    // The runner's and the build tools' last words say that something failed, never what.
    private static bool IsConsequence(string text) =>
        text.StartsWith("ERROR: Job failed", StringComparison.Ordinal) || text.StartsWith("Process completed with exit code", StringComparison.Ordinal) || Wrapper().IsMatch(text);

    private static string SignatureOf(string id, string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{id}\n{Normalised(text)}")))[..16];

    private static string Normalised(string text)
    {
        text = Hashes().Replace(text, "#");
        text = Folders().Replace(text, "");
        return Numbers().Replace(text, "0").Trim();
    }

    [GeneratedRegex(@"^\s*(?:g?make(?:\[\d+\])?: \*\*\*|ninja: build stopped|cc1(?:plus)?: all warnings|collect2: |npm (?:ERR!|error) (?:Lifecycle script|A complete log|path|workspace|location|command |code ELIFECYCLE|errno)|error: could not compile|\[ERROR\] (?:Failed to execute goal|-> |To see|Re-run|For more|$)|The command .* (?:exited with|returned a non-zero)|Executing the custom container implementation failed|Done\. Your build exited with|travis_fold:|BUILD FAILED|FAILURE: Build failed|\[ERROR\] \[Help|\d+ errors?(?: generated)?\.?$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Wrapper();

    // gcc, clang, javac, shellcheck, clang-format and many more: file:line: error.
    [GeneratedRegex(@"^[^\s:]+:\d+(?::\d+)?:? (?:fatal )?error\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Located();

    // The last line of a traceback.
    [GeneratedRegex(@"^(?:[\w.$]+)?(?:Error|Exception)(?:: |$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Thrown();

    [GeneratedRegex(@"^#\d+ (?:\d+\.\d+ )?", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BuildKit();

    [GeneratedRegex(@"\{(?<name>[a-z_]+)\}", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{7,64})\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hashes();

    // Where a checkout lies differs between runners; the file's name does not.
    [GeneratedRegex(@"(?<![\w.:/])(?:/[\w.@+-]+)+/|\b[A-Za-z]:\\(?:[\w.@+-]+\\)+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Folders();

    [GeneratedRegex(@"\b\d+(?:\.\d+)*(?:ms|s|m)?\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Numbers();

    /// <summary>What one entry matched inside one part of the log.</summary>
    private sealed class Hit(CatalogueEntry entry)
    {
        private readonly List<LogLine> _context = [];
        private readonly List<SignatureMatch> _run = [];
        private int _rootSignature = int.MaxValue;

        public CatalogueEntry Entry => entry;
        public List<SignatureMatch> Matches { get; } = [];
        public SignatureMatch Root { get; private set; } = new(0, "", new Dictionary<string, string>(StringComparer.Ordinal));
        public int EndLine { get; private set; }
        public int FirstLine { get; private set; } = int.MaxValue;
        public bool IsCause { get; private set; }
        public bool IsRetried { get; private set; }
        public IReadOnlyList<LogLine> Context => _context;
        public int WantsUntil => EndLine + 3;

        public void Add(int signature, SignatureMatch match, IEnumerable<LogLine> before)
        {
            if (Matches.Count < MostMatches)
                Matches.Add(match);
            if (_run.Count > 0 && _run[^1].Line < match.Line - 1)
                _run.Clear();
            if (_run.Count == MostRootLines)
                _run.RemoveAt(0);
            _run.Add(match);
            if (entry.Signatures[signature].IsDetail)
                return;
            FirstLine = Math.Min(FirstLine, match.Line);
            if (IsCause && match.Line == EndLine + 1 && match.Line < Root.Line + MostRootLines && !IsBetter(signature))
            {
                EndLine = match.Line;
                return;
            }

            if (IsCause && !IsBetter(signature))
                return;
            IsCause = true;
            IsRetried = match.Text.Contains("retry", StringComparison.OrdinalIgnoreCase) || match.Text.Contains("warn", StringComparison.OrdinalIgnoreCase);
            _rootSignature = signature;
            // The details directly above belong to the cause: the files above the line that counts them.
            Root = _run[0] with { Captures = match.Captures };
            EndLine = match.Line;
            _context.Clear();
            _context.AddRange(before);
        }

        public void Keep(LogLine line)
        {
            if (IsCause && line.Number >= EndLine && line.Number <= WantsUntil && _context.Count < MostRemembered + MostEvidence)
                _context.Add(line);
        }

        private bool IsBetter(int signature) => signature < _rootSignature || (signature == _rootSignature && entry.IsLastMatchCause);
    }

    /// <summary>The lines of one script command or step.</summary>
    private sealed class Segment(string? command)
    {
        private readonly List<LogLine> _located = [];
        private readonly List<LogLine> _cluster = [];
        private readonly Queue<LogLine> _tail = new();

        public string? Command { get; set; } = command;
        public bool HasError { get; set; }
        public bool HasExitCode { get; set; }
        public Dictionary<string, Hit> Hits { get; } = new(StringComparer.Ordinal);

        /// <summary>The first error with a place in a file or reported to the runner; else the last lines that look like errors; else the last lines.</summary>
        public IReadOnlyList<LogLine>? Guess => _located.Count > 0 ? _located : _cluster.Count > 0 ? _cluster : _tail.Count > 0 ? [.. _tail] : null;

        public void AddErrorLike(LogLine line, bool isReported, IReadOnlyCollection<LogLine> before)
        {
            AddTail(line);
            if (_located.Count == 0 && (isReported || Located().IsMatch(line.Text)))
                _located.AddRange([.. before.TakeLast(3), line]);
            if (_cluster.Count == 0 || line.Number > _cluster[^1].Number + 2)
            {
                _cluster.Clear();
                _cluster.AddRange(before.TakeLast(3));
            }

            if (_cluster.Count < MostEvidence)
                _cluster.Add(line);
        }

        public void AddTail(LogLine line)
        {
            _tail.Enqueue(line);
            if (_tail.Count > 3)
                _tail.Dequeue();
        }
    }

    private sealed class Scan
    {
        private readonly Queue<LogLine> _recent = new();
        private Segment _current = new(null);
        private Segment? _failed;
        private bool _hasColouredEcho;
        private bool _isInHeader;
        private bool _isGitHub;
        private bool _isGitLab;

        public Dictionary<string, Hit> Earlier { get; } = new(StringComparer.Ordinal);
        public IReadOnlyList<LogLine> LastLines => [.. _recent];
        public string? Forge => _isGitHub ? "github" : _isGitLab ? "gitlab" : null;

        /// <summary>After the script: what fails there does not fail the job.</summary>
        public bool IsAftermath { get; private set; }

        public Segment FailedSegment
        {
            get
            {
                if (_failed is null)
                    return _current;
                return !_failed.HasExitCode && _current.HasExitCode ? _current : _failed;
            }
        }

        public void Step(JobLogLine line)
        {
            _isGitLab |= line.Section is not null || line.IsEcho;
            _hasColouredEcho |= line.IsEcho;
            _isGitHub |= line.Level is LogLevel.Group or LogLevel.EndGroup;
            IsAftermath = IsAfterScript(line);
            if (IsAftermath)
                return;
            // The header of a step repeats its script and environment.
            var isHeader = line.Level == LogLevel.Group && line.Text.StartsWith("Run ", StringComparison.Ordinal);
            _isInHeader = isHeader || (_isInHeader && line.Level is not (LogLevel.EndGroup or LogLevel.Group or LogLevel.Error));
            if (isHeader)
                Next(line.Text[4..]);
            else if (_isGitHub && line.Text == "Post job cleanup.")
                Next(null);
            else if (line.IsEcho || (!_hasColouredEcho && line.Text.StartsWith("$ ", StringComparison.Ordinal)))
                Next(line.Text[2..]);
            if (line.Level == LogLevel.Error)
            {
                _current.HasError = true;
                _current.HasExitCode |= line.Text.StartsWith("Process completed with exit code", StringComparison.Ordinal);
            }
        }

        public void Found(CatalogueEntry entry, int signature, JobLogLine line, IReadOnlyDictionary<string, string> captures)
        {
            if (!_current.Hits.TryGetValue(entry.Id, out var hit))
                _current.Hits[entry.Id] = hit = new Hit(entry);
            hit.Add(signature, new SignatureMatch(line.Number, Printable(line.Text)!, Printed(captures)), _recent);
        }

        public void Guess(JobLogLine line)
        {
            if (_isInHeader || line.IsEcho || line.Level == LogLevel.EndGroup || (line.Text.StartsWith("$ ", StringComparison.Ordinal) && line.Text[2..] == _current.Command) || IsConsequence(line.Text))
                return;
            var plain = new LogLine(line.Number, line.Text);
            if (line.Level == LogLevel.Error || line.Text.AsSpan().ContainsAny(ErrorWords))
                _current.AddErrorLike(plain, isReported: line.Level == LogLevel.Error, _recent);
            else
                _current.AddTail(plain);
        }

        public void Remember(JobLogLine line)
        {
            var plain = new LogLine(line.Number, line.Text);
            foreach (var hit in _current.Hits.Values)
                hit.Keep(plain);
            _recent.Enqueue(plain);
            if (_recent.Count > MostRemembered)
                _recent.Dequeue();
        }

        private void Next(string? command)
        {
            // The first step that fails is the cause; later steps with if: always() fail after it.
            if (_current.HasError && (_failed is null || (!_failed.HasExitCode && _current.HasExitCode)))
                _failed = _current;
            foreach (var (id, hit) in _current.Hits)
                Earlier[id] = hit;
            _current = new Segment(command);
        }

        private bool IsAfterScript(JobLogLine line)
        {
            // The runner's last word closes whatever was open.
            if (line.Text.StartsWith("ERROR: Job failed", StringComparison.Ordinal))
                return false;
            if (line.Section is not null)
                return line.Section is "after_script" or "archive_cache" or "cleanup_file_variables" || line.Section.StartsWith("upload_artifacts", StringComparison.Ordinal) || line.Section.StartsWith("archive_cache", StringComparison.Ordinal);
            if (line.Text is "Running after_script" or "Running after script..." or "Uploading artifacts for failed job" or "Cleaning up project directory and file based variables")
                return true;
            return IsAftermath;
        }

        private static Dictionary<string, string> Printed(IReadOnlyDictionary<string, string> captures) =>
            captures.ToDictionary(capture => capture.Key, capture => Printable(capture.Value)!, StringComparer.Ordinal);
    }
}
