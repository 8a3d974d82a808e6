using System.Text.RegularExpressions;

namespace QMoi.Fixers.Python;

/// <summary>Adds the colon at the end of a line that opens a block. Unsafe where the line holds more than the head of a block, or no deeper line follows.</summary>
public sealed partial class PythonMissingColonFixer : IFixer
{
    public string FailureId => "python-missing-colon";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Added the colon that was missing in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        var refusal = Repair(place.File, place.Line);
        // Python names only the first. What is deeper than the line above can only be its block.
        for (var line = 1; refusal is null && line <= place.File.Count; line++)
            if (PythonSource.Of(place.File).IsStatement(line))
                Repair(place.File, line);
        return refusal;
    }

    private static string? Repair(TextFile file, int line)
    {
        var source = PythonSource.Of(file);
        var start = source.StartOf(line);
        var end = source.EndOf(start);
        var head = string.Join(' ', Enumerable.Range(start, end - start + 1).Select(source.Code)).TrimEnd();
        if (head.EndsWith(':'))
            return $"`{file.Path}`, line {end}, ends with a colon already";
        if (!Head().IsMatch(head) || head.EndsWith('\\') || Odd().IsMatch(head))
            return $"`{file.Path}`, line {line}, is not simply the head of a block";
        var next = source.Next(end);
        if (next == 0 || PythonIndentation.Width(file.Indent(next), PythonIndentation.PythonTab) <= PythonIndentation.Width(file.Indent(start), PythonIndentation.PythonTab))
            return $"no deeper line follows line {end} of `{file.Path}`";
        var place = source.Code(end).TrimEnd().Length;
        file[end] = file[end][..place] + ":" + file[end][place..];
        return null;
    }

    [GeneratedRegex(
        @"^\s*(?:(?:else|try|finally)|(?:if|elif|while|match|case|with|async\s+with)\b.*\S|(?:async\s+)?for\s.+\sin\b.*\S|except(?:\s*\*)?(?:\s.+)?|(?:async\s+)?def\s+\w+\s*(?:\[[^\]]*\])?\s*\(.*\)(?:\s*->\s*\S.*)?|class\s+\w+\s*(?:\[[^\]]*\])?\s*(?:\(.*\))?)\s*$",
        RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Head();

    // Two things side by side without an operator, a single "=", or what other languages write there.
    [GeneratedRegex(
        @"[\w)\]}""']\s+(?:then|do)\b\s*$|[{;]\s*$|&&|\|\||[^=!<>:+\-*/%&|^@(,\w\s]\s*=\s*[^=\s]{0}$|\)\s+(?:print|return|raise|pass|self|continue|break|yield)\b",
        RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Odd();
}
