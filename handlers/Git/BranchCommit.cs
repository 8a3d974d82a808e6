using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Git;

/// <summary>What became of a commit onto a branch that people work on.</summary>
public abstract record PushResult
{
    private PushResult() { }

    public sealed record Pushed(CommitSha Commit) : PushResult;

    /// <summary>The branch has another head than expected, or none. Nothing was changed.</summary>
    public sealed record MovedOn : PushResult;

    /// <param name="Reason">For people: a protected branch, a hook of the forge. Nothing was changed.</param>
    public sealed record Refused(string Reason) : PushResult;
}

/// <summary>Puts a patch as one commit onto an existing branch: with a lease on the head it was made for, never by force.</summary>
public static class BranchCommit
{
    public const string BackupPrefix = "qmoi/backup/";

    private const string Bot = "QMoi <qmoi@users.noreply.localhost>";

    /// <summary>
    /// The commit's id follows from its content and <paramref name="date"/> alone, so the same call after a crash makes the same commit, and pushing it again
    /// changes nothing. The tree keeps the patch.
    /// </summary>
    /// <param name="tree">At the branch's expected head, as it was fetched.</param>
    /// <param name="announce">Told the commit before it is pushed: its pipeline may be over before the push has returned.</param>
    /// <exception cref="ForgeException">The forge could not be reached or did not let us in.</exception>
    public static async Task<PushResult> PushAsync(
        GitAccess access, WorkTree tree, Patch patch, string message, string branch, DateTimeOffset date, Func<CommitSha, Task> announce, CancellationToken cancellationToken)
    {
        if (await PatchWriter.ApplyAsync(patch, tree.Folder, cancellationToken) is PatchWriteResult.Refused refused)
            return new PushResult.Refused(refused.Reason);
        await tree.GitAsync(["add", "--all", "--force", "--", .. patch.Paths], cancellationToken);
        return await CommitAndPushAsync(access, tree, message, branch, date, announce, cancellationToken);
    }

    private static async Task<PushResult> CommitAndPushAsync(
        GitAccess access, WorkTree tree, string message, string branch, DateTimeOffset date, Func<CommitSha, Task> announce, CancellationToken cancellationToken)
    {
        var head = tree.Head!.Value;
        var content = Text(await tree.GitAsync(["write-tree"], cancellationToken));
        var stamp = $"{Bot} {date.ToUnixTimeSeconds()} +0000";
        var commit = Encoding.UTF8.GetBytes($"tree {content}\nparent {head}\nauthor {stamp}\ncommitter {stamp}\n\n{message.TrimEnd()}\n");
        var sha = CommitSha.Parse(Text(await tree.GitAsync(["hash-object", "-t", "commit", "-w", "--stdin"], cancellationToken, input: commit)));
        await announce(sha);
        return await PushAsync(access, tree, sha, $"refs/heads/{branch}", lease: head.Value, option: null, cancellationToken) is { } problem ? problem : new PushResult.Pushed(sha);
    }

