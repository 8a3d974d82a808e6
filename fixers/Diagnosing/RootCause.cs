namespace QMoi.Fixers.Diagnosing;

/// <summary>Chooses among everything that was found: what failed the job first, and what only followed from it.</summary>
internal static class RootCause
{
    private const int MostDiagnoses = 6;

    // Exit codes: of timeout(1), and of a process that the kernel killed.
    private const int TimedOut = 124;
    private const int Killed = 137;
    private const int MostEvidence = 20;
    private const int LongestCapture = 200;

    // The only entry that says no more than that the job failed.
    private const string FallbackId = "generic-exit-code";

    // A signal of the infrastructure counts before the first error of a tool, not long before it: a download that was tried again is over by then.
    private const int InfrastructureReach = 120;

    // On the scale of priorities: below every line that looks like an error.
    private const int Consequence = 8;

    private const int NearBefore = 20;
    private const int Specific = 60;

    // Above what only looks like an error in the failed part, below what is known to be one.
    private const int Before = 45;

    // What stands this near the end of the part that failed is as likely as anything there.
    private const int NearEnd = 200;

    internal static IReadOnlyList<Diagnosis> Choose(LogScan scan, JobFacts job, LineTemplates? passed)
    {
        var structure = scan.Structure;
        var command = job.FailedCommand ?? structure.FailedCommand ?? structure.LastCommand;
        var facts = job with { FailedCommand = Redactor.RedactOrNull(command), Forge = job.Forge ?? (structure.IsGitHub ? "github" : structure.IsGitLab ? "gitlab" : null) };
        var end = EndOfFailure(scan);
        var candidates = Candidates(scan, end);
        var causes = Rank([.. candidates.Where(candidate => candidate.CanBeCause && candidate.Entry.Id != FallbackId)]);
        var guesses = structure.HasSucceeded ? [] : Guesses(scan, passed);
        foreach (var candidate in causes)
        {
            // Where both mean the same lines, the name is worth more than the guess.
            var matched = scan.Hits(candidate.Index)!.Matches.Where(match => match.Segment == candidate.Part.Segment).Select(match => match.Match.Line).ToHashSet();
            var same = guesses.Where(guess => candidate.Part.IsConsequence
                ? matched.Contains(guess.Line)
                : matched.Contains(guess.Line) || (guess.First <= candidate.Cause.Last && candidate.Cause.First <= guess.Last)).Select(guess => guess.Weight);
            candidate.Score = same.Append(candidate.Score).Max();
        }

        causes = [.. causes.OrderByDescending(candidate => candidate.Score)];
        List<Diagnosis> diagnoses = [];
        var next = 0;
        foreach (var candidate in causes)
        {
            while (next < guesses.Count && guesses[next].Weight > candidate.Score)
                Add(Describe(scan, guesses[next++], facts));
            Add(Describe(scan, candidate, facts));
        }

        while (next < guesses.Count)
            Add(Describe(scan, guesses[next++], facts));

        if (candidates.Find(candidate => candidate.Entry.Id == FallbackId) is { CanBeCause: true } fallback)
            Add(Describe(scan, fallback, facts));
        foreach (var candidate in Rank([.. candidates.Where(candidate => !candidate.CanBeCause)]))
            Add(Describe(scan, candidate, facts) with { Confidence = 0.05 });
        // What a job that passed printed is at best something to know.
        if (structure.HasSucceeded || diagnoses.Count == 0)
            diagnoses.Insert(0, Nothing(facts));

        return [.. diagnoses.Take(MostDiagnoses)];

        void Add(Diagnosis diagnosis)
        {
            // The same lines are told once, under the best name for them.
            if (!diagnoses.Exists(other => other.FailureId == diagnosis.FailureId && (diagnosis.FailureId != Diagnosis.UnrecognisedId || Overlap(other.RootCause, diagnosis.RootCause))
                    || (diagnosis.FailureId == Diagnosis.UnrecognisedId && Overlap(other.RootCause, diagnosis.RootCause))))
                diagnoses.Add(diagnosis);
        }
    }

