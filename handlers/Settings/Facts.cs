using QMoi.Fixers;

namespace QMoi.Handlers.Settings;

/// <summary>What the conditions of <c>.qmoi.yml</c> are asked about. <c>null</c>: not known, and every condition about it is false.</summary>
public sealed record Facts
{
    /// <summary>The log's text without colours and time stamps. Patterns are asked line by line, of a long line its first 8,192 characters.</summary>
    public string? Log { get; init; }

    /// <summary>The branch the pipeline ran on.</summary>
    public string? Branch { get; init; }

    /// <summary>The branch a merge request goes to.</summary>
    public string? TargetBranch { get; init; }
    public string? Job { get; init; }

    /// <summary>The user name of the one who wrote the commit or merge request.</summary>
    public string? Author { get; init; }

    /// <summary>The catalogue's id.</summary>
    public string? Failure { get; init; }
    public FailureCategory? Category { get; init; }

    /// <summary>The fixer's id.</summary>
    public string? Fixer { get; init; }

    /// <summary><c>low</c>, <c>medium</c> or <c>high</c>.</summary>
    public string? Risk { get; init; }

    /// <summary>The flake register has the job.</summary>
    public bool? IsFlaky { get; init; }

    /// <summary>0 to 1: how many retries of this failure passed.</summary>
    public double? RetryPassRate { get; init; }

    /// <summary>Retries of this failure on this commit until now.</summary>
    public int? Retries { get; init; }

    /// <summary>The fix made the failed command pass.</summary>
    public bool? IsVerified { get; init; }

    /// <summary>0 to 1.</summary>
    public double? Confidence { get; init; }
    public int? ChangedLines { get; init; }
    public int? ChangedFiles { get; init; }
}
