using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises names that no included header declares. Adds the include: the one that the compiler names, the well-known one of a standard name, or that of the only header of the
/// repository that declares the name. Corrects a name that the compiler knows in a very similar spelling.
/// Unsafe where the header is included already (a macro hides the name then) or several headers declare it: declined.
/// </summary>
public sealed partial class CUndeclaredNameFixer : IFixer
{
    private const int MostHeaders = 400;

    // Longer ones are data.
    private const int LongestLine = 1000;

    public string FailureId => "c-undeclared-name";

    private sealed record Finding(TextFile File, int Line, int Column, string Name, bool IsStd, string? Suggestion, string? Header);

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var (findings, reason) = await FindingsAsync(diagnosis, checkout, cancellationToken);
        if (findings.Count == 0)
            return new FixResult.Declined(reason ?? "the log names no place in the repository");

        var includes = new HashSet<(string Path, string Header)>();
        var files = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var finding in findings)
            if ((finding.Header ?? CStandardNames.HeaderOf(finding.Name, finding.IsStd, CSource.IsCpp(finding.File))) is { } header)
            {
                includes.Add((finding.File.Path, Matching(finding.File, header)));
                files[finding.File.Path] = finding.File;
            }

        // A header that gets the include passes it on.
        includes.RemoveWhere(include => files.Values.Any(header => header.Path != include.Path && includes.Contains((header.Path, include.Header)) && CIncludes.Has(files[include.Path], $"\"{header.Path[(header.Path.LastIndexOf('/') + 1)..]}\"")));
        // What else is not declared often follows from a type that was not known.
        if (includes.Count > 0)
            return Added(includes, files);
        var renamed = findings.Where(finding => finding.Suggestion is { } suggestion && Slip.Of(finding.Name, suggestion)).ToList();
        if (renamed.Count == findings.Count)
            return Renamed(renamed);
        if (renamed.Count > 0)
            return new FixResult.Declined($"`{findings.First(finding => !renamed.Contains(finding)).Name}` is declared nowhere that the compiler looks, and no known name is near to it");
        return await OwnHeaderAsync(findings, checkout, cancellationToken);
    }

    private static FixResult Added(HashSet<(string Path, string Header)> includes, Dictionary<string, TextFile> files)
    {
        foreach (var (path, header) in includes)
            if (CIncludes.Has(files[path], header))
                return new FixResult.Declined($"`{path}` includes `{header}` already; a macro or the language standard hides the name");
        foreach (var (path, header) in includes.OrderBy(include => include.Header, StringComparer.Ordinal))
            CIncludes.Add(files[path], header);
        return Done(files.Values, $"Included {Quoted(includes.Select(include => include.Header))} in {Quoted(includes.Select(include => include.Path))}.");
    }

    private static FixResult Renamed(List<Finding> renamed)
    {
        foreach (var finding in renamed.DistinctBy(finding => (finding.File.Path, finding.Line, finding.Name)).OrderByDescending(finding => finding.Line))
        {
            if (!finding.File.Has(finding.Line))
                return new FixResult.Declined($"`{finding.File.Path}` has no line {finding.Line}; the log is of another version of it");
            var masked = CodeMask.Of(finding.File, CodeKind.C);
            if (CSource.PlaceOf(masked[finding.Line - 1], finding.File[finding.Line], finding.Column, finding.Name) is null)
                return new FixResult.Declined($"`{finding.Name}` does not stand in line {finding.Line} of `{finding.File.Path}`");
            // C names each undeclared name once in a function.
            for (var line = finding.Line; line <= finding.File.Count && !(line > finding.Line && masked[line - 1].StartsWith('}')); line++)
                Rename(finding.File, line, masked[line - 1], finding.Name, finding.Suggestion!);
        }

        var names = renamed.Select(finding => $"`{finding.Name}` to `{finding.Suggestion}`").Distinct(StringComparer.Ordinal);
        return Done(renamed.Select(finding => finding.File).Distinct(), $"Corrected {string.Join(", ", names)} in {Quoted(renamed.Select(finding => finding.File.Path))}.");
    }

    private static void Rename(TextFile file, int line, string masked, string name, string suggestion)
    {
        foreach (var at in CodeMask.Places(masked, name).Reverse())
            file[line] = file[line].Remove(at, name.Length).Insert(at, suggestion);
    }

    private static async Task<FixResult> OwnHeaderAsync(List<Finding> findings, ICheckout checkout, CancellationToken cancellationToken)
    {
        var paths = await checkout.ListAllAsync(cancellationToken);
        var headers = new List<(string Path, string[] Masked)>();
        foreach (var path in paths.Where(IsHeader).Take(MostHeaders))
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } header)
                headers.Add((path, CodeMask.Of(header, CodeKind.C)));

        var includes = new HashSet<(string Path, string Header)>();
        var files = new Dictionary<string, TextFile>(StringComparer.Ordinal);
        foreach (var finding in findings.DistinctBy(finding => (finding.File.Path, finding.Name)))
        {
            var declares = new Regex(
                $@"^\s*(?:[A-Za-z_][\w\s:*&<>,]*[\s*&])?\b{finding.Name}\s*\([^;{{]*\)?[^;{{]*;|^\s*#\s*define\s+{finding.Name}\b|^\s*(?:class|struct|enum(?:\s+class)?)\s+{finding.Name}\s*(?:\{{|:|$)|^\s*(?:typedef\b.*|\}}\s*){finding.Name}\s*;|^\s*using\s+{finding.Name}\s*=",
                RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            var found = headers.Where(header => header.Path != finding.File.Path && header.Masked.Any(line => line.Length <= LongestLine && declares.IsMatch(line))).Select(header => header.Path).ToList();
            if (found is not [var only])
                return new FixResult.Declined(found.Count == 0
                    ? $"no header of the repository or of the standard library declares `{finding.Name}`"
                    : $"`{finding.Name}` is declared in {Quoted(found)}");
            if (await NameForAsync(finding.File, only, paths, checkout, cancellationToken) is not { } name)
                return new FixResult.Declined($"`{finding.Name}` is declared in `{only}`, and it is not plain by what path to include that");
            includes.Add((finding.File.Path, name));
            files[finding.File.Path] = finding.File;
        }

        return Added(includes, files);
    }

    // How others include the header, or its bare name beside the source.
    private static async Task<string?> NameForAsync(TextFile file, string header, IReadOnlyList<string> paths, ICheckout checkout, CancellationToken cancellationToken)
    {
        var folder = FolderOf(file.Path);
        if (folder == FolderOf(header))
            return $"\"{header[(folder.Length == 0 ? 0 : folder.Length + 1)..]}\"";
        var used = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var path in paths.Where(path => IsSource(path) && path != file.Path && FolderOf(path) == folder).Take(MostHeaders))
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is { } other)
                foreach (var line in other.Lines)
                    if (IncludeOf().Match(line) is { Success: true } match && $"/{header}".EndsWith("/" + match.Groups["path"].Value.TrimStart('.', '/'), StringComparison.Ordinal))
                        used.Add(match.Groups["name"].Value);
        return used.Count == 1 ? used.Min : null;
    }

    private static async Task<(List<Finding> Findings, string? Reason)> FindingsAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        // The note names the header, in the file where it is missing.
        var notes = new Dictionary<(string, string), string>();
        foreach (var note in diagnosis.Matches)
            if (note.Captures.TryGetValue("header", out var header) && note.Captures.TryGetValue("file", out var file) && note.Captures.TryGetValue("defined", out var name))
                notes.TryAdd((file, WithoutStd(name)), header);

        var findings = new List<Finding>();
        var files = new Dictionary<string, TextFile?>(StringComparer.Ordinal);
        string? reason = null;
        foreach (var match in diagnosis.Matches)
        {
            if (match.Captures.ContainsKey("header") || !match.Captures.TryGetValue("file", out var named) || !match.Captures.TryGetValue("name", out var name)
                || !int.TryParse(match.Captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line))
                continue;
            if (!files.TryGetValue(named, out var file))
                files[named] = file = await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } path
                    ? files.Values.FirstOrDefault(other => other?.Path == path) ?? await TextFile.ReadAsync(checkout, path, cancellationToken) : null;
            if (file is null)
            {
                reason ??= $"`{named}` is not a file of the repository";
                continue;
            }

            var column = int.TryParse(match.Captures.GetValueOrDefault("column"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            findings.Add(new Finding(file, line, column, WithoutStd(name), match.Captures.ContainsKey("std"), match.Captures.GetValueOrDefault("suggestion"), notes.GetValueOrDefault((named, WithoutStd(name)))));
        }

        return (findings, reason);
    }

    private static FixResult Done(IEnumerable<TextFile> files, string summary)
    {
        var changed = files.Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0 ? new FixResult.Declined("nothing is left to repair in the files that the log names") : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), summary);
    }

    // The compilers name <stdint.h> also where a file has <cstdint> and its like; one kind in a file is enough.
    private static string Matching(TextFile file, string header) =>
        header.StartsWith("<c", StringComparison.Ordinal) && !header.Contains('.', StringComparison.Ordinal) && CIncludes.Has(file, $"<{header[2..^1]}.h>") ? $"<{header[2..^1]}.h>" : header;

    private static string WithoutStd(string name) => name.StartsWith("std::", StringComparison.Ordinal) ? name[5..] : name;

    private static bool IsHeader(string path) => path.EndsWith(".h", StringComparison.Ordinal) || path.EndsWith(".hpp", StringComparison.Ordinal) || path.EndsWith(".hh", StringComparison.Ordinal) || path.EndsWith(".hxx", StringComparison.Ordinal);

    private static bool IsSource(string path) => IsHeader(path) || path.EndsWith(".c", StringComparison.Ordinal) || path.EndsWith(".cc", StringComparison.Ordinal) || path.EndsWith(".cpp", StringComparison.Ordinal) || path.EndsWith(".cxx", StringComparison.Ordinal);

    private static string FolderOf(string path) => path.LastIndexOf('/') is >= 0 and var at ? path[..at] : "";

    private static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => $"`{name}`"));

    [GeneratedRegex(@"^\s*#\s*include\s*(?<name>[<""](?<path>[^>""]+)[>""])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex IncludeOf();
}
