using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Policy;

/// <summary>
/// Raises the version in the files that a release left behind, where the log names the files with their versions. Unsafe where nothing but the number itself speaks for the higher one,
/// or where a file names the old version in more than one place.
/// </summary>
public sealed partial class VersionMismatchFixer : IFixer
{
    private static readonly HashSet<string> Manifests = new(StringComparer.OrdinalIgnoreCase)
    {
        "pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml", "composer.json", "pom.xml", "build.gradle", "build.gradle.kts", "gradle.properties", "mix.exs", "pubspec.yaml",
        "VERSION", "version.txt", "Directory.Build.props", "Chart.yaml", "CMakeLists.txt", "meson.build", "galaxy.yml", "manifest.json",
    };

    public string FailureId => "version-mismatch";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (files, free, reason) = await ReadAsync(diagnosis, checkout, cancellationToken);
        if (reason is not null)
            return new FixResult.Declined(reason);
        var versions = files.Values.Concat(free).Distinct(StringComparer.Ordinal).ToList();
        if (files.Count == 0 || versions.Count != 2 || Compare(versions[0], versions[1]) is not { } order || order == 0)
            return new FixResult.Declined("the log does not name exactly two versions, of which one is higher, beside the files that hold them");
        var (old, current) = order < 0 ? (versions[0], versions[1]) : (versions[1], versions[0]);
        if (await DoubtAsync(checkout, files, free, old, current, cancellationToken) is { } doubt)
            return new FixResult.Declined(doubt);

