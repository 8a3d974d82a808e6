namespace QMoi.Handlers.Git;

/// <summary>Temporary folders in which strangers' tools have been.</summary>
public static class Folders
{
    /// <summary>Removes a folder with all in it, read-only files and folders too; links are removed, not followed. Nothing happens where it is gone already.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder)) return;
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            RemoveByForce(folder);
        }
    }

    // .NET cannot name a file whose name is no UTF-8. What even rm leaves is left: a full temporary folder is no reason to lose what was done in it.
    private static void RemoveByForce(string folder)
    {
        try
        {
            Open(new DirectoryInfo(folder));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException or ArgumentException)
        {
            // rm says the same, or can.
        }
        if (OperatingSystem.IsWindows()) Directory.Delete(folder, recursive: true);
        else Tools.ChildProcess.RunQuietly("rm", ["-rf", "--", folder]);
    }

    private static void Open(DirectoryInfo folder)
    {
        const UnixFileMode all = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (!OperatingSystem.IsWindows()) folder.UnixFileMode |= all;
        foreach (var entry in folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }))
        {
            if (entry.LinkTarget is not null) continue;
            if (entry is DirectoryInfo inner) Open(inner);
            else if (OperatingSystem.IsWindows()) entry.Attributes = FileAttributes.Normal;
        }
    }
}
