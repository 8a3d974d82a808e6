using System.Text.RegularExpressions;

namespace QMoi.Fixers.Go;

/// <summary>Which module of a repository a go command ran in. Logs seldom say.</summary>
internal static partial class GoFolders
{
    /// <summary>The folder that the command names, else the root, else that of the only go.mod; <c>null</c> when it stays unclear.</summary>
    public static async Task<string?> FindAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        async Task<bool> Fits(string folder) => await checkout.ReadAsync(CheckoutPaths.Join(folder, "go.mod"), cancellationToken) is not null;
        if (Named().Match(diagnosis.Job.FailedCommand ?? "") is { Success: true } named && Clean(named.Groups["folder"].Value) is { } folder && await Fits(folder))
            return folder;
        if (await Fits(""))
            return "";
        return await CheckoutPaths.FoldersAsync(checkout, Fits, cancellationToken) is [var only] ? only : null;
    }

    private static string? Clean(string folder)
    {
        folder = folder.Trim('"', '\'').TrimEnd('/');
        folder = folder.StartsWith("./", StringComparison.Ordinal) ? folder[2..] : folder;
        return folder.Length == 0 || folder[0] is '/' or '$' || folder.Split('/').Any(part => part is ".." or ".") ? null : folder;
    }

    [GeneratedRegex(@"(?:^|[\s;&])(?:cd|go -C|-C)\s+(?<folder>[^\s;&|]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Named();
}