    private static bool Overlap(LogRange one, LogRange other) => one.Line <= other.EndLine && other.Line <= one.EndLine;

    private static int EndOfFailure(LogScan scan)
    {
        var part = scan.Structure.FailedSegment ?? scan.Structure.FirstWithErrors;
        return part is null || part.LastLine == int.MaxValue ? scan.Lines : part.LastLine;
    }

    private static List<Guess> Guesses(LogScan scan, LineTemplates? passed)
    {
        var structure = scan.Structure;
        var parts = structure.FailedSegment is { } failed ? [failed] : structure.FirstWithErrors is { } withErrors ? [withErrors] : scan.Recent.Reverse().ToList();
        List<Guess> guesses = [];
        var later = 0;
        foreach (var part in parts)
        {
            // Without a word of the runner the last part is the likeliest.
            guesses.AddRange(Guess.In(part, passed).Select(guess => guess with { Weight = guess.Weight - later }));
            later += 8;
        }

        return [.. guesses.OrderByDescending(guess => guess.Weight).Take(3)];
    }

    private static List<Candidate> Candidates(LogScan scan, int end)
    {
        List<Candidate> candidates = [];
        var structure = scan.Structure;
        for (var entry = 0; entry < scan.Entries.Count; entry++)
        {
            if (scan.Hits(entry) is not { } hits)
                continue;

            Candidate? best = null;
            foreach (var part in hits.Parts.Where(part => part.IsEstablished))
            {
                var candidate = new Candidate(scan.Entries[entry], entry, part, CanBeCause(structure, part, Candidate.IsOfInfrastructure(scan.Entries[entry]) && scan.Entries[entry].Priority >= Specific)) { End = end, IsBefore = structure.HasFailed && part.Segment != structure.FailedSegment && part.Segment.Kind is SegmentKind.Script or SegmentKind.Setup };
                if (best is null || (candidate.CanBeCause && !best.CanBeCause) || (candidate.CanBeCause && !structure.HasFailed && candidate.Part.Segment.HasErrors && !best.Part.Segment.HasErrors))
                    best = candidate;
            }

            if (best is not null)
                candidates.Add(best);
        }

        return candidates;
    }

    private static bool CanBeCause(LogStructure structure, SegmentHits part, bool isSpecific)
    {
        if (structure.HasSucceeded)
            return false;

        if (part.Segment.Kind == SegmentKind.Job || part.Segment == structure.FailedSegment)
            return true;

        // A clone or download that failed and did not end the job itself is why the next command does.
        if (isSpecific && structure.FailedSegment is { } failed && part.Segment.Kind != SegmentKind.After && failed.FirstLine - part.LastCluster!.Last is >= 0 and <= NearBefore)
            return true;

        // Before the first step GitHub prepares the job: an error there is the end of it.
        if (structure.FailedSegment is { Kind: SegmentKind.Script or SegmentKind.Setup })
            return part.HasError && part.Segment.Kind == SegmentKind.Plain;

        if (structure.HasErrors && !structure.HasFailed)
            return part.HasError || part.Segment.HasErrors;

        return part.Segment.Kind != SegmentKind.After;
    }

    private static List<Candidate> Rank(List<Candidate> candidates)
    {
        var firstToolError = candidates.Where(candidate => !candidate.IsInfrastructure && !candidate.Part.IsWarningOnly && candidate.Entry.Priority >= 40)
            .Select(candidate => candidate.FirstLine).DefaultIfEmpty(int.MaxValue).Min();
        foreach (var candidate in candidates)
            candidate.Score = ScoreOf(candidate, firstToolError);

        return
        [
            .. candidates
                .OrderByDescending(candidate => candidate.Score)
                .ThenBy(candidate => candidate.FirstLine)
                .ThenBy(candidate => candidate.Entry.Id, StringComparer.Ordinal),
        ];
    }

