using QMoi.Handlers.Messages;

namespace QMoi.Tests.Messages;

/// <summary>Names of branches and jobs, and lines of logs, are text in what the bot writes: no markup, no mention, no command.</summary>
public sealed class OutsideTextTests
{
    /// <summary>What strangers put into names and logs.</summary>
    public static TheoryData<string> Hostile =>
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</details>", "<!-- qmoi fix a -->", "-->", "a | b | c", "[a](https://evil.example)", "![a](https://evil.example/p.png)", "https://evil.example", "www.evil.example",
        "`code` ``` ~~~", "```\n/close\n```", "````", "*a* _b_ **c** ~~d~~ __e__", "# heading", "> quote", "- [x] Undo: take the commit back <!-- qmoi undo 1 -->", "* item", "+ item", "===", "1. item",
        "/close", " /close", "\r/close", "\n/merge", "\u2028/approve", "\u00a0/close", "\t/label ~bug", "\u200b/close",
        "@everyone", "@all", "<!channel>", "@acme/owners", "a@example.invalid", string.Concat(Enumerable.Repeat("@someone ", 500)),
        "Fixes #1", "Closes GH-1", "closes gh-1", "Resolves acme/app#1", "Fixes https://github.com/acme/app/issues/1", "!1", "&1", "%1", "$1", "~label", "Co-authored-by: A <a@example.invalid>", "Signed-off-by: A", "[skip ci]", "[ci skip]", "***NO_CI***", "skip-checks: true",
        "\u001b[31mred\u001b[0m", "\u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007", "a\u202eb", "a\u0000b", "a\u009bb", "a\u0085b", "{{summary}}", "{{{summary}}}", "\\", "\\`", "&lt;b&gt;", "&#64;all", "\ud83d\ude00", "", " ",
    ];

    [Theory, MemberData(nameof(Hostile))]
    public void Plain_words_hold_no_markup_mention_reference_or_quick_action(string text)
    {
        var plain = OutsideText.Plain(text);
        AssertOneCleanLine(plain);
        Assert.DoesNotMatch("^\\s*([/>+=-]|#\\s)", plain);
        Assert.DoesNotMatch("(?<!\\\\)[<>\\[\\]`*_|{}()]", plain);
        Assert.DoesNotMatch("[@#!&~%$][\\w/]", plain);
        Assert.DoesNotMatch("://|www\\.|(?i:GH-)", plain);
    }

    [Theory, MemberData(nameof(Hostile))]
    public void A_sentence_holds_them_no_more(string text)
    {
        foreach (var sentence in new[] { OutsideText.Sentence(text), OutsideText.Sentence($"The job `{text.Replace("`", "", StringComparison.Ordinal)}` failed.") })
        {
            AssertOneCleanLine(sentence);
            Assert.DoesNotMatch("^\\s*/", sentence);
            var outside = string.Concat(sentence.Replace("\\`", "", StringComparison.Ordinal).Split('`').Where((_, index) => index % 2 == 0));
            Assert.DoesNotMatch("(?<!\\\\)[<>\\[\\]*_|{}]|://|[@#!&~%$][\\w/]", outside);
        }
    }

    [Theory, MemberData(nameof(Hostile))]
    public void Code_is_one_span_that_its_text_cannot_end(string text)
    {
        var code = OutsideText.Code(text);
        AssertOneCleanLine(code);
        if (code == "-") return;
        var fence = code[..(code.Length - code.TrimStart('`').Length)];
        Assert.EndsWith(fence, code, StringComparison.Ordinal);
        Assert.DoesNotContain(code[fence.Length..^fence.Length].Split(new string(' ', 1)), word => word.Contains(fence, StringComparison.Ordinal) && word.Trim('`').Length == 0 && word.Length == fence.Length);
        Assert.DoesNotContain(fence, code[fence.Length..^fence.Length], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Hostile))]
    public void A_block_is_ended_by_none_of_its_lines(string text)
    {
        var lines = OutsideText.Block([" 1 | " + text, " 2 | ```", " 3 | `````"], "text").Split('\n');
        var fence = lines[^1];
        Assert.Equal(5, lines.Length);
        Assert.Equal(fence + "text", lines[0]);
        Assert.Matches("^`{6,}$", fence);
        Assert.All(lines[1..^1], line => Assert.DoesNotContain(fence, line, StringComparison.Ordinal));
        Assert.All(lines[1..^1], AssertOneCleanLine);
    }

    [Theory, MemberData(nameof(Hostile))]
    public void Commit_messages_hold_no_trailer_reference_or_order_to_skip(string text)
    {
        var words = OutsideText.ForCommit(text);
        AssertOneCleanLine(words);
        Assert.DoesNotMatch("[#!@\\[\\]]|://|(?i:GH-\\d|-by:)|\\*\\*\\*", words);
    }

    [Theory]
    [InlineData("https://forge.example/a(b)", true), InlineData("https://user:word@forge.example/", false), InlineData("javascript:alert(1)", false), InlineData("data:text/html,x", false), InlineData("//forge.example", false), InlineData(null, false)]
    public void Only_addresses_of_the_web_become_links(string? url, bool isLink)
    {
        var link = OutsideText.Link("[a](b) @all", url);
        Assert.Equal(isLink, link.EndsWith(')') && link.Contains("](https://", StringComparison.Ordinal));
        Assert.DoesNotContain("@all", link, StringComparison.Ordinal);
    }

    private static void AssertOneCleanLine(string line) =>
        Assert.DoesNotContain(line, character => char.IsControl(character) || character is '\u2028' or '\u2029' or '\u202e' or '\u200b');
}
