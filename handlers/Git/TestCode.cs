using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Handlers.Git;

/// <summary>What a source file tests. Comments do not count, nor do the insides of strings: a test that is commented out is gone. It reads words and brackets, not a
/// grammar, so that a file with syntax errors is read too; the same code in another layout gives the same answer.</summary>
internal sealed partial class TestCode
{
    private const int MaxCheck = 8000;
    private const int MaxQuoted = 80;

    private TestCode(string code, Language language)
    {
        Code = code;
        Tests = [.. language.Tests.Matches(code).Select(match => OneLine(match.Value))];
    }

    /// <summary>The text with comments and the insides of strings blanked.</summary>
    public string Code { get; }

    public IReadOnlyList<string> Tests { get; }
    public IReadOnlyList<Check> Checks { get; private init; } = [];

    /// <summary><c>null</c> where the path is no source file of a known language.</summary>
    public static TestCode? Read(string path, string text)
    {
        if (Languages.FirstOrDefault(language => language.IsOf(path)) is not { } language) return null;
        var (code, strings) = Blank(text, language);
        return new TestCode(code, language) { Checks = ReadChecks(text, code, strings, language) };
    }

    public static bool IsSource(string path) => Languages.Any(language => language.IsOf(path));

    /// <summary>By its name alone a test, a fixture or something else that only tests use.</summary>
    public static bool IsTestPath(string path) => IsTestName(path) || TestFolder().IsMatch(path);

    /// <summary>Named the way test runners look for.</summary>
    public static bool IsTestName(string path) => TestName().IsMatch(path[(path.LastIndexOf('/') + 1)..]);

    /// <summary>One line of at most 80 characters, to be shown to people.</summary>
    public static string OneLine(string text)
    {
        var line = new StringBuilder();
        foreach (var character in text.Trim())
        {
            if (line.Length >= MaxQuoted) return line.Append('…').ToString();
            if (!char.IsWhiteSpace(character) && !char.IsControl(character)) line.Append(character);
            else if (line.Length > 0 && line[^1] != ' ') line.Append(' ');
        }
        return line.ToString();
    }

    private static List<Check> ReadChecks(string text, string code, IReadOnlyList<Range> strings, Language language)
    {
        var checks = new List<Check>();
        var nextString = 0;
        for (var match = language.Checks.Match(code); match.Success;)
        {
            var end = Math.Max(End(code, match.Index), match.Index + match.Length);
            while (nextString < strings.Count && strings[nextString].Start.Value < match.Index) nextString++;
            var quoted = strings.Skip(nextString).TakeWhile(range => range.End.Value <= end).Select(range => text[range]);
            checks.Add(new Check(text[match.Index..end].Trim(), code[match.Index..end], [.. quoted]));
            match = language.Checks.Match(code, end);
        }
        return checks;
    }

    // A statement ends where a line or the bracket around it does, not where a formatter broke it.
    private static int End(string code, int start)
    {
        var depth = 0;
        for (var at = start; at < code.Length && at < start + MaxCheck; at++)
        {
            if (code[at] is '(' or '[' or '{') depth++;
            else if (code[at] is ')' or ']' or '}' && --depth < 0) return at;
            else if (depth == 0 && (code[at] == ';' || (code[at] == '\n' && !GoesOn(code, start, at)))) return at;
        }
        return Math.Min(code.Length, start + MaxCheck);
    }

    private static bool GoesOn(string code, int start, int lineEnd)
    {
        var before = code.AsSpan(start, lineEnd - start).TrimEnd();
        var after = code.AsSpan(lineEnd, Math.Min(400, code.Length - lineEnd)).TrimStart();
        return (before.Length > 0 && before[^1] is '\\' or ',' or '.' or '=' or '&' or '|' or '+' or '<')
            || (after.Length > 0 && (after[0] is '.' or '&' or '|' || after.StartsWith("->") || after.StartsWith("?.") || after.StartsWith("<<") || after.StartsWith("==")));
    }

    private static (string Code, IReadOnlyList<Range> Strings) Blank(string text, Language language)
    {
        var code = text.ToCharArray();
        var strings = new List<Range>();
        var unclosed = new Dictionary<char, int>(); // no string of this quote begins before the place: without it, a line of \" would be read once for each of them
        for (var at = 0; at < text.Length; at++)
        {
            if (CommentEnd(text, at, language) is { } commentEnd)
            {
                Hide(code, at, commentEnd);
                at = commentEnd - 1;
            }
            else if (text[at] is '"' or '\'' or '`' && at >= unclosed.GetValueOrDefault(text[at]))
            {
                if (StringEnd(text, at, language, unclosed) is not { } found) continue;
                Hide(code, found.Start, found.End);
                strings.Add(found.Start..found.End);
                at = found.End + found.Quotes - 1;
            }
        }
        return (new string(code), strings);
    }

    private static void Hide(char[] code, int start, int end)
    {
        for (var at = start; at < end; at++)
            if (code[at] != '\n') code[at] = ' ';
    }