        var edits = new SortedDictionary<string, FileEdit>(StringComparer.Ordinal);
        foreach (var path in files.Where(file => file.Value == old).Select(file => file.Key))
        {
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file)
                return new FixResult.Declined($"`{path}` is not a text file in UTF-8");
            if (IsLockFile().IsMatch(path))
                return new FixResult.Declined($"`{path}` is written by its tool only");
            if (Raise(file, old, current) is { } refusal)
                return new FixResult.Declined(refusal);
            edits[path] = file.ToEdit();
        }

        return edits.Count == 0
            ? new FixResult.Declined($"no file that the log names holds the version {old}")
            : new FixResult.Fixed(new Patch([.. edits.Values]), $"Raised the version in {string.Join(", ", edits.Keys.Select(path => $"`{path}`"))} from {old} to {current}.");
    }

    // Each file with its version; versions that the log gives without a file: a tag, what is expected.
    private static async Task<(SortedDictionary<string, string> Files, List<string> Free, string? Reason)> ReadAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var free = new List<string>();
        foreach (var text in diagnosis.Matches.Select(match => match.Text).Distinct(StringComparer.Ordinal))
        {
            var pairs = ExpectedVersion().Matches(text);
            if (pairs.Count == 0)
                pairs = FileThenVersion().Matches(text);
            if (pairs.Count == 0)
                pairs = VersionThenFile().Matches(text);
            foreach (Match pair in pairs)
            {
                if (await CheckoutPaths.FindAsync(checkout, pair.Groups["file"].Value, cancellationToken) is not { } path)
                    continue;
                if (!files.TryAdd(path, pair.Groups["version"].Value) && files[path] != pair.Groups["version"].Value)
                    return (files, free, $"the log names two versions for `{path}`");
            }

            free.AddRange(FreeVersion().Matches(text).Select(match => match.Groups["version"].Value));
        }

        return (files, free, null);
    }

    private static async Task<string?> DoubtAsync(ICheckout checkout, SortedDictionary<string, string> files, List<string> free, string old, string current, CancellationToken cancellationToken)
    {
        var newest = await NewestAsync(checkout, cancellationToken);
        if (newest == old)
            return $"the newest entry of the changelog is {old}, yet a file says {current}";
        var isMost = files.Values.Count(version => version == current) > files.Values.Count(version => version == old);
        var isOfManifest = files.Any(file => file.Value == current && Manifests.Contains(file.Key[(file.Key.LastIndexOf('/') + 1)..]));
        return newest == current || isMost || isOfManifest || free.Contains(current, StringComparer.Ordinal) ? null : $"nothing but the number itself says that {current} is the right version";
    }

    private static async Task<string?> NewestAsync(ICheckout checkout, CancellationToken cancellationToken)
    {
        var changelog = (await checkout.ListAsync("", cancellationToken)).FirstOrDefault(entry => !entry.IsFolder && IsChangelog().IsMatch(entry.Path));
        return changelog is not null && await TextFile.ReadAsync(checkout, changelog.Path, cancellationToken) is { } file
            ? file.Lines.Select(line => ChangelogEntry().Match(line)).FirstOrDefault(match => match.Success)?.Groups["version"].Value
            : null;
    }

    private static string? Raise(TextFile file, string old, string current)
    {
        if (file.Lines.Any(line => VersionWord().IsMatch(line) && Literal(current).IsMatch(line)))
            return $"`{file.Path}` names {current} already";
        var literal = Literal(old);
        var lines = Enumerable.Range(1, file.Count).Where(line => literal.IsMatch(file[line])).ToList();
        foreach (var isMeant in new[] { VersionIs(), VersionWord() })
            if (lines.Count > 1 && lines.Exists(line => isMeant.IsMatch(file[line])))
                lines = [.. lines.Where(line => isMeant.IsMatch(file[line]))];
        if (lines is not [var only] || literal.Count(file[only]) != 1)
            return lines.Count == 0 ? $"`{file.Path}` does not name {old} in a way that is edited" : $"`{file.Path}` names {old} in more than one place";
        var match = literal.Match(file[only]);
        var at = match.Index + match.Groups["before"].Length;
        file[only] = file[only][..at] + current + file[only][(at + old.Length)..];
        return null;
    }

    private static Regex Literal(string version) => new($@"(?<before>^|[^\w.]|\bv){Regex.Escape(version)}(?:$|[^\w.+-]|\.(?:\W|$))", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    /// <returns><c>null</c> where they are not plain numbers with dots.</returns>
    private static int? Compare(string one, string other)
    {
        if (!Numbers().IsMatch(one) || !Numbers().IsMatch(other))
            return null;
        var (left, right) = (Parts(one), Parts(other));
        return left.Count == right.Count ? left.Zip(right, (a, b) => a.CompareTo(b)).FirstOrDefault(order => order != 0) : null;
    }

    private static List<int> Parts(string version) => [.. version.Split('.').Select(part => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture))];

    private const string Version = @"(?<version>\d+\.\d+(?:\.\d+)*(?:[-+.]?[A-Za-z][\w.+-]*\w|[a-z]\d*)?)";
    private const string File = @"(?<file>(?:[\w@.-]+/)*(?:[\w@-][\w@.-]*\.[A-Za-z]\w*|VERSION))";

    [GeneratedRegex(File + @"['""`]?(?:\s+version)?(?:[\s:=>()'""`|,-]|\b(?:has|is|says|at|with|version|declares|contains|holds|reports|got|found)\b){1,60}v?" + Version, RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FileThenVersion();

    [GeneratedRegex(File + @"['""`]?:? .{0,20}\bexpected (?:version )?['""`]?v?\d+\.\d+\.\d+\S{0,3}.{0,20}\b(?:found|got|but|is|was)\b.{0,15}?v?" + Version, RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ExpectedVersion();

    [GeneratedRegex(@"\bv?" + Version + @"['""`]?\s*(?:\(\s*|in\s+|from\s+|of\s+)(?:file\s+)?['""`]?" + File, RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionThenFile();

    [GeneratedRegex(@"(?i)\b(?:tag|expected|want(?:ed)?|should be|must be|instead of|release)(?:\s+version)?[\s:='""`(]+(?:refs/tags/)?v?" + Version, RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FreeVersion();

    [GeneratedRegex(@"^\d{1,6}(?:\.\d{1,6}){1,3}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Numbers();

    [GeneratedRegex(@"(?i)^\s*(?:(?:export\s+|public\s+|static\s+)*(?:const\s+|let\s+|var\s+)?[""']?[\w.-]*(?:version|release)[\w-]*[""']?\s*(?:[:=]|=>|:=)|<\w*version>)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionIs();

    [GeneratedRegex(@"(?i)version|release", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionWord();

    [GeneratedRegex(@"(?i)^(?:changelog|changes|history|news|release[-_]?notes)(?:\.\w+)?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsChangelog();

    [GeneratedRegex(@"(?i)^(?:[#=*\s]|version|release)*\[?v?(?<version>\d+\.\d+(?:\.\d+)*)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ChangelogEntry();

    [GeneratedRegex(@"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|[^/]*\.lock|[^/]*-lock\.ya?ml|uv\.lock|go\.sum)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IsLockFile();
}
