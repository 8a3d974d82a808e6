using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>Which folder of a repository an npm command ran in. Logs seldom say.</summary>
internal static partial class NpmFolders
{
    /// <summary>The folder of the only package.json that fits, the root's before all; <c>null</c> when it stays unclear.</summary>
    public static Task<string?> FindAsync(Diagnosis diagnosis, ICheckout checkout, string besides, CancellationToken cancellationToken) =>
        FindAsync(diagnosis, checkout, [besides], cancellationToken);

    /// <param name="besides">One of these files lies beside package.json.</param>
    public static async Task<string?> FindAsync(Diagnosis diagnosis, ICheckout checkout, IReadOnlyList<string> besides, CancellationToken cancellationToken)
    {
        async Task<bool> Fits(string folder)
        {
            // Listed and not read: a lock file may be longer than what is read.
            var files = (await checkout.ListAsync(folder, cancellationToken)).Where(entry => !entry.IsFolder).Select(entry => entry.Path).ToHashSet(StringComparer.Ordinal);
            return files.Contains(CheckoutPaths.Join(folder, "package.json")) && besides.Any(name => files.Contains(CheckoutPaths.Join(folder, name)));
        }

        if (Named(diagnosis.Job.FailedCommand) is { } named)
            return await Fits(named) ? named : null;
        if (await Fits(""))
            return "";
        return await CheckoutPaths.FoldersAsync(checkout, Fits, cancellationToken) is [var only] ? only : null;
    }

    private static string? Named(string? command)
    {
        if (command is null || Folder().Match(command) is not { Success: true } match)
            return null;
        var folder = match.Groups["folder"].Value.Trim('"', '\'').TrimEnd('/');
        folder = folder.StartsWith("./", StringComparison.Ordinal) ? folder[2..] : folder;
        return folder.Length == 0 || folder[0] is '/' or '$' || folder.Split('/').Any(part => part is ".." or ".") ? null : folder;
    }

    [GeneratedRegex(@"(?:^|[\s;&])(?:cd|--prefix[ =]|npm -C)\s*(?<folder>[^\s;&|]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Folder();
}
