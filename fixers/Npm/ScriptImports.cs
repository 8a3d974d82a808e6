using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>Where the repository's own sources import a module.</summary>
internal static partial class ScriptImports
{
    private const int MostFiles = 4000;
    private const int LongestFile = 512 * 1024;

    /// <summary>An import of the module as it is written.</summary>
    /// <param name="Column">From 0: where the name of the module begins, behind its quote.</param>
    public sealed record Import(TextFile File, int Line, int Column, string Specifier, bool IsRequire)
    {
        public string Path => File.Path;
    }

    /// <summary>Every import of exactly this module, or of a part of this package.</summary>
    public static async Task<IReadOnlyList<Import>> FindAsync(ICheckout checkout, IReadOnlyList<string> paths, string module, bool withParts, CancellationToken cancellationToken)
    {
        var pattern = new Regex(
            $@"(?:\bfrom\s*|\bimport\s*(?<call>\(\s*)?|\b(?<require>require(?:\.resolve)?)\s*\(\s*|\b(?:jest|vi)\.(?:mock|doMock|unmock|requireActual|importActual)\s*\(\s*)['""`](?<module>{Regex.Escape(module)}{(withParts ? "(?:/[^'\"`]*)?" : "")})['""`]",
            RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var found = new List<Import>();
        foreach (var path in paths.Where(path => Script().IsMatch(path) && !Foreign().IsMatch(path)).Take(MostFiles))
        {
            // A byte search first: nearly no file holds the name.
            if (await checkout.ReadAsync(path, cancellationToken) is not { } file || file.Content.Length > LongestFile
                || file.Content.Span.IndexOf(System.Text.Encoding.UTF8.GetBytes(module)) < 0 || TextFile.Of(file) is not { } text)
                continue;
            for (var line = 1; line <= text.Count; line++)
                foreach (Match match in Comment().IsMatch(text[line]) ? [] : pattern.Matches(text[line]).Cast<Match>())
                    found.Add(new Import(text, line, match.Groups["module"].Index, match.Groups["module"].Value, match.Groups["require"].Success));
        }

        return found;
    }

    /// <summary>Not part of what runs for users: tests, settings of tools, scripts of the repository.</summary>
    public static bool IsForDevelopment(string path) => Development().IsMatch(path);

    [GeneratedRegex(@"\.(?:[cm]?[jt]sx?|vue|svelte|astro)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Script();

    [GeneratedRegex(@"(?:^|/)(?:node_modules|dist|build|vendor|third_party|coverage|\.next|\.yarn)/|\.min\.js$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Foreign();

    [GeneratedRegex(@"^\s*(?://|\*|/\*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?:^|/)(?:tests?|__tests__|__mocks__|__fixtures__|specs?|e2e|cypress|scripts?|tools?|tooling|benchmarks?|\.storybook|\.github)/|\.(?:test|spec|e2e|cy|stories|bench)\.[cm]?[jt]sx?$|(?:^|/)[\w.-]*\.?(?:config|conf|setup)\.[cm]?[jt]s$|(?:^|/)\.\w+\.[cm]?js$|(?:^|/)(?:gulpfile|gruntfile|karma[\w.]*|webpack\.[\w.]+|rollup\.[\w.]+|test)\.[cm]?[jt]s$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Development();
}
