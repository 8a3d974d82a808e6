namespace QMoi.Fixers.Data;

/// <summary>Finds the data file that a tool could not read. Messages often leave its name out.</summary>
internal static class BrokenFiles
{
    private const int MostFiles = 1000;

    /// <summary>The files that the log or the failed command names; else every file of the kind that is broken.</summary>
    public static async Task<IReadOnlyList<RepositoryFile>> FindAsync(
        Diagnosis diagnosis, ICheckout checkout, Func<string, bool> isKind, Func<RepositoryFile, bool> isBroken, CancellationToken cancellationToken)
    {
        var named = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>()
            .Concat((diagnosis.Job.FailedCommand ?? "").Split([' ', '\n', '\t', '"', '\'', ';', '&', '<', '=', '(', ')'], StringSplitOptions.RemoveEmptyEntries).Where(isKind)).Distinct(StringComparer.Ordinal).Take(50);
        var found = new SortedDictionary<string, RepositoryFile>(StringComparer.Ordinal);
        foreach (var name in named)
            if (await CheckoutPaths.FindAsync(checkout, name, cancellationToken) is { } path && await checkout.ReadAsync(path, cancellationToken) is { } file && isBroken(file))
                found[path] = file;
        if (found.Count > 0)
            return [.. found.Values];
        foreach (var path in (await checkout.ListAllAsync(cancellationToken)).Where(path => isKind(path) && !path.Split('/').Any(part => part is "node_modules" or "vendor" or "testdata" or "fixtures" or "templates" or ".vscode")).Take(MostFiles))
            if (await checkout.ReadAsync(path, cancellationToken) is { } file && isBroken(file))
                found[path] = file;
        return [.. found.Values];
    }
}
