using System.Text.RegularExpressions;

namespace QMoi.Fixers.Rust;

/// <summary>Which folder of a repository a cargo command ran in. Logs seldom say.</summary>
internal static partial class CargoFolders
{
    /// <summary>The folder of the Cargo.toml of the root, or of the only one near the top; <c>null</c> when it stays unclear.</summary>
    public static async Task<string?> FindAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        async Task<bool> Fits(string folder) => await checkout.ReadAsync(CheckoutPaths.Join(folder, "Cargo.toml"), cancellationToken) is not null;
        var command = diagnosis.Job.FailedCommand ?? "";
        if (Named().Match(command) is { Success: true } named && named.Groups["folder"].Value.Trim('"', '\'').TrimEnd('/') is { Length: > 0 } folder && folder[0] is not ('/' or '$' or '.') && await Fits(folder))
            return folder;
        if (await Fits(""))
            return "";
        var found = await CheckoutPaths.FoldersAsync(checkout, Fits, cancellationToken);
        // The members of a workspace lie below it.
        var top = found.Where(one => !found.Any(other => other != one && one.StartsWith(other + "/", StringComparison.Ordinal))).ToList();
        return top is [var only] ? only : null;
    }

    [GeneratedRegex(@"(?:^|[\s;&])(?:cd\s+(?<folder>[^\s;&|]+)|--manifest-path[= ](?<folder>[^\s;&|]+)/Cargo\.toml)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Named();
}
