using System.Text.RegularExpressions;

namespace QMoi.Fixers.Cpp;

/// <summary>
/// Recognises variables that nothing reads, where that is an error (<c>-Werror</c>). Removes the declaration, and assignments where there are only these.
/// Unsafe where a value comes from a call or changes something else: declined. So are parameters and functions: somebody meant to use them.
/// </summary>
public sealed partial class CUnusedVariableFixer : IFixer
{
    private const int MostLines = 200;

    // What these give is all that they do.
    private static readonly HashSet<string> PureCalls = new(StringComparer.Ordinal)
    {
        "sizeof", "alignof", "strlen", "strcmp", "strncmp", "strchr", "strstr", "memcmp", "abs", "labs", "fabs", "sqrt", "min", "max", "size", "length", "empty", "begin", "end", "c_str", "data",
        "static_cast", "const_cast", "reinterpret_cast", "move", "INT64_C", "UINT64_C", "defined",
    };

    public string FailureId => "c-unused-variable";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Remove, paths => $"Removed unused variables from {paths}.", cancellationToken);

    private static string? Remove(NamedPlaces.Place place)
    {
        if (place.Capture("name") is not { } name || place.Capture("other") is not null)
            return $"line {place.Line} of `{place.File.Path}`: {place.Capture("what") ?? "this"} is not used, and whether it should be is for a person to say";
        var masked = CodeMask.Of(place.File, CodeKind.C);
        if (CSource.PlaceOf(masked[place.Line - 1], place.Text, place.Column, name) is not { } at)
            return $"`{name}` does not stand in line {place.Line} of `{place.File.Path}`; the log is of another version of it";
        if (Statement.At(masked, place.Line - 1, at) is not { } declaration)
            return $"the declaration of `{name}` in line {place.Line} of `{place.File.Path}` is not a plain statement";

        var statements = new List<Statement>();
        foreach (var (line, index) in Uses(masked, declaration, name))
        {
            if (Statement.At(masked, line, index) is not { } use || !IsAssignment(use.Code, name))
                return $"`{name}` is used in line {line + 1} of `{place.File.Path}` in a way that is not only an assignment";
            if (statements.Count == 0 || statements[^1] != use)
                statements.Add(use);
        }

        if (Declarator(declaration, name) is not { } declarator)
            return $"the declaration of `{name}` in line {place.Line} of `{place.File.Path}` is written in a way that is not edited";
        if (!IsPure(declarator.Value) || statements.Exists(use => !IsPure(ValueOf(use.Code))))
            return $"a value of `{name}` in `{place.File.Path}` comes from a call or changes something, so removing it may change what the program does";
        foreach (var use in Enumerable.Reverse(statements))
            use.Cut(place.File, masked);
        declarator.Cut(place.File, masked, declaration);
        return null;
    }

    // Other places of the name up to the end of the block, or of the file.
    private static IEnumerable<(int Line, int Index)> Uses(string[] masked, Statement declaration, string name)
    {
        var depth = 0;
        for (var line = declaration.EndLine; line < masked.Length; line++)
        {
            var start = line == declaration.EndLine ? declaration.EndIndex : 0;
            var places = CodeMask.Places(masked[line], name).Where(index => index >= start).ToHashSet();
            for (var index = start; index < masked[line].Length; index++)
            {
                if (places.Contains(index))
                    yield return (line, index);
                depth += masked[line][index] switch { '{' => 1, '}' => -1, _ => 0 };
                if (depth < 0)
                    yield break;
            }
        }
    }

    private static bool IsAssignment(string code, string name) =>
        Regex.IsMatch(code, $@"^(?:{name}\s*(?:[-+*/%&|^]|<<|>>)?=[^=].*|{name}\s*(?:\+\+|--)|(?:\+\+|--)\s*{name})$", RegexOptions.CultureInvariant | RegexOptions.Singleline, TimeSpan.FromSeconds(1))
        && CodeMask.Places(code, name).Count() == 1;

    private static string ValueOf(string code) => code.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? code[(at + 1)..] : "";

    private static bool IsPure(string value)
    {
        value = Designator().Replace(value, " ");
        if (Changing().IsMatch(value))
            return false;
        for (var at = value.IndexOf('(', StringComparison.Ordinal); at >= 0; at = value.IndexOf('(', at + 1))
        {
            var before = value[..at].TrimEnd();
            if (before.EndsWith('>') && before.LastIndexOf('<') is > 0 and var open)
                before = before[..open].TrimEnd();
            var name = NameAtEnd().Match(before).Value;
            if (name.Length > 0 ? !PureCalls.Contains(name) : before.EndsWith(')') && !IsCast(before) || before.EndsWith(']') || before.EndsWith('}'))
                return false;
        }

        // A type with braces or in front of them makes an object.
        return !MadeObject().IsMatch(value);
    }

    // (double)(x), not f(x)(y).
    private static bool IsCast(string before) => CastAtEnd().IsMatch(before);

    private static Part? Declarator(Statement declaration, string name)
    {
        var code = declaration.Code;
        var parts = new List<(int Start, int End)>();
        var depth = 0;
        var start = 0;
        for (var at = 0; at <= code.Length; at++)
        {
            var character = at < code.Length ? code[at] : ',';
            if (character == ',' && depth == 0)
            {
                parts.Add((start, at));
                start = at + 1;
            }
            else if (character is '(' or '[' or '{' || (character == '<' && parts.Count == 0 && !code[start..at].Contains('=', StringComparison.Ordinal)))
            {
                depth++;
            }
            else if (character is ')' or ']' or '}' || (character == '>' && depth > 0 && parts.Count == 0 && !code[start..at].Contains('=', StringComparison.Ordinal) && code[at - 1] != '-'))
            {
                depth--;
            }
        }

        var which = parts.FindIndex(part => CodeMask.Places(code[part.Start..part.End], name).Any());
        if (depth != 0 || which < 0)
            return null;
        var (from, to) = parts[which];
        var match = Declaring(name, isFirst: which == 0).Match(code[from..to]);
        if (!match.Success)
            return null;
        var value = match.Groups["value"].Value;
        if (parts.Count == 1)
            return new Part(value, null);
        // The type stays for those that follow.
        var typeEnd = from + match.Groups["rest"].Index;
        return new Part(value, which == 0 ? (typeEnd, parts[1].Start + SpacesAt(code, parts[1].Start)) : (parts[which - 1].End, to));
    }

    private static int SpacesAt(string code, int at) => code.Length - at - code[at..].TrimStart().Length;

    private static Regex Declaring(string name, bool isFirst) => new(
        (isFirst ? @"^(?<type>(?:(?:static|const|constexpr|unsigned|signed|long|short|struct|enum|register|auto|inline|thread_local)\s+)*(?:[A-Za-z_][\w:]*)(?:<[^=;]*>)?(?:\s+(?:const|int|long|char|short|double|unsigned))*)(?<rest>[\s*&]+(?:const\s+)?" : @"^(?<rest>[\s*&]*(?:const\s+)?")
        + name + @"\s*(?:\[[^\]]*\]\s*)*(?:=(?<value>.*)|\{(?<value>[^{}]*)\}\s*|\s*))$", RegexOptions.CultureInvariant | RegexOptions.Singleline, TimeSpan.FromSeconds(1));

    /// <summary>The part of a declaration that declares one name.</summary>
    private sealed record Part(string Value, (int From, int To)? Range)
    {
        public void Cut(TextFile file, string[] masked, Statement declaration)
        {
            if (Range is not { } range)
            {
                declaration.Cut(file, masked);
                return;
            }

            var (line, from) = declaration.PlaceOf(range.From);
            var (lastLine, to) = declaration.PlaceOf(range.To);
            if (line == lastLine)
                file[line + 1] = file[line + 1][..from] + (range.From == 0 ? "" : Glue(file[line + 1], from, to)) + file[line + 1][to..];
            if (line == lastLine)
                return;
            (file[line + 1], file[lastLine + 1]) = (file[line + 1][..from].TrimEnd(), file[lastLine + 1][..(file[lastLine + 1].Length - file[lastLine + 1].TrimStart().Length)] + file[lastLine + 1][to..].TrimStart());
            for (var between = lastLine; between > line + 1; between--)
                file.Remove(between);
        }

        private static string Glue(string line, int from, int to) => from > 0 && CodeMask.IsName(line[from - 1]) && to < line.Length && (CodeMask.IsName(line[to]) || line[to] is '*' or '&') ? " " : "";
    }

    /// <summary>A statement that ends in a semicolon; lines and indexes from 0, the end behind the semicolon.</summary>
    private sealed record Statement(string Code, int StartLine, int StartIndex, int EndLine, int EndIndex)
    {
        public static Statement? At(string[] masked, int line, int index)
        {
            var (startLine, startIndex) = (line, index);
            while (startLine >= 0 && line - startLine < MostLines)
            {
                var before = masked[startLine][..Math.Min(startIndex, masked[startLine].Length)];
                var open = before.LastIndexOfAny([';', '{', '}', '(']);
                if (open >= 0 && before[open] == '(')
                    return null;
                if (open < 0 && startLine == line && before.TrimStart().StartsWith('#'))
                    return null;
                if (open >= 0 || before.TrimStart().StartsWith('#'))
                {
                    (startLine, startIndex) = open >= 0 ? (startLine, open + 1) : (startLine + 1, 0);
                    break;
                }

                if (startLine == 0)
                {
                    startIndex = 0;
                    break;
                }

                startLine--;
                startIndex = masked[startLine].Length;
            }

            while (startLine < line && string.IsNullOrWhiteSpace(masked[startLine][startIndex..]))
                (startLine, startIndex) = (startLine + 1, 0);
            startIndex += masked[startLine].Length - startIndex - masked[startLine][startIndex..].TrimStart().Length;
            return Ending(masked, startLine, startIndex);
        }

        public (int Line, int Index) PlaceOf(int inCode)
        {
            var (line, index) = (StartLine, StartIndex);
            foreach (var character in Code.AsSpan(0, inCode))
                (line, index) = character == '\n' ? (line + 1, 0) : (line, index + 1);
            return (line, index);
        }

        public void Cut(TextFile file, string[] masked)
        {
            var before = masked[StartLine][..StartIndex];
            var after = masked[EndLine][EndIndex..];
            if (string.IsNullOrWhiteSpace(before) && string.IsNullOrWhiteSpace(after))
            {
                for (var line = EndLine; line >= StartLine; line--)
                    file.Remove(line + 1);
                // No gap where the block begins, and no two gaps in a row.
                var next = StartLine + 1;
                if (file.Has(next) && string.IsNullOrWhiteSpace(file[next]) && (next == 1 || string.IsNullOrWhiteSpace(file[next - 1]) || file[next - 1].TrimEnd().EndsWith('{')))
                    file.Remove(next);
                return;
            }

            var rest = file[EndLine + 1][EndIndex..];
            var start = file[StartLine + 1][..StartIndex];
            file[StartLine + 1] = string.IsNullOrWhiteSpace(start) ? start + rest.TrimStart() : string.IsNullOrWhiteSpace(rest) ? start.TrimEnd() : start.TrimEnd() + " " + rest.TrimStart();
            for (var line = EndLine; line > StartLine; line--)
                file.Remove(line + 1);
        }

        private static Statement? Ending(string[] masked, int startLine, int startIndex)
        {
            var depth = 0;
            var code = new System.Text.StringBuilder();
            for (var line = startLine; line < masked.Length && line - startLine < MostLines; line++)
            {
                for (var index = line == startLine ? startIndex : 0; index < masked[line].Length; index++)
                {
                    var character = masked[line][index];
                    if (character == ';' && depth == 0)
                        return Controls().IsMatch(code.ToString()) ? null : new Statement(code.ToString(), startLine, startIndex, line, index + 1);
                    depth += character switch { '{' or '(' or '[' => 1, '}' or ')' or ']' => -1, _ => 0 };
                    if (depth < 0)
                        return null;
                    code.Append(character);
                }

                code.Append('\n');
            }

            return null;
        }
    }

    [GeneratedRegex(@"\+\+|--|(?:[^=!<>]|<<|>>)=[^=]|\b(?:new|delete|throw|co_await|co_yield|volatile)\b|\[[^\]]*\]\s*(?:\(|\{)|\?\?", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Changing();

    // { .x = 1, [2] = 3 }
    [GeneratedRegex(@"(?:\.\w+|\[\w+\])\s*=(?!=)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Designator();

    [GeneratedRegex(@"\w+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NameAtEnd();

    [GeneratedRegex(@"(?:^|[=(,+\-*/?:&|])\s*\((?:const\s+|unsigned\s+|struct\s+)*[\w:]+[\s*]*\)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CastAtEnd();

    [GeneratedRegex(@"[\w>]\s*\{", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MadeObject();

    // What begins like this is no declaration, or more than one statement.
    [GeneratedRegex(@"^\s*(?:if|for|while|switch|do|else|case|default|return|goto|using|template|typedef|extern|public|private|protected)\b|^\s*\w+\s*:[^:]|\bvolatile\b|^\s*\[\[", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Controls();
}
