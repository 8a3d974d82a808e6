using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Git;
using QMoi.Handlers.Tools;

namespace QMoi.Handlers.Checks;

public abstract record CheckVerdict
{
    private CheckVerdict() { }

    /// <summary>The command fails here as it did in CI, and passes with the patch.</summary>
    public sealed record Verified : CheckVerdict;

    /// <summary>With the patch it fails as before: the patch is none.</summary>
    public sealed record Refuted(string Reason) : CheckVerdict;

    /// <summary>The failure is gone, another one is behind it.</summary>
    public sealed record FailsOtherwise(Diagnosis Next) : CheckVerdict;

    /// <summary>This machine cannot tell; the pipeline has to.</summary>
    public sealed record Unknown(string Reason) : CheckVerdict;
}

/// <summary>Runs the failing command again in the sandbox, without and with a patch. Only a failure that is seen here first proves anything when it goes.</summary>
public sealed class FixCheck(LogDiagnoser diagnoser)
{
    private const int MaxWords = 200;

    /// <param name="openTree">Gives a fresh work tree of the failing commit; disposed here.</param>
    /// <param name="isSeenHere">This very failure came from a run in the sandbox, so it need not be seen again.</param>
    public async Task<CheckVerdict> CheckAsync(
        Sandbox sandbox, Diagnosis diagnosis, Patch patch, Func<CancellationToken, Task<FetchResult>> openTree, bool isSeenHere, CancellationToken cancellationToken)
    {
        if (sandbox.Kind == SandboxKind.None)
            return new CheckVerdict.Unknown(sandbox.Reason);
        try
        {
            return await CompareAsync(sandbox, diagnosis, patch, openTree, isSeenHere, cancellationToken);
        }
        catch (GitException exception)
        {
            return new CheckVerdict.Unknown($"git cannot work with what the repository holds: {exception.Message}");
        }
    }

    private async Task<CheckVerdict> CompareAsync(
        Sandbox sandbox, Diagnosis diagnosis, Patch patch, Func<CancellationToken, Task<FetchResult>> openTree, bool isSeenHere, CancellationToken cancellationToken)
    {
        if (patch.Paths.Any(path => PatchRules.IsCiFile(path, diagnosis.Job.CiFile is { } file ? [file] : null)))
            return new CheckVerdict.Unknown("the patch changes what the job runs, and with which surroundings");
        if (await openTree(cancellationToken) is not FetchResult.Fetched { Tree: var before })
            return new CheckVerdict.Unknown("the repository could not be fetched");
        using (before)
        {
            var (script, reason) = await JobScript.FindAsync(diagnosis, before.Checkout, cancellationToken);
            if (script is null || script.IsTooLong)
                return new CheckVerdict.Unknown(reason ?? "the script is too long");
            switch (isSeenHere ? new Run.Failed(diagnosis) : await RunAsync(sandbox, before, script, diagnosis.Job, cancellationToken))
            {
                case Run.Stopped stopped:
                    return new CheckVerdict.Unknown(stopped.Reason);
                case Run.Passed:
                    return new CheckVerdict.Unknown("the failing command passes on this machine without the fix");
                case Run.Failed failed when !IsSame(failed.Diagnosis, diagnosis):
                    return new CheckVerdict.Unknown("the command fails on this machine for another reason: " + Short(failed.Diagnosis.RootCause.Text));
            }

            if (await openTree(cancellationToken) is not FetchResult.Fetched { Tree: var after })
                return new CheckVerdict.Unknown("the repository could not be fetched");
            using (after)
            {
                if (await PatchWriter.ApplyAsync(patch, after.Folder, cancellationToken) is PatchWriteResult.Refused refused)
                    return new CheckVerdict.Refuted(refused.Reason);
                return await RunAsync(sandbox, after, script, diagnosis.Job, cancellationToken) switch
                {
                    Run.Passed => new CheckVerdict.Verified(),
                    Run.Failed failed when IsSame(failed.Diagnosis, diagnosis) && failed.Diagnosis.FailureSignature == diagnosis.FailureSignature =>
                        new CheckVerdict.Refuted("with it the command still fails: " + Short(failed.Diagnosis.RootCause.Text)),
                    Run.Failed failed => new CheckVerdict.FailsOtherwise(failed.Diagnosis),
                    Run.Stopped stopped => new CheckVerdict.Unknown(stopped.Reason),
                    _ => throw new InvalidOperationException("Run is a closed set."),
                };
            }
        }
    }

    private async Task<Run> RunAsync(Sandbox sandbox, WorkTree tree, JobScript script, JobFacts job, CancellationToken cancellationToken)
    {
        var text = script.ToBash();
        // Generators are followed by "git diff --exit-code": git's own data lie elsewhere, so the tree gets a repository of its own, below which nothing of ours is.
        if (text.Contains("git ", StringComparison.Ordinal))
            text = "git init -q . && git add -A && git -c user.name=check -c user.email=check@localhost commit -qm check >/dev/null\n" + text;
        text = "exec 2>&1\n" + text;
        using var session = await sandbox.OpenAsync(tree.Folder, cancellationToken);
        var result = await session.RunAsync(["bash", "-c", text + "\n"], "", needsRegistry: true, cancellationToken, Words(text));
        if (result is SandboxResult.MissingProgram missing)
            return new Run.Stopped($"{missing.Program} is not installed on this machine");
        var ran = ((SandboxResult.Ran)result).Result;
        if (ran.Stopped is { } stopped)
            return new Run.Stopped($"it was stopped: {stopped}");
        if (ran.ExitCode == 0)
            return new Run.Passed();
        using var log = new MemoryStream([.. ran.Output.Bytes.Span, .. ran.Output.IsCut ? ran.Output.Tail.Span : [], .. Encoding.UTF8.GetBytes($"\nERROR: Job failed: exit code {ran.ExitCode}\n")]);
        return new Run.Failed((await diagnoser.DiagnoseAsync(log, job, cancellationToken)).Diagnoses[0]);
    }

    private static bool IsSame(Diagnosis one, Diagnosis other) => one.FailureId == other.FailureId && (one.FailureId != Diagnosis.UnrecognisedId || one.FailureSignature == other.FailureSignature);

    /// <summary>Programs that a script may call: whatever looks like a name. Those that this machine has are shown to the sandbox.</summary>
    private static IReadOnlyList<string> Words(string script) =>
        [.. script.Split([' ', '\n', '\t', ';', '|', '&', '(', ')', '$', '"', '\''], StringSplitOptions.RemoveEmptyEntries).Where(IsName).Distinct(StringComparer.Ordinal).Take(MaxWords)];

    private static bool IsName(string word) => word.Length is > 1 and < 40 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '+') && char.IsAsciiLetterLower(word[0]);

    private static string Short(string text) => text.Length <= 200 ? text : text[..200] + "...";

    private abstract record Run
    {
        public sealed record Passed : Run;
        public sealed record Failed(Diagnosis Diagnosis) : Run;
        public sealed record Stopped(string Reason) : Run;
    }
}
