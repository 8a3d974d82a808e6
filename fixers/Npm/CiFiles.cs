namespace QMoi.Fixers.Npm;

/// <summary>The files that may hold the commands of the failed job.</summary>
internal static class CiFiles
{
    private const string Workflows = ".github/workflows";

    /// <summary>The job's own file where it is known, else those of both forges that there are.</summary>
    public static Task<IReadOnlyList<TextFile>> FindAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) => ReadAsync(diagnosis.Job.CiFile, checkout, cancellationToken);

    public static Task<IReadOnlyList<TextFile>> AllAsync(ICheckout checkout, CancellationToken cancellationToken) => ReadAsync(null, checkout, cancellationToken);

    private static async Task<IReadOnlyList<TextFile>> ReadAsync(string? ciFile, ICheckout checkout, CancellationToken cancellationToken)
    {
        var paths = ciFile is { } known
            ? [known]
            : (await checkout.ListAsync(Workflows, cancellationToken)).Where(entry => !entry.IsFolder && (entry.Path.EndsWith(".yml", StringComparison.Ordinal) || entry.Path.EndsWith(".yaml", StringComparison.Ordinal)))
                .Select(entry => entry.Path).Prepend(".gitlab-ci.yml").ToList();
        var files = new List<TextFile>();
        foreach (var path in paths)
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file)
                files.Add(file);
        return files;
    }

    public static bool IsComment(string line) => line.TrimStart().StartsWith('#');
}
