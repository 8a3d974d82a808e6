using System.Text.RegularExpressions;

namespace QMoi.Fixers.Policy;

/// <summary>Which folder of a repository a tool ran in, where it works on certain files. Logs seldom say.</summary>
internal static partial class ProjectFolder
{
    /// <summary>The folder the command names, the root, or the only one that has all the files; <c>null</c> when it stays unclear.</summary>
    public static async Task<string?> FindAsync(Diagnosis diagnosis, ICheckout checkout, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        async Task<bool> Fits(string folder)
        {
            foreach (var file in files)
                if (await checkout.ReadAsync(CheckoutPaths.Join(folder, file), cancellationToken) is null)
                    return false;
            return true;
        }

        if (Named(diagnosis.Job.FailedCommand) is { } named)
            return await Fits(named) ? named : null;
        if (await Fits(""))
            return "";
        return await CheckoutPaths.FoldersAsync(checkout, Fits, cancellationToken) is [var only] ? only : null;
    }

    /// <summary>A path as a glob that only it matches: the list of files that a tool may change is one of globs.</summary>
    public static string Literal(string path) => string.Concat(path.Select(character => character is '*' or '?' or '[' or ']' or '{' or '}' or '!' ? $"[{character}]" : character.ToString()));

    private static string? Named(string? command)
    {
        if (command is null || Folder().Match(command) is not { Success: true } match)
            return null;
        var folder = match.Groups["folder"].Value.Trim('"', '\'').TrimEnd('/');
        folder = folder.StartsWith("./", StringComparison.Ordinal) ? folder[2..] : folder;
        return folder.Length == 0 || folder[0] is '/' or '$' || folder.Split('/').Any(part => part is ".." or ".") ? null : folder;
    }

    [GeneratedRegex(@"(?:^|[\s;&])(?:cd\s|--(?:directory|project|working-dir)[ =]|-[Cd]\s)\s*(?<folder>[^\s;&|]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Folder();
}
