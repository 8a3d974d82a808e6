using QMoi.Fixers;
using QMoi.Handlers.Git;

namespace QMoi.Handlers.Tools;

/// <summary>What became of a tool run.</summary>
public abstract record ToolOutcome
{
    private ToolOutcome() { }

    public sealed record Changed(Patch Patch, IReadOnlyList<string> Files) : ToolOutcome;

    public sealed record NothingChanged : ToolOutcome;

    /// <param name="Reason">For people, with the end of what the command printed; plain text that a stranger's tool wrote.</param>
    public sealed record Failed(string Reason) : ToolOutcome;

    /// <param name="HowToGetIt">For the person who runs the bot.</param>
    public sealed record MissingTool(string Program, string HowToGetIt) : ToolOutcome;

    /// <param name="Reason">Why this machine cannot keep tools apart from itself.</param>
    public sealed record NoSandbox(string Reason) : ToolOutcome;

    /// <param name="Paths">What was changed though it may not; at most 20 are named.</param>
    public sealed record Overreached(IReadOnlyList<string> Paths) : ToolOutcome;
}

/// <summary>Runs a fixer's tool on a checkout, in the sandbox, and takes the patch it made.</summary>
public sealed class ToolRunner(Sandbox sandbox)
{
    private const int MaxNamed = 20;
    private const int MaxPrinted = 2000;

    /// <summary>Runs the commands and compares the tree with its recorded state. The tree keeps what the tool did, so it serves for one run.</summary>
    /// <param name="mayChange">Exact paths or globs from the repository's root. New files that git ignores (installed packages) are nobody's change.</param>
    public async Task<ToolOutcome> RunAsync(ToolRun run, WorkTree tree, IReadOnlyList<string> mayChange, CancellationToken cancellationToken)
    {
        if (sandbox.Kind == SandboxKind.None) return new ToolOutcome.NoSandbox(sandbox.Reason);
        if (run.Commands.Count == 0 || run.Commands.Any(command => command.Arguments.Count == 0)) return new ToolOutcome.Failed("There is no command to run.");
        if (run.Commands.Any(command => command.Arguments.Any(argument => argument.Contains('\0', StringComparison.Ordinal)))) return new ToolOutcome.Failed("A command has a NUL in it.");
        if (run.Folder.Length > 0 && !RepositoryPath.IsSafe(run.Folder)) return new ToolOutcome.Failed("The working folder is not a safe path.");
        if (TreeFile.KindOf(tree.Folder, run.Folder) != TreeFileKind.Folder) return new ToolOutcome.Failed($"There is no folder {run.Folder} in the repository.");
        foreach (var program in run.Commands.Select(command => command.Arguments[0]))
            if (Problem(program) is { } problem) return problem;

        using (var session = await sandbox.OpenAsync(tree.Folder, cancellationToken))
        {
            foreach (var command in run.Commands)
                if (await RunAsync(session, command, run.Folder, cancellationToken) is { } outcome) return outcome;
        }
        return await TakeAsync(tree, mayChange, cancellationToken);
    }

    private static ToolOutcome? Problem(string program)
    {
        if (Path.IsPathRooted(program)) return new ToolOutcome.Failed("A tool is named, not given by its place on the machine.");
        if (program.Contains('/', StringComparison.Ordinal)) // of the repository, looked for when its turn comes: an earlier command may install it
            return program.Split('/').Contains("..", StringComparer.Ordinal) ? new ToolOutcome.Failed("A tool of the repository lies in the repository.") : null;
        return Programs.Find(program, Sandbox.SearchPath) is null ? new ToolOutcome.MissingTool(program, ToolHints.HowToGet(program)) : null;
    }

