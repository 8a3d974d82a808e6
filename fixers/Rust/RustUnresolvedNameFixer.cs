using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Cpp;

namespace QMoi.Fixers.Rust;

/// <summary>
/// Recognises names that rustc does not find and knows a remedy for: one import, or a name in a very similar spelling. Adds that import, or corrects the name.
/// Unsafe where several imports would do, or where the name is not plainly a slip: declined.
/// </summary>
public sealed partial class RustUnresolvedNameFixer : IFixer
{
    public string FailureId => "rust-unresolved-name";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var errors = RustErrors.Of(diagnosis, "name");
        var merged = errors.Select(error => error.Error with { Captures = WithRemedy(error.Error, error.Below) }).DistinctBy(error => (error.Captures["file"], error.Captures["line"], error.Captures["column"])).ToList();
        var (places, reason) = await NamedPlaces.FindAsync(diagnosis with { Matches = merged }, checkout, cancellationToken);
        if (reason is not null)
            return new FixResult.Declined(reason);
        var imports = new HashSet<(TextFile File, int At, string Import)>();
        foreach (var place in places.OrderByDescending(place => place.Line).ThenByDescending(place => place.Column))
            if ((place.File.Has(place.Line) ? place.Capture("import") is { } import ? Note(place, import, imports) : Rename(place) : $"`{place.File.Path}` has no line {place.Line}; the log is of another version of it") is { } refusal)
                return new FixResult.Declined(refusal);
        // New lines last: they move all that stands below.
        foreach (var (file, at, import) in imports.OrderByDescending(import => import.At).ThenBy(import => import.Import, StringComparer.Ordinal))
            Import(file, at, import);
        var changed = places.Select(place => place.File).Distinct().Where(file => file.IsChanged).OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("nothing is left to repair in the files that the log names")
            : new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Imported what was missing, or corrected names, in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static Dictionary<string, string> WithRemedy(SignatureMatch error, IReadOnlyList<SignatureMatch> below)
    {
        var captures = new Dictionary<string, string>(error.Captures, StringComparer.Ordinal);
        var uses = new HashSet<string>(StringComparer.Ordinal);
        var isImport = false;
        foreach (var match in below)
        {
            if (match.Captures.TryGetValue("offer", out var offer))
                isImport = !offer.Contains("similar", StringComparison.Ordinal);
            if (match.Captures.TryGetValue("suggestion", out var suggestion))
                captures.TryAdd("suggestion", suggestion);
            if (isImport && match.Captures.TryGetValue("use", out var use) && uses.Add(use))
                captures.TryAdd("at", match.Captures["at"]);
            if (offer?.Contains("similar", StringComparison.Ordinal) == true)
                captures["similar"] = "yes";
        }

        if (uses.Count == 1)
            captures["import"] = uses.First();
        else if (uses.Count > 1)
            captures["several"] = string.Join(", ", uses.Select(use => $"`{use}`"));
        return captures;
    }

    private static string? Note(NamedPlaces.Place place, string import, HashSet<(TextFile, int, string)> imports)
    {
        var file = place.File;
        if (!int.TryParse(place.Capture("at"), NumberStyles.None, CultureInfo.InvariantCulture, out var at) || !file.Has(at) || at > place.Line || !place.Text.Contains(place.Capture("name")!, StringComparison.Ordinal))
            return $"line {place.Line} of `{file.Path}` is not what the log is about; the log is of another version of it";
        if (file.Lines.Skip(at - 1).Take(place.Line - at).Contains(file.Indent(at) + import, StringComparer.Ordinal))
            return $"`{file.Path}` has `{import}` already";
        imports.Add((file, at, import));
        return null;
    }

    private static void Import(TextFile file, int at, string import)
    {
        var indent = file.Indent(at);
        var uses = new List<int>();
        for (var line = at; line <= file.Count && (string.IsNullOrWhiteSpace(file[line]) || (file.Indent(line) == indent && SimpleUse().IsMatch(file[line]))); line++)
            if (!string.IsNullOrWhiteSpace(file[line]))
                uses.Add(line);
        var alike = uses.Where(line => Root(file[line]) == Root(import)).ToList();
        if (alike.Count > 0)
            file.Insert(alike.Find(line => Compare(file[line].Trim(), import) > 0) is > 0 and var next ? next : alike[^1] + 1, indent + import);
        else if (uses.Count > 0 || UseBegins().IsMatch(file[at]))
            file.Insert(at, indent + import);
        else
            file.Insert(at, string.IsNullOrWhiteSpace(file[at]) ? [indent + import] : [indent + import, ""]);
    }

    private static string? Rename(NamedPlaces.Place place)
    {
        var name = place.Capture("name")!;
        if (place.Capture("several") is { } several)
            return $"for `{name}` in `{place.File.Path}` more than one import would do: {several}";
        var masked = CodeMask.Of(place.File, CodeKind.Rust);
        var line = masked[place.Line - 1];
        var places = CodeMask.Places(line, name).ToList();
        // "{total}" names a variable inside a text.
        var isInText = place.Column > 1 && place.Column <= place.Text.Length && string.CompareOrdinal(place.Text, place.Column - 2, "{" + name, 0, name.Length + 1) == 0;
        var at = isInText ? place.Column - 1 : places is [var only] ? only : places.Contains(place.Column - 1) ? place.Column - 1 : -1;
        if (at < 0)
            return $"`{name}` does not stand in line {place.Line} of `{place.File.Path}`; the log is of another version of it";
        var near = place.Capture("suggestion") is { } suggestion ? [suggestion] : place.Capture("similar") is null ? [] : Near(masked, name);
        if (near is not [var right] || !Slip.Of(name, right))
            return $"`{name}` in line {place.Line} of `{place.File.Path}` is not found, and neither one import nor one very similar name is known for it";
        place.File[place.Line] = place.Text.Remove(at, name.Length).Insert(at, right);
        return null;
    }

    private static List<string> Near(string[] masked, string name) =>
        [.. masked.SelectMany(line => Word().Matches(line).Select(match => match.Value)).Distinct(StringComparer.Ordinal).Where(word => Slip.Of(name, word))];

    private static string Root(string use) => UsePath().Match(use).Groups["path"].Value.Split("::")[0];

    // As rustfmt sorts: self, super, crate, then names in small letters before types before constants.
    private static int Compare(string one, string other)
    {
        var (first, second) = (UsePath().Match(one).Groups["path"].Value.Split("::"), UsePath().Match(other).Groups["path"].Value.Split("::"));
        for (var at = 0; at < Math.Min(first.Length, second.Length); at++)
        {
            var difference = Rank(first[at]).CompareTo(Rank(second[at]));
            if ((difference != 0 ? difference : string.CompareOrdinal(first[at], second[at])) is not 0 and var found)
                return found;
        }

        return first.Length.CompareTo(second.Length);
    }

    private static int Rank(string segment) => segment switch
    {
        "self" => 0,
        "super" => 1,
        "crate" => 2,
        "" or "*" => 6,
        _ when segment[0] == '{' => 7,
        _ when !char.IsUpper(segment[0]) => 3,
        _ => segment.Any(char.IsLower) ? 4 : 5,
    };

    [GeneratedRegex(@"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+[^;]*;\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SimpleUse();

    [GeneratedRegex(@"^\s*(?:pub(?:\([^)]*\))?\s+)?use\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UseBegins();

    [GeneratedRegex(@"\buse\s+(?:::)?(?<path>[^;]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UsePath();

    [GeneratedRegex(@"[A-Za-z_]\w*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
