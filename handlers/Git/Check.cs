using System.Text.RegularExpressions;

namespace QMoi.Handlers.Git;

/// <summary>How much a check in a test says.</summary>
internal enum CheckStrength { AlwaysHolds, Loose, Exact }

/// <summary>One check in a test, or the values of one: a row of a parametrised test, a variable called <c>expected</c>.</summary>
/// <param name="text">As written.</param>
/// <param name="code">The same with comments and the insides of strings blanked.</param>
/// <param name="strings">What stands in its strings.</param>
internal sealed partial class Check(string text, string code, IReadOnlyList<string> strings)
{
    private readonly Lazy<string> words = new(() => Compact(code));

    public string Text => text;

    /// <summary><c>null</c> = no check but the values of one.</summary>
    public CheckStrength? Strength => ValuesOnly().IsMatch(words.Value) ? null : StrengthOf(words.Value.ToLowerInvariant());

    /// <summary>The numbers and strings in it, written the same way whatever the layout and the quotes.</summary>
    public IReadOnlyList<string> Values => MessageOnly().IsMatch(words.Value) ? [] : [.. strings.Select(Unescaped).Concat(Number().Matches(words.Value).Select(Plain))];

    // However a formatter spaced it, and without the types of generics, which are no comparisons.
    private static string Compact(string code) =>
        TypeArguments().Replace(SpaceBehind().Replace(SpaceBefore().Replace(Spaces().Replace(code, " "), "${mark}"), "${mark}"), "").Replace(",)", ")", StringComparison.Ordinal).Trim();

    private static CheckStrength StrengthOf(string words)
    {
        if (AlwaysHolds().IsMatch(words) || ComparesWithItself(words)) return CheckStrength.AlwaysHolds;
        var head = words.AsSpan(0, words.AsSpan().IndexOfAny("( {") is >= 0 and var end ? end : words.Length).TrimEnd('!');
        var asksForTruth = head[(head.LastIndexOfAny(".>:") + 1)..] is "assert" or "asserttrue" or "assert_true" or "istrue" or "true" or "ok" or "expect_true" or "check" or "require" or "xctassert" or "xctasserttrue" or "test_assert";
        return Loose().IsMatch(words) || (asksForTruth && !Comparison().IsMatch(words)) ? CheckStrength.Loose : CheckStrength.Exact;
    }

    private static bool ComparesWithItself(string words)
    {
        var (first, last) = (words.IndexOf('('), words.LastIndexOf(')'));
        var inner = first >= 0 && last > first && Comparing().IsMatch(words) ? words[(first + 1)..last] : words.StartsWith("assert ", StringComparison.Ordinal) ? words[7..] : "";
        var sides = inner.Contains("==", StringComparison.Ordinal) ? inner.Split("==") : inner.Split(',');
        return sides.Length == 2 && sides[0].Trim() is { Length: > 0 } side && side == sides[1].Trim() && side.All(character => char.IsLetterOrDigit(character) || character is '_' or '.');
    }

    private static string Unescaped(string text) => text.Replace("\\'", "'", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal);

    private static string Plain(Match match)
    {
        var number = match.Groups["number"].Value.Replace("_", "", StringComparison.Ordinal).Replace("e+", "e", StringComparison.OrdinalIgnoreCase).ToLowerInvariant().TrimEnd('l', 'u');
        if (number.Contains('.', StringComparison.Ordinal) && !number.Contains('e', StringComparison.Ordinal)) number = number.TrimEnd('f', 'd', 'm').TrimEnd('0').TrimEnd('.');
        // -2**3 is -(2**3), and black writes it so.
        return match.Groups["power"].Length > 0 ? number : match.Groups["sign"].Value + number;
    }

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    [GeneratedRegex(@"\s+", Options)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"(^|[^\w.])(?<sign>-?)(?<number>[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9]+|\w*))(?<power>(\*\*)?)", Options)]
    private static partial Regex Number();

    // Only the words change when somebody corrects a message.
    [GeneratedRegex(@"^(\w+(\(\))?\.(Error|Fatal|Fail)\w*|self\.fail|pytest\.fail|raise AssertionError)", Options)]
    private static partial Regex MessageOnly();

    [GeneratedRegex(@"^(\.each|parametrize|pytest\.param|InlineData|TestCase|DataRow|@CsvSource|@ValueSource|#\[case|(expected|want|golden)\w*(:=|=|:)[^=])", Options)]
    private static partial Regex ValuesOnly();

    [GeneratedRegex(@"\|\|true\b|\bor true\b|^[\w.]*expect\w*\((true|1|""*|\d+)\)|^[\w.!:$>#-]*(true|assert|check|require|expect|verify|ok)!?[( ]\(?(t,)?(true|1|not false|!false|1==1|0==0|true==true|true,is\.true)(,[^,]*)?\)*$|^[\w.!:$>#-]+\((t,)?(\d+,\d+|true,true|false,false|null,null|none,none)[,)]", Options)]
    private static partial Regex AlwaysHolds();

    [GeneratedRegex(@"\bnot\b|isnt\b|!=|\bin\b|\bor\b|\|\||[^=<>-]>[^>]|[^<]<[^<]|not_?(null|none|nil|equal|empty|same|zero|be)|non_?null|is_?not|\bneq?\b|_ne\b|\brefute|tobedefined|truthy|falsy|contain|greater|less|within|match|like\b|approx|close|near|is_?instance|instanceof|is_?type|typeof|is_?(some|ok|error|true|false)\b|assert_?(true|false)\b|\.(true|false)\(|tohavebeencalled\(|\.called\b|tothrow\w*\(\)|raises\((base)?exception|throwsany|no_?throw|no_?error|tomatchsnapshot|(==|\bis |\bbe |\bbe_|toequal\(|tobe\(|\beq[( ])(true|false|none|null|nil|undefined)\b|\((t,)?(true|false|null|nil|none),|,(true|false|null|nil|none)[,)]", Options)]
    private static partial Regex Loose();

    [GeneratedRegex(@"==|\beq\b|-eq\b|equal|\.is\(|same", Options)]
    private static partial Regex Comparison();

    [GeneratedRegex(@"eq|same|assert|expect|check|require", Options)]
    private static partial Regex Comparing();

    [GeneratedRegex(@" (?<mark>[^\w ])", Options)]
    private static partial Regex SpaceBefore();

    [GeneratedRegex(@"(?<mark>[^\w ]) ", Options)]
    private static partial Regex SpaceBehind();

    [GeneratedRegex(@"<[\w.,:*&?\[\] ]*>", Options)]
    private static partial Regex TypeArguments();
}
