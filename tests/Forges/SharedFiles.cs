namespace QMoi.Tests.Forges;

/// <summary>Material beside the repository that need not be there: payload samples and the forges' own API descriptions.</summary>
internal static class SharedFiles
{
    /// <summary>Skips the test when it is not there.</summary>
    public static string Find(string path)
    {
        if (TryFind(path) is { } found) return found;
        Assert.Skip($"shared/{path} is not on this machine.");
        return "";
    }

    public static string? TryFind(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", path);
            if (Path.Exists(candidate)) return candidate;
        }

        return null;
    }
}