    private static int? CommentEnd(string text, int at, Language language)
    {
        if (text[at] == '/' && language.Comments.Contains('/', StringComparison.Ordinal) && string.CompareOrdinal(text, at, "/*", 0, 2) == 0)
            return text.IndexOf("*/", at + 2, StringComparison.Ordinal) is >= 0 and var end ? end + 2 : text.Length;
        var isLine = language.Comments.Any(mark => mark == text[at]) && text[at] switch
        {
            '/' or '-' => at + 1 < text.Length && text[at + 1] == text[at],
            '#' => (at == 0 || char.IsWhiteSpace(text[at - 1])) && (at + 1 >= text.Length || text[at + 1] != '['),
            _ => true,
        };
        return !isLine ? null : text.IndexOf('\n', at) is >= 0 and var lineEnd ? lineEnd : text.Length;
    }

    private static (int Start, int End, int Quotes)? StringEnd(string text, int at, Language language, Dictionary<char, int> unclosed)
    {
        var quote = text[at];
        var isTriple = quote != '`' && at + 2 < text.Length && text[at + 1] == quote && text[at + 2] == quote;
        if (isTriple)
            return text.IndexOf(new string(quote, 3), at + 3, StringComparison.Ordinal) is >= 0 and var close ? (at + 3, close, 3) : (at + 3, text.Length, 0);
        var isCharacter = quote == '\'' && language.QuotesAreCharacters && at + 1 < text.Length && text[at + 1] != '\\';
        var end = at + 1;
        for (; end < text.Length && (text[end] != '\n' || quote == '`'); end++)
        {
            if (isCharacter && end > at + 2) return null;
            if (text[end] == quote) return (at + 1, end, 1);
            if (text[end] == '\\') end++;
        }
        unclosed[quote] = end;
        return null;
    }

    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline;

    /// <param name="files">By the end of the path: too simple to take long, backtracking or not.</param>
    /// <param name="comments">What begins a comment: <c>/</c> for <c>//</c> and <c>/* */</c>, <c>-</c> for <c>--</c>, else the character itself.</param>
    /// <param name="tests">Where a test begins, or a row of one.</param>
    /// <param name="checks">Where a check begins.</param>
    /// <remarks>An expression that never backtracks takes some 10 ms to make: only those of the languages that occur are.</remarks>
    private sealed class Language(string files, string comments, bool quotesAreCharacters, string tests, string checks)
    {
        private readonly Regex files = new($"(?:{files})$", (Options & ~RegexOptions.NonBacktracking) | RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1));
        private readonly Lazy<Regex> tests = new(() => new Regex(tests, Options));
        private readonly Lazy<Regex> checks = new(() => new Regex($@"{checks}|\b(expected|want|golden)\w*\s*(:=|=|:)\s*[^=\s]", Options));

        public string Comments => comments;

        public bool QuotesAreCharacters => quotesAreCharacters;

        public Regex Tests => tests.Value;

        public Regex Checks => checks.Value;