    private static double ScoreOf(Candidate candidate, int firstToolError)
    {
        double score = candidate.Part.IsConsequence ? Math.Min(Consequence, candidate.Entry.Priority) : candidate.Entry.Priority;
        if (candidate.Part.IsWarningOnly)
            score -= 60;

        if (candidate.IsBefore)
            return Math.Min(score, Before);

        if (candidate.IsInfrastructure && firstToolError != int.MaxValue && candidate.FirstLine < firstToolError && firstToolError - candidate.FirstLine <= InfrastructureReach)
            score += 60;

        // The last match counts: what was printed long before the end did not end the job.
        var distance = candidate.End - candidate.Part.LastCluster!.Last;
        var slope = candidate.Entry.Category is FailureCategory.Test or FailureCategory.Compile or FailureCategory.LintFormat ? 2 : 6;
        return distance <= NearEnd ? score : score - (slope * Math.Log2((double)distance / NearEnd));
    }

    private static Diagnosis Nothing(JobFacts facts) => new()
    {
        FailureId = Diagnosis.UnrecognisedId,
        Title = "Not a known failure",
        Category = FailureCategory.Unknown,
        IsTransient = false,
        Confidence = 0.02,
        RootCause = new LogRange(1, 1, ""),
        Action = FailureAction.Explain,
        Summary = "The log does not say that anything failed.",
        Next = "Look at the job's own page for the reason that its runner gave.",
        FailureSignature = FailureHash.Of(Diagnosis.UnrecognisedId, ""),
        Job = facts,
    };

    private static Diagnosis Describe(LogScan scan, Guess guess, JobFacts facts)
    {
        var evidence = Redacted(guess.Lines);
        var category = scan.Structure.ExitCode switch { TimedOut => FailureCategory.Timeout, Killed => FailureCategory.Resource, _ => guess.Category };
        return new Diagnosis
        {
            FailureId = Diagnosis.UnrecognisedId,
            Title = "Not a known failure",
            Category = category,
            IsTransient = false,
            // What compilers, linters and settings say does not come and go.
            MayBeTransient = category is FailureCategory.Test or FailureCategory.Timeout or FailureCategory.Network or FailureCategory.Infrastructure or FailureCategory.Resource or FailureCategory.Unknown,
            Confidence = Confidence.Of(guess, scan.Structure),
            RootCause = new LogRange(guess.First, guess.Last, Cause(guess.Text, guess.Lines, evidence)),
            Action = FailureAction.Llm,
            Summary = guess.Weight < 10 ? "The job failed and its log does not say why; the quoted lines are its last words." : "The job failed in a way that is not in the catalogue; the quoted lines most likely say why.",
            Next = "Read the quoted lines and the command above them.",
            Evidence = evidence,
            FailureSignature = FailureHash.Of(Diagnosis.UnrecognisedId, guess.Text),
            Job = facts,
        };
    }

    private static Diagnosis Describe(LogScan scan, Candidate candidate, JobFacts facts)
    {
        var entry = candidate.Entry;
        var cluster = candidate.Cause;
        var captures = candidate.Part.Captures.ToDictionary(pair => pair.Key, pair => Shown(Short(pair.Value)), StringComparer.Ordinal);
        var matches = scan.Hits(candidate.Index)!.Matches.Where(match => match.Segment == candidate.Part.Segment)
            .Select(match => new SignatureMatch(match.Match.Line, Shown(match.Match.Text), Redacted(match.Match.Captures))).ToList();
        IReadOnlyList<LogLine> lines = [.. cluster.Lines.Take(MostEvidence).Select(line => line.Read())];
        var evidence = Redacted(lines);
        return new Diagnosis
        {
            FailureId = entry.Id,
            Title = entry.Title,
            Category = entry.Category,
            IsTransient = entry.Transient == Transience.Yes,
            MayBeTransient = entry.Transient == Transience.Maybe,
            MaxRetries = entry.MaxRetries,
            RetryWaits = entry.RetryWaits,
            Confidence = Confidence.Of(candidate, scan.Structure),
            RootCause = new LogRange(cluster.First, cluster.Last, Cause(cluster.Text, lines, evidence)),
            Captures = captures,
            Matches = matches,
            Action = entry.Action,
            Summary = Sentence(entry.Summary, captures),
            Next = Sentence(entry.Next, captures),
            Evidence = evidence,
            FailureSignature = FailureHash.Of(entry, candidate.Part.Captures, cluster.Text),
            MayChange = entry.MayChange,
            MayBeAutomatic = entry.MayBeAutomatic,
            Job = facts,
        };
    }

