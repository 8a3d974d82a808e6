using System.Text.RegularExpressions;

namespace QMoi.Simulator;

/// <summary>One API request as the forge saw it. Git over HTTP is not listed.</summary>
public sealed record RequestRecord(int Sequence, string Method, string PathAndQuery, int Status, DateTimeOffset StartedAt, DateTimeOffset EndedAt);

/// <summary>One webhook that was posted, or is held back (then <see cref="StatusCode"/> is null).</summary>
public sealed class DeliveryRecord
{
    public required long Id { get; init; }

    /// <summary>The id the receiver sees; a redelivery has the same.</summary>
    public required string DeliveryId { get; init; }

    /// <summary>X-GitHub-Event, or X-Gitlab-Event.</summary>
    public required string Event { get; init; }
    public string? Action { get; init; }
    public required byte[] Body { get; init; }
    public required string Url { get; init; }
    public required long HookId { get; init; }
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
    public SimulatedRepository? Repository { get; init; }
    public bool IsRedelivery { get; init; }
    public DateTimeOffset SentAt { get; internal set; }
    public TimeSpan Duration { get; internal set; }

    /// <summary>The answer's status; 0 when there was none in time.</summary>
    public int? StatusCode { get; internal set; }
    public string? Answer { get; internal set; }
}

public enum FaultEffect
{
    /// <summary>Answers with the given status; nothing is done.</summary>
    Answer,

    /// <summary>Breaks the connection; nothing is done.</summary>
    BreakBeforeEffect,

    /// <summary>Does what was asked, then breaks the connection instead of answering.</summary>
    BreakAfterEffect,

    /// <summary>Does nothing and never answers; ends when the caller goes away.</summary>
    Hold,

    /// <summary>Does what was asked and answers after <see cref="Fault.Release"/>.</summary>
    HoldAnswer,
}

/// <summary>Makes matching API requests fail.</summary>
public sealed class Fault
{
    private readonly Regex path;
    private readonly TaskCompletionSource struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Fault(string method, string pathPattern, int status = 500, int times = int.MaxValue, FaultEffect effect = FaultEffect.Answer)
    {
        path = new Regex(pathPattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        (Method, Status, Remaining, Effect) = (method, status, times, effect);
    }

    /// <summary>An HTTP method, or * for any. GRAPHQL: one field of a request to GitHub's GraphQL, its name in the place of the path; those before it are done.</summary>
    public string Method { get; }
    public int Status { get; }
    public FaultEffect Effect { get; }

    /// <summary>How often it still strikes.</summary>
    public int Remaining { get; internal set; }

    /// <summary>So many requests that match pass unharmed before it strikes.</summary>
    public int Passing { get; set; }
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public string Body { get; init; } = """{"message":"Fault injected"}""";

    /// <summary>Ends when it struck for the first time; where an answer is held, when all but the answer is done.</summary>
    public Task Struck => struck.Task;

    /// <summary>Answers that are held may go.</summary>
    public void Release() => released.TrySetResult();

    /// <summary>False when this request passes.</summary>
    internal bool TryStrike()
    {
        if (Passing > 0)
        {
            Passing--;
            return false;
        }
        Remaining--;
        if (Effect != FaultEffect.HoldAnswer)
            struck.TrySetResult();
        return true;
    }

    internal Task HoldAsync(CancellationToken gone)
    {
        struck.TrySetResult();
        return released.Task.WaitAsync(gone).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    internal bool Matches(string method, string pathAndQuery) =>
        Remaining > 0 && (Method == "*" || Method.Equals(method, StringComparison.OrdinalIgnoreCase)) && path.IsMatch(pathAndQuery);
}

/// <summary>Where webhooks go. Hooks with <see cref="Repository"/> or <see cref="Group"/> were made over REST.</summary>
public sealed record SimulatedHook(long Id, string Url, string Secret, string? SigningToken, SimulatedRepository? Repository)
{
    /// <summary>All repositories below it.</summary>
    public SimulatedGroup? Group { get; init; }

    public bool IsActive { get; init; } = true;

    /// <summary>The events it wants, in the forge's words; null means all.</summary>
    public IReadOnlyList<string>? Events { get; init; }
}

/// <summary>A group of GitLab, or an organisation of GitHub: it is there while repositories lie below it.</summary>
public sealed record SimulatedGroup(long Id, string Path)
{
    internal bool Holds(SimulatedRepository repository) => repository.FullName.StartsWith(Path + "/", StringComparison.Ordinal);
}
