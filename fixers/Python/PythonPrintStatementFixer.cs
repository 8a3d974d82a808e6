using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>Puts the brackets around what simple print statements of Python 2 print. Unsafe where the file holds more of Python 2: then it is for another Python, not wrong.</summary>
public sealed partial class PythonPrintStatementFixer : IFixer
{
    public string FailureId => "python-print-statement";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var found = await NamedPlaces.FindAsync(diagnosis, checkout, cancellationToken);
        if (found.Reason is { } reason)
            return new FixResult.Declined(reason);
        var files = found.Places.Select(place => place.File).Distinct().OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        foreach (var file in files)
            if (Repair(file) is { } refusal)
                return new FixResult.Declined(refusal);
        return new FixResult.Fixed(new Patch([.. files.Select(file => file.ToEdit())]), $"Made the print statements of {string.Join(", ", files.Select(file => $"`{file.Path}`"))} calls.");
    }

    private static string? Repair(TextFile file)
    {
        var source = PythonSource.Of(file);
        for (var line = 1; line <= file.Count; line++)
        {
            if (OfPython2().IsMatch(source.Code(line)) || (line == 1 && file[1].Contains("python2", StringComparison.Ordinal)))
                return $"`{file.Path}`, line {line}, is Python 2 as well; the file is written for it";
            if (!source.IsStatement(line) || Statement().Match(source.Code(line)) is not { Success: true } match)
                continue;
            var what = match.Groups["what"];
            if (source.EndOf(line) == line && what.Length == 0)
            {
                file[line] = file[line].Insert(match.Groups["head"].Length, "()");
                continue;
            }
            if (source.EndOf(line) != line || what.Value[0] is '>' || what.Value.TrimEnd() is [.., ',' or '\\' or ';'] || what.Value.Contains(';', StringComparison.Ordinal))
                return $"the print statement of `{file.Path}`, line {line}, is more than a simple one";
            var end = what.Index + what.Value.TrimEnd().Length;
            file[line] = $"{file[line][..match.Groups["head"].Length]}({file[line][what.Index..end]}){file[line][end..]}";
        }

        return file.IsChanged ? null : $"`{file.Path}` has no print statement left";
    }

    [GeneratedRegex(@"^(?<head>\s*(?:(?:if|else|elif|for|while|try|except|finally|with)\b[^:]*:\s*)?print)(?:\s+(?<what>[^\s(=.,)\]].*)|(?<what>["">].*)|\s*(?<what>)$)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Statement();

    [GeneratedRegex(@"^\s*except\s+[\w.()]+\s*,\s*\w+\s*:|^\s*raise\s+[\w.]+\s*,|\b(?:xrange|raw_input|unicode|basestring)\s*\(|\.(?:iteritems|itervalues|iterkeys|has_key)\s*\(|^\s*exec\s+[""'\w]|<>|\burllib2\b|\b0[0-7]+\b|\bprint\s*>>", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OfPython2();
}