        public bool IsOf(string path) => files.IsMatch(path);
    }

    private static readonly IReadOnlyList<Language> Languages =
    [
        new(@"\.[cm]?[jt]sx?|\.vue|\.svelte", "/", false,
            @"(^|[^.\w$])[xf]?(it|test|describe|context|suite|specify|bench)(\.\w+)*\s*[(`]",
            @"\bexpect\w*(\.\w+)*\s*[(<]|\bassert(\.\w+)*\s*\(|\bt\.(is|not|true|false|truthy|falsy|equal|same|ok|notOk|deepEqual|throws\w*|like|regex)\s*\(|\.should\b|\.each\s*[(`]"),
        new(@"\.pyi?", "#", false,
            @"\bdef\s+test\w*\s*\(|\bclass\s+Test\w*|\bparametrize\s*\(|\bpytest\.param\s*\(",
            @"\bassert(\w*\s*\(|\b)|\bself\.fail\w*\s*\(|\bpytest\.(raises|warns|fail)\b|\braise\s+AssertionError|\bparametrize\s*\(|\bpytest\.param\s*\("),
        new(@"\.(cs|fs|vb|razor)", "/", true,
            @"[\[<,]\s*(Fact|Theory|Test|TestMethod|DataTestMethod|TestCase|TestCaseSource|InlineData|MemberData|ClassData|DataRow|Property)(Attribute)?\b",
            @"\bAssert(\.\w+)+\s*(<[^()\n;]*>)?\s*\(|\.Should\w*\s*\(|\.Verify\w*\s*\(|\b(InlineData|TestCase|DataRow)\s*\("),
        new(@"\.(java|kts?|scala|groovy)", "/", true,
            @"@(Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property|CsvSource|ValueSource|MethodSource|EnumSource)\b|(^|[^.\w])(it|test|describe|should)\s*\(\s*""|""\s+(should|in|must)\b",
            @"\bassert\w*\s*[({]|\bassert\s|\bverify\w*\s*\(|\bshould(Be|Have|Throw|Equal|Not|Contain)\w*|@(CsvSource|ValueSource)\s*\("),
        new(@"\.go", "/", true,
            @"\bfunc\s+(\(\w+\s+\*?\w+\)\s*)?(Test|Benchmark|Fuzz|Example)\w*\s*\(|\b[tb]\.Run\s*\(",
            @"\b(assert|require)\.\w+\s*\(|\b(t|b|tb|f|T\(\))\.(Error|Fatal|Fail)\w*\s*\(|\bExpect\w*\s*\("),
        new(@"\.rs", "/", true,
            @"#\[\s*(\w+::)*(test|rstest|test_case|case|bench|quickcheck|wasm_bindgen_test|proptest)\b",
            @"\b(debug_|prop_)?assert\w*!|#\[\s*case\s*\("),
        new(@"\.(c|h|cc|cpp|cxx|c\+\+|hpp|hh|hxx|inl|cu|m|mm)", "/", true,
            @"\b(TYPED_|PARAM_)?TEST(_\w+)?\s*\(|\b(SCENARIO|SECTION|GIVEN|WHEN|THEN|SUBCASE|START_TEST|INSTANTIATE_TEST_SUITE_P|BOOST_\w*TEST_CASE|CPPUNIT_TEST|RUN_TEST|Test)\s*\(",
            @"\b(EXPECT|ASSERT|CHECK|REQUIRE|BOOST_(CHECK|REQUIRE|TEST|WARN)|TEST_ASSERT|CPPUNIT_ASSERT|QCOMPARE|QVERIFY|XCTAssert|ck_assert|cr_assert|assert|static_assert)\w*\s*\("),
        new(@"\.(rb|rake)|_spec\.cr", "#", false,
            @"(^|[^.\w])[xf]?(it|describe|context|specify|scenario|feature|example|test|should)\s*(\(|""|'|\{|\bdo\b)|\bdef\s+test_\w+",
            @"\bexpect\s*[({]|\bassert\w*|\brefute\w*|\.should(_not)?\b|\bis_expected\b|\.(must|wont)_\w+"),
        new(@"\.(php|phpt)", "/#", false,
            @"\bfunction\s+test\w*|#\[\s*(Test|DataProvider|TestWith)\b|(^|[^.\w>$])(it|test|describe)\s*\(",
            @"(->|::)assert\w*\s*\(|\bexpect\s*\(|->expect\w*\s*\(|\bassert\s*\("),
        new(@"\.swift", "/", true, @"\bfunc\s+test\w*|@Test\b|@Suite\b", @"\bXCT\w+\s*\(|#(expect|require)\s*\("),
        new(@"\.dart", "/", false, @"(^|[^.\w])(test|testWidgets|group)\s*\(", @"\bexpect\w*\s*\(|\bassert\s*\("),
        new(@"\.exs?|\.erl", "#%", false, @"\b(test|describe|property|doctest)\s+(""|\w)|\w+_test_?\(\)", @"\b(assert|refute)\w*|\?assert\w*"),
        new(@"\.bats|\.(ba|z|k)?sh", "#", false, @"^\s*@test\b|^\s*(function\s+)?test\w*\s*\(\)", @"\b(assert|refute)\w*|^\s*(run\s+)?\[\[?\s"),
        new(@"CMakeLists\.txt|\.cmake", "#", false, @"(?i:\b(add_test|add_subdirectory|gtest_discover_tests|gtest_add_tests|catch_discover_tests|doctest_discover_tests|enable_testing)\s*\()", @"(?i:\badd_test\s*\()"),
        new(@"\.(hs|lua|sql)", "-", false, @"(^|[^.\w])(it|describe|prop|context)\s*(\(|"")|\btest(Case|_)\w*|\bprop_\w+", @"\bassert\w*|\bshould\w+|@\?="),
        new(@"\.(r|jl|pl|t|pm)", "#", true, @"\btest_that\s*\(|@testset\b|\bsubtest\b|\btest_\w+", @"\bexpect_\w+\s*\(|@test\w*|(^|[^.\w$@%])(ok|is|isnt|like|is_deeply|cmp_ok)\s*\("),
        new(@"\.clj[cs]?", ";", true, @"\((deftest|testing)\b", @"\((is|are)\b"),
    ];

    [GeneratedRegex(@"(^|/)(tests?|__tests?__|specs?|e2e|testing|unit-?tests?|integration-?tests?|features|testdata|__snapshots__|[\w.-]+[._-]tests?|[\w.]+Tests?|[\w-]+UITests)/", Options)]
    private static partial Regex TestFolder();

    [GeneratedRegex(@"^test_.*\.py$|_tests?\.(go|py|exs?|rb|c|cc|cpp|cxx|dart|php|sh|rs|jl|erl|lua)$|[._-](test|spec|cy|e2e)\.[cm]?[jt]sx?$|(Tests?|IT|Spec|TestCase)\.(java|kt|scala|groovy|cs|fs|vb|swift|php|m)$|^Test\w*\.(java|kt|php)$|_spec\.(rb|lua|cr)$|\.(bats|t|phpt|feature)$|^(conftest|tests)\.py$|^tests?[_-].*\.(c|cc|cpp|cxx|sh|rb|R|r|js|jl)$|Spec\.hs$", Options)]
    private static partial Regex TestName();
}
