using QMoi.Fixers;

namespace QMoi.Handlers.Git;

/// <summary>What became of writing a patch into a folder.</summary>
public abstract record PatchWriteResult
{
    private PatchWriteResult() { }

    public sealed record Written(IReadOnlyList<string> Paths) : PatchWriteResult;

    /// <summary>Nothing was written.</summary>
    public sealed record Refused(string Reason) : PatchWriteResult;
}

/// <summary>Writes a patch into somebody's work tree. Git's index and history stay as they are.</summary>
public static class PatchWriter
{
    private const long MaxBytes = 64L << 20;
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>All edits or, where one does not fit the files as they are, none. Each file is replaced at once and keeps its mode. Safe to call twice: the second call is refused.</summary>
    public static async Task<PatchWriteResult> ApplyAsync(Patch patch, string folder, CancellationToken cancellationToken)
    {
        var root = Tools.Programs.Resolve(folder) ?? throw new DirectoryNotFoundException($"There is no folder {folder}.");
        if (patch.Paths.GroupBy(path => path, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return new PatchWriteResult.Refused($"The patch names {twice.Key} twice.");
        foreach (var edit in patch.Edits)
            if (await ProblemAsync(edit, root, cancellationToken) is { } problem) return new PatchWriteResult.Refused(problem);
        // What goes, goes first: the new name of a file may differ from the old in case alone, which is the same name to some file systems.
        foreach (var edit in patch.Edits.OrderBy(edit => edit is not FileEdit.Delete))
        {
            try
            {
                if (await WriteAsync(edit, root, cancellationToken) is { } problem) return new PatchWriteResult.Refused(problem);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new PatchWriteResult.Refused($"{edit.Path} cannot be written: it, or a folder on the way to it, changed meanwhile or is closed to us.");
            }
        }
        return new PatchWriteResult.Written(patch.Paths);
    }

    private static async Task<string?> ProblemAsync(FileEdit edit, string root, CancellationToken cancellationToken)
    {
        if (!RepositoryPath.IsSafe(edit.Path)) return "A path of the patch is not one that we write.";
        var kind = TreeFile.KindOf(root, edit.Path);
        if (kind is TreeFileKind.Symlink or TreeFileKind.Refused) return $"{edit.Path} is a symbolic link or lies behind one.";
        ReadOnlyMemory<byte>? expected;
        switch (edit)
        {
            case FileEdit.Write { Before: null }:
                return kind == TreeFileKind.Nothing ? null : $"{edit.Path} exists already.";
            case FileEdit.Write write:
                expected = write.Before;
                break;
            case FileEdit.Delete delete:
                expected = delete.Before;
                break;
            default:
                return kind == TreeFileKind.File ? null : $"{edit.Path} is no file.";
        }
        var present = await TreeFile.ReadAsync(root, edit.Path, MaxBytes, cancellationToken);
        return present is not null && expected!.Value.Span.SequenceEqual(present) ? null : $"{edit.Path} is not as it was when the patch was made.";
    }

    private static async Task<string?> WriteAsync(FileEdit edit, string root, CancellationToken cancellationToken)
    {
        var file = Path.Combine(root, edit.Path);
        switch (edit)
        {
            case FileEdit.Delete:
                if (TreeFile.KindOf(root, edit.Path) != TreeFileKind.File) return Swapped(edit.Path);
                File.Delete(file);
                return null;
            case FileEdit.SetExecutable mode:
                if (TreeFile.KindOf(root, edit.Path) != TreeFileKind.File) return Swapped(edit.Path);
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, mode.IsExecutable ? WithExecute(File.GetUnixFileMode(file)) : File.GetUnixFileMode(file) & ~AnyExecute);
                return null;
            case FileEdit.Write write:
                return await ReplaceAsync(write, root, file, cancellationToken);
            default:
                throw new InvalidOperationException("Unknown edit.");
        }
    }

    private static async Task<string?> ReplaceAsync(FileEdit.Write write, string root, string file, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var name = write.Path + ".qmoi-" + Path.GetRandomFileName();
        var temporary = Path.Combine(root, name);
        try
        {
            await using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                if (!TreeFile.LiesAt(stream.SafeFileHandle, root, name)) return Swapped(write.Path);
                await stream.WriteAsync(write.After, cancellationToken);
                if (!OperatingSystem.IsWindows() && write.Before is not null) File.SetUnixFileMode(stream.SafeFileHandle, File.GetUnixFileMode(file));
            }
            if (TreeFile.KindOf(root, write.Path) is not (TreeFileKind.File or TreeFileKind.Nothing)) return Swapped(write.Path);
            File.Move(temporary, file, overwrite: true);
            return null;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    // Execute where read is allowed, as chmod +x under a usual umask does.
    private static UnixFileMode WithExecute(UnixFileMode mode) => mode | (UnixFileMode)(((int)mode & 0b100_100_100) >> 2);

    private static string Swapped(string path) => $"{path} became a symbolic link while the patch was written.";
}