    private static string Sentence(IReadOnlyList<string> sentences, Dictionary<string, string> captures) =>
        sentences.Select(sentence => Template.Fill(sentence, captures)).FirstOrDefault(sentence => sentence is not null) ?? sentences[^1];

    /// <summary>As the evidence shows the line: half of a secret that goes on in the next line is only known together with it.</summary>
    private static string Cause(string text, IReadOnlyList<LogLine> lines, IReadOnlyList<LogLine> evidence)
    {
        text = text.Trim();
        var shown = Shown(text);
        foreach (var (line, redacted) in lines.Zip(evidence))
            if (line.Text.Trim() == text && redacted.Text.Trim() is var whole && whole != shown)
                return whole;
        return shown;
    }

    private static IReadOnlyList<LogLine> Redacted(IReadOnlyList<LogLine> lines)
    {
        var texts = Redactor.Redact([.. lines.Select(line => line.Text)]);
        return [.. lines.Select((line, at) => new LogLine(line.Number, texts[at].Replace('\t', ' ')))];
    }

    private static Dictionary<string, string> Redacted(IReadOnlyDictionary<string, string> captures) =>
        captures.ToDictionary(pair => pair.Key, pair => Shown(pair.Value), StringComparer.Ordinal);

    private static string Shown(string text) => Redactor.Redact(text).Replace('\t', ' ');

    private static string Short(string value) => value.Length <= LongestCapture ? value : value[..LongestCapture];
}

/// <summary>An entry that matched, in the part of the log where it most likely is the cause.</summary>
internal sealed record Candidate(CatalogueEntry Entry, int Index, SegmentHits Part, bool CanBeCause)
{
    // Lines that only support an entry may lie far above the line that establishes it, and have nothing to do with it.
    private const int FarthestSupport = 200;

    internal required int End { get; init; }

    /// <summary>It stands in a part before the one that failed.</summary>
    internal bool IsBefore { get; init; }

    internal double Score { get; set; }

    internal bool IsInfrastructure => IsOfInfrastructure(Entry);

    internal static bool IsOfInfrastructure(CatalogueEntry entry) => entry.Category is FailureCategory.Network or FailureCategory.Infrastructure or FailureCategory.Resource && entry.Transient != Transience.No;

    internal Cluster Cause
    {
        get
        {
            if (Entry.LastMatchIsCause || IsTriedAgain)
                return Part.LastCluster!;

            if (Part.FirstMarked is { } marked)
                return marked;

            var first = Part.FirstCluster!;
            var established = Part.FirstEstablished!;
            return first.IsEstablished || established.First - first.Last <= FarthestSupport ? first : established;
        }
    }

    // The same words from a server or a runner again: the last attempt ended the job.
    private bool IsTriedAgain => Entry.Category is FailureCategory.Vcs or FailureCategory.Network or FailureCategory.Infrastructure or FailureCategory.AuthSecret
        && Part.LastCluster!.IsEstablished && Part.LastCluster.Text == Part.FirstEstablished!.Text;

    internal int FirstLine => Cause.First;
}
