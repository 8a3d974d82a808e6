using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QMoi.Handlers.Git;

/// <summary>Files in a folder that a stranger filled: opened only where no symlink lies on the way.</summary>
internal static class TreeFile
{
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>What a path is; symlinks are not followed. <see cref="TreeFileKind.Refused"/> where a part of the way is one.</summary>
    public static TreeFileKind KindOf(string root, string path)
    {
        if (path.Length == 0) return Directory.Exists(root) ? TreeFileKind.Folder : TreeFileKind.Nothing;
        var parts = path.Split('/');
        var current = root;
        for (var i = 0; i < parts.Length; i++)
        {
            current = Path.Combine(current, parts[i]);
            var info = new FileInfo(current);
            if (info.LinkTarget is not null) return i == parts.Length - 1 ? TreeFileKind.Symlink : TreeFileKind.Refused;
            if (i == parts.Length - 1) return info.Exists ? TreeFileKind.File : Directory.Exists(current) ? TreeFileKind.Folder : TreeFileKind.Nothing;
            if (!Directory.Exists(current)) return info.Exists ? TreeFileKind.Refused : TreeFileKind.Nothing;
        }
        return TreeFileKind.Nothing;
    }

    /// <summary>The content of a regular file; <c>null</c> where there is none, a symlink or a pipe is in the way, or it is longer.</summary>
    public static async Task<byte[]?> ReadAsync(string root, string path, long maxBytes, CancellationToken cancellationToken)
    {
        if (!RepositoryPath.IsSafe(path) || KindOf(root, path) != TreeFileKind.File) return null;
        try
        {
            using var handle = Open(Path.Combine(root, path));
            if (handle is null || !LiesAt(handle, root, path)) return null;
            await using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            if (!stream.CanSeek || stream.Length > maxBytes) return null;
            var content = new byte[stream.Length];
            var count = await stream.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken);
            return count == content.Length ? content : content[..count];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    public static bool? IsExecutable(string root, string path) =>
        OperatingSystem.IsWindows() ? null : (File.GetUnixFileMode(Path.Combine(root, path)) & AnyExecute) != UnixFileMode.None;

    /// <summary>True where the opened file is the one the path spells, with no link swapped in meanwhile. Only Linux can tell; elsewhere the check before must do.</summary>
    public static bool LiesAt(SafeFileHandle handle, string root, string path)
    {
        if (!OperatingSystem.IsLinux()) return true;
        var opened = new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget;
        var real = Tools.Programs.Resolve(root);
        return opened is not null && real is not null && opened == Path.Combine(real, path);
    }

    // A pipe would block File.OpenHandle for ever; O_NONBLOCK does not wait for a writer.
    private static SafeFileHandle? Open(string file)
    {
        if (!OperatingSystem.IsLinux()) return File.OpenHandle(file);
        const int readOnlyNonBlockingCloseOnExec = 0x800 | 0x80000;
        var descriptor = Native.Open([.. System.Text.Encoding.UTF8.GetBytes(file), 0], readOnlyNonBlockingCloseOnExec);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "open")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Open(byte[] path, int flags);
    }
}

internal enum TreeFileKind { Nothing, File, Folder, Symlink, Refused }
