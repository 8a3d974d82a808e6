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
            Open(new DirectoryInfo(folder));
            Directory.Delete(folder, recursive: true);
        }
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
