using System.Text.RegularExpressions;

namespace QMoi.Fixers.Docker;

/// <summary>The Dockerfiles of a repository. Logs of image builds seldom name the one they are about.</summary>
internal static partial class Dockerfiles
{
    private const int Most = 60;

    public static readonly string[] Instructions =
        ["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"];

    public static async Task<IReadOnlyList<TextFile>> ReadAsync(ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new List<TextFile>();
        foreach (var path in (await checkout.ListAllAsync(cancellationToken)).Where(path => Name().IsMatch(path)).Take(Most))
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } file)
                files.Add(file);
        return files;
    }

    public static string FolderOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path[..slash] : "";

    /// <summary>The last line of the instruction that begins on a line.</summary>
    public static int EndOf(TextFile file, int line)
    {
        while (line < file.Count && (file[line].TrimEnd().EndsWith('\\') || file[line].TrimStart().StartsWith('#')))
            line++;
        return line;
    }

    [GeneratedRegex(@"(?:^|/)(?:(?:Docker|Container)file(?:[._-][\w.-]+)?|[\w.-]+\.(?:[Dd]ocker|Container)file)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