    /// <summary>Puts the reverse of one commit onto the branch; where nothing of the commit is left, the head already is what is wanted. The tree, at the branch's head, serves for this alone.</summary>
    public static async Task<PushResult> RevertAsync(
        GitAccess access, WorkTree tree, CommitSha unwanted, string message, string branch, DateTimeOffset date, CancellationToken cancellationToken)
    {
        var head = tree.Head ?? throw new InvalidOperationException("A tree without a commit.");
        try
        {
            await tree.GitAsync(
                ["fetch", "--quiet", "--depth=2", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", "--end-of-options", access.Url, $"{unwanted}:refs/qmoi/unwanted"],
                cancellationToken, settings: Credentials(access), limitSizes: true);
            await tree.GitAsync(["update-ref", "--no-deref", "HEAD", head.Value], cancellationToken);
            await tree.GitAsync(["-c", "user.name=QMoi", "-c", "user.email=qmoi@users.noreply.localhost", "revert", "--no-commit", "--end-of-options", unwanted.Value], cancellationToken);
        }
        catch (GitException exception)
        {
            return new PushResult.Refused($"what was changed since does not let itself be separated from it ({exception.Message})");
        }
        var isTakenBack = (await tree.GitAsync(["diff", "--cached", "--name-only", "--no-ext-diff", "--no-textconv", "HEAD"], cancellationToken)).IsEmpty;
        return isTakenBack ? new PushResult.Pushed(head) : await CommitAndPushAsync(access, tree, message, branch, date, _ => Task.CompletedTask, cancellationToken);
    }

    /// <summary>Keeps the tree's commit under a name of its own before its branch is changed. Twice is the same as once.</summary>
    /// <param name="forge">GitHub takes any ref; GitLab shows people only branches, and is told to run no pipeline for this one.</param>
    /// <returns>The full name of the ref, or why there is none.</returns>
    public static async Task<(string? Reference, string? Reason)> BackUpAsync(GitAccess access, WorkTree tree, ForgeKind forge, string branch, CancellationToken cancellationToken)
    {
        var head = tree.Head ?? throw new InvalidOperationException("A tree without a commit.");
        var name = $"{BackupPrefix}{branch}-{head.Abbreviated}";
        var reference = forge == ForgeKind.GitHub ? $"refs/{name}" : $"refs/heads/{name}";
        var problem = await PushAsync(access, tree, head, reference, lease: null, forge == ForgeKind.GitLab ? "ci.skip" : null, cancellationToken);
        return problem is null ? (reference, null) : (null, problem is PushResult.Refused refused ? refused.Reason : "the backup's name is taken");
    }

    /// <returns><c>null</c> when the ref has the commit now.</returns>
    private static async Task<PushResult?> PushAsync(GitAccess access, WorkTree tree, CommitSha sha, string reference, string? lease, string? option, CancellationToken cancellationToken)
    {
        LeaseGuard.ThrowIfOver();
        try
        {
            await tree.GitAsync(
                ["push", "--quiet", "--porcelain", "--no-verify", .. lease is null ? Array.Empty<string>() : [$"--force-with-lease={reference}:{lease}"],
                    .. option is null ? Array.Empty<string>() : ["--push-option=" + option], "--end-of-options", access.Url, $"{sha}:{reference}"],
                cancellationToken,
                settings: Credentials(access));
            return null;
        }
        catch (GitException exception)
        {
            return await JudgeAsync(access, tree, exception.Message, sha, reference, option, cancellationToken);
        }
    }

    // The words are from transport.c and remote-curl.c of git 2.39, and from both forges' hooks.
    private static async Task<PushResult?> JudgeAsync(
        GitAccess access, WorkTree tree, string message, CommitSha sha, string reference, string? option, CancellationToken cancellationToken)
    {
        bool Says(params string[] words) => words.Any(word => message.Contains(word, StringComparison.OrdinalIgnoreCase));

        if (option is not null && Says("does not support push options"))
            return await PushAsync(access, tree, sha, reference, lease: null, option: null, cancellationToken);
        if (Says("stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "reference already exists"))
        {
            var now = Text(await tree.GitAsync(["ls-remote", "--end-of-options", access.Url, reference], cancellationToken, settings: Credentials(access)));
            return now.StartsWith(sha.Value, StringComparison.Ordinal) ? null : new PushResult.MovedOn();
        }
        if (Says("protected branch", "hook declined", "GH006", "GH013", "remote rejected", "not allowed to push"))
            return new PushResult.Refused("the forge refuses the push: " + message);
        if (Says("Authentication failed", "could not read Username", "error: 401", "error: 403"))
            throw new ForgeException(ForgeProblem.Forbidden, "The forge did not let git push.");
        throw new ForgeException(ForgeProblem.Unreachable, message);
    }

    private static (string Key, string Value)[] Credentials(GitAccess access) =>
        access.HeaderName.Length == 0 ? [] : [($"http.{access.Url}.extraHeader", $"{access.HeaderName}: {access.HeaderValue}")];

    private static string Text(ReadOnlyMemory<byte> output) => Encoding.ASCII.GetString(output.Span).Trim();
}