    private static async Task<ToolOutcome?> RunAsync(SandboxSession session, ToolCommand command, string folder, CancellationToken cancellationToken)
    {
        var result = await session.RunAsync(command.Arguments, folder, command.NeedsRegistry, cancellationToken);
        if (result is SandboxResult.MissingProgram missing) return new ToolOutcome.MissingTool(missing.Program, ToolHints.HowToGet(missing.Program));
        var ran = ((SandboxResult.Ran)result).Result;
        if (ran.Stopped is null && (ran.ExitCode == 0 || (command.ExpectedExitCodes ?? []).Contains(ran.ExitCode))) return null;
        var why = ran.Stopped is { } stopped ? $"was stopped: {stopped}" : $"ended with exit code {ran.ExitCode}";
        var printed = PlainText.Tail([.. ran.Output.Tail.Span, (byte)'\n', .. ran.Errors.Tail.Span], MaxPrinted);
        return new ToolOutcome.Failed($"`{string.Join(' ', command.Arguments.Take(4))}` {why}.{(printed.Length == 0 ? "" : "\n" + printed)}");
    }

    private static async Task<ToolOutcome> TakeAsync(WorkTree tree, IReadOnlyList<string> mayChange, CancellationToken cancellationToken)
    {
        var changes = await tree.ChangesAsync(cancellationToken);
        var outside = changes.Where(change => !IsAllowed(change, mayChange)).Select(change => change.Path)
            .Concat(await RepositoriesMadeAsync(tree, cancellationToken))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (outside.Count > 0) return new ToolOutcome.Overreached([.. outside.Take(MaxNamed)]);
        if (changes.Count > PatchRules.MaxToolFiles) return new ToolOutcome.Failed($"The tool changed {changes.Count} files; {PatchRules.MaxToolFiles} is the most.");

        var old = await tree.BlobSizesAsync(changes.Where(change => !change.IsNew).Select(change => change.OldBlob), cancellationToken);
        if (old.Sum() > PatchRules.MaxToolBytes) return new ToolOutcome.Failed($"The files that the tool changed had {old.Sum()} bytes; {PatchRules.MaxToolBytes} is the most.");

        var edits = new List<FileEdit>();
        long size = 0;
        foreach (var change in changes.OrderBy(change => change.Path, StringComparer.Ordinal))
        {
            // Not ?: here: its null would become an empty ReadOnlyMemory, which is not "no file".
            ReadOnlyMemory<byte>? before = null;
            if (!change.IsNew) before = await tree.BlobAsync(change.OldBlob, cancellationToken);
            if (change.IsGone)
            {
                edits.Add(new FileEdit.Delete(change.Path, before!.Value));
                continue;
            }
            if (await TreeFile.ReadAsync(tree.Folder, change.Path, PatchRules.MaxToolBytes, cancellationToken) is not { } after)
                return new ToolOutcome.Failed($"{change.Path} is too large now, or no plain file any more.");
            size += after.Length;
            if (before is null || !before.Value.Span.SequenceEqual(after)) edits.Add(new FileEdit.Write(change.Path, before, after));
            else if (change.OldMode != change.NewMode) edits.Add(new FileEdit.SetExecutable(change.Path, change.NewMode == "100755"));
        }
        if (size > PatchRules.MaxToolBytes) return new ToolOutcome.Failed($"The tool's files have {size} bytes; {PatchRules.MaxToolBytes} is the most.");
        return edits.Count == 0 ? new ToolOutcome.NothingChanged() : new ToolOutcome.Changed(new Patch(edits), [.. edits.Select(edit => edit.Path)]);
    }

    private static bool IsAllowed(TreeChange change, IReadOnlyList<string> mayChange) =>
        RepositoryPath.IsSafe(change.Path) && IsPlain(change.OldMode) && IsPlain(change.NewMode) && PatchRules.Matches(mayChange, change.Path);

    private static bool IsPlain(string mode) => mode is "100644" or "100755" or "000000";

    // git passes over .git when it lists, whatever it is; it would come alive for the next who opens the folder.
    private static async Task<IReadOnlyList<string>> RepositoriesMadeAsync(WorkTree tree, CancellationToken cancellationToken)
    {
        var folders = new HashSet<string>(StringComparer.Ordinal) { "" };
        foreach (var path in await tree.PathsAsync(cancellationToken))
            for (var end = path.LastIndexOf('/'); end > 0 && folders.Add(path[..end]); end = path.LastIndexOf('/', end - 1)) { }
        return [.. folders.Select(folder => folder.Length == 0 ? ".git" : folder + "/.git")
            .Where(path => TreeFile.KindOf(tree.Folder, path) is TreeFileKind.File or TreeFileKind.Folder or TreeFileKind.Symlink)];
    }
}
