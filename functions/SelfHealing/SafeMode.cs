using QMoi.Forges;

namespace QMoi.Functions.SelfHealing;

/// <summary>What is wrong with the bot's own files, and what is used instead.</summary>
public sealed record SafeModeFinding(string Wrong, string Instead)
{
    public override string ToString() => $"{Wrong}; {Instead}";
}

/// <summary>
/// The bot runs although something of its own is broken, with the last good version of it. Empty in good times. Shown by the log, <c>/readyz</c> and
/// <c>qmoi doctor</c>.
/// </summary>
/// <remarks>
/// In safe mode the bot works as always: the settings it falls back to were checked and in force until the file broke, and what a repository allows is read from
/// its own <c>.qmoi.yml</c> each time. What it must not do is make the broken state the good one: a last good copy is only ever replaced by a file that was used,
/// a backup only counts when it passed its check, and what is damaged is kept.
/// </remarks>
public sealed partial class SafeMode : IForgeAlarms
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, SafeModeFinding> findings = new(StringComparer.Ordinal);
    private ILogger? log;

    /// <summary>Sorted by what they are about.</summary>
    public IReadOnlyList<SafeModeFinding> Findings
    {
        get
        {
            lock (gate)
                return [.. findings.Values];
        }
    }

    /// <param name="about">What it is about, such as <c>settings</c>; a later finding about the same replaces the earlier one.</param>
    public void Set(string about, string wrong, string instead)
    {
        var finding = new SafeModeFinding(wrong, instead);
        lock (gate)
        {
            if (findings.TryGetValue(about, out var known) && known == finding)
                return;
            findings[about] = finding;
            if (log is not null)
                Log.Finding(log, finding);
        }
    }

    public void Clear(string about)
    {
        lock (gate)
            findings.Remove(about);
    }

    void IForgeAlarms.Raise(string about, string wrong, string consequence) => Set(about, wrong, consequence);

    /// <summary>Writes what is known by now, and from now on each new finding.</summary>
    public void LogTo(ILogger logger)
    {
        lock (gate)
        {
            if (log is not null)
                return;
            log = logger;
            foreach (var finding in findings.Values)
                Log.Finding(logger, finding);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Safe mode: {Finding}")]
        public static partial void Finding(ILogger logger, SafeModeFinding finding);
    }
}
