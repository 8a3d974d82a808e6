namespace QMoi.Fixers.Java;

/// <summary>
/// A semicolon is missing at the end of a line of Java. javac names the line of the last good word, so the semicolon goes behind what the line says. Unsafe where the line
/// leaves a bracket open or ends in a way that the statement goes on, and where there are mistakes of another kind too.
/// </summary>
public sealed class JavaMissingSemicolonFixer : IFixer
{
    public string FailureId => "java-missing-semicolon";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("other")).FirstOrDefault(message => message is not null) is { } other)
            return new FixResult.Declined($"there are mistakes of another kind too ({other}), so the semicolon may be a guess of the compiler");
        return await NamedPlaces.EditAsync(diagnosis, checkout, Add, files => $"Added the semicolon that was missing in {files}.", cancellationToken);
    }

    private static string? Add(NamedPlaces.Place place)
    {
        var line = place.Text;
        var (end, open) = Code(line);
        var last = end > 0 ? line[end - 1] : ' ';
        if (open || !(char.IsLetterOrDigit(last) || last is '_' or '$' or ')' or ']' or '"' or '\'' or '}' or '+' or '-') || (last is '+' or '-' && (end < 2 || line[end - 2] != last)))
            return $"`{place.File.Path}`, line {place.Line}: the semicolon is not simply missing at the end of the line";
        // Maven tells the column behind the last good word too.
        if (place.Column > 0 && place.Column - 1 != end && place.Column != end)
            return $"`{place.File.Path}`, line {place.Line}: something is missing at column {place.Column}, in the middle of the line";
        place.File[place.Line] = line.Insert(end, ";");
        return null;
    }

    /// <summary>Where the code of a line ends, before a comment, and whether it leaves a bracket or a text open.</summary>
    private static (int End, bool IsOpen) Code(string line)
    {
        var depth = 0;
        var quote = '\0';
        var end = 0;
        for (var index = 0; index < line.Length; index++)
        {
            var character = line[index];
            if (quote != '\0')
            {
                if (character == '\\')
                    index++;
                else if (character == quote)
                    quote = '\0';
                end = Math.Min(index + 1, line.Length);
                continue;
            }

            if (character == '/' && index + 1 < line.Length && line[index + 1] is '/' or '*')
                break;
            if (character is '"' or '\'')
                quote = character;
            else if (character is '(' or '[' or '{')
                depth++;
            else if (character is ')' or ']' or '}' && depth > 0)
                depth--;
            if (!char.IsWhiteSpace(character))
                end = index + 1;
        }

        return (end, depth > 0 || quote != '\0');
    }
}
