using QMoi.Fixers;
using QMoi.Handlers.Settings;

namespace QMoi.Tests.Settings;

/// <summary>The conditions of <c>.qmoi.yml</c>, one by one.</summary>
public sealed class ConditionTests
{
    private static readonly Facts Known = new()
    {
        Log = "npm error network\nread ECONNRESET\nnpm error\n",
        Branch = "release/1.0",
        TargetBranch = "main",
        Job = "test [1/3]",
        Author = "renovate[bot]",
        Failure = "npm-network-reset",
        Category = FailureCategory.AuthSecret,
        Fixer = "eslint-fixable",
        Risk = "low",
        IsFlaky = true,
        RetryPassRate = 0.6,
        Retries = 1,
        IsVerified = false,
        Confidence = 0.95,
        ChangedLines = 30,
        ChangedFiles = 2,
    };

    [Theory]
    [InlineData("log~=ECONNRESET", true), InlineData("log~=econnreset", false), InlineData("log~=(?i)econnreset", true), InlineData("log!~=ECONNRESET", false), InlineData("log!~=segfault", true)]
    [InlineData("log~=^read", true), InlineData("log~=network$", true), InlineData("log~=^error", false), InlineData("log ~=  read ECONN", true), InlineData("log~=error.*ECONN", false), InlineData("log~=npm|yarn", true)]
    [InlineData("branch=release/1.0", true), InlineData("branch=release/*", true), InlineData("branch=release", false), InlineData("branch!=release/*", false), InlineData("branch!=main", true), InlineData("branch=*", false)]
    [InlineData("branch~=^release/\\d", true), InlineData("branch!~=^v", true), InlineData("target_branch=main", true), InlineData("target_branch!=main", false)]
    [InlineData("job=test*", true), InlineData("job=test [1/3]", true), InlineData("job=Test*", false), InlineData("job=*3]", true), InlineData("job!=deploy*", true), InlineData("job~=test|lint", true)]
    [InlineData("author=renovate[bot]", true), InlineData("author=Renovate*", true), InlineData("author!=*[bot]", false)]
    [InlineData("failure=npm-*", true), InlineData("failure!=npm-*", false), InlineData("failure~=reset$", true), InlineData("fixer=eslint-fixable", true), InlineData("fixer=eslint", false)]
    [InlineData("category=auth_secret", true), InlineData("category!=auth_secret", false), InlineData("category=network", false), InlineData("risk=low", true), InlineData("risk!=high", true)]
    [InlineData("flaky=true", true), InlineData("flaky=false", false), InlineData("flaky!=false", true), InlineData("verified=true", false), InlineData("verified=false", true), InlineData("verified!=true", true)]
    [InlineData("retry_pass_rate>=0.6", true), InlineData("retry_pass_rate>0.6", false), InlineData("retry_pass_rate<=0.6", true), InlineData("retry_pass_rate<0.6", false), InlineData("retry_pass_rate=0.6", true), InlineData("retry_pass_rate!=0.6", false)]
    [InlineData("retries<2", true), InlineData("retries=1", true), InlineData("retries != 1", false), InlineData("confidence >= 1", false), InlineData("confidence>=.9", true), InlineData("changed_lines<=30", true), InlineData("changed_lines<30", false), InlineData("changed_files>2", false)]
    public void It_holds_or_not(string condition, bool holds) => Assert.Equal(holds, Condition.Parse(condition).Holds(Known));

    [Theory]
    [InlineData("log~=."), InlineData("log!~=x"), InlineData("branch=**"), InlineData("branch!=x"), InlineData("target_branch!=x"), InlineData("job=*"), InlineData("job!~=x"), InlineData("author!=x"), InlineData("failure!=x"), InlineData("category!=test")]
    [InlineData("fixer!=x"), InlineData("risk!=high"), InlineData("flaky=false"), InlineData("flaky!=true"), InlineData("verified!=true"), InlineData("retry_pass_rate>=0"), InlineData("retries<3"), InlineData("retries!=3"), InlineData("confidence<=1"), InlineData("changed_lines>=0"), InlineData("changed_files>=0")]
    public void What_is_not_known_fulfils_nothing(string condition) => Assert.False(Condition.Parse(condition).Holds(new()));

    [Theory]
    [InlineData("", "unknown key ''; did you mean 'log'?")]
    [InlineData("=main", "unknown key ''; did you mean 'log'?")]
    [InlineData("Branch=main", "unknown key 'Branch'; did you mean 'branch'?")]
    [InlineData("retrypassrate>1", "unknown key 'retrypassrate'; did you mean 'retry_pass_rate'?")]
    [InlineData("changed lines<3", "unknown key 'changed lines'; did you mean 'changed_lines'?")]
    [InlineData("flaky", "one of = != is wanted after 'flaky'")]
    [InlineData("flaky>true", "one of = != is wanted after 'flaky'")]
    [InlineData("flaky==true", "one of = != is wanted after 'flaky'")]
    [InlineData("flaky=yes", "'yes' is not one of true, false")]
    [InlineData("log=reset", "one of ~= !~= is wanted after 'log'")]
    [InlineData("log=~reset", "one of ~= !~= is wanted after 'log'")]
    [InlineData("log~=", "a value is wanted after '~='")]
    [InlineData("log~=(", "not a regular expression (InsufficientClosingParentheses at character 1)")]
    [InlineData("log~=a(?=b)", "a regular expression without look-around, back-references and huge repetitions is wanted")]
    [InlineData("log~=(a)\\1", "a regular expression without look-around, back-references and huge repetitions is wanted")]
    [InlineData("log~=((a{1000}){1000}){1000}", "a regular expression without look-around, back-references and huge repetitions is wanted")]
    [InlineData("branch>=main", "one of = != ~= !~= is wanted after 'branch'")]
    [InlineData("branch=release/{1,2}", "only *, ** and ? are wildcards; an exclusion is one ! at the beginning of an entry of a list")]
    [InlineData("branch=!main", "one of = != ~= !~= is wanted after 'branch'")]
    [InlineData("failure=NPM", "ids are lower-case words with hyphens; * stands for any part")]
    [InlineData("category=auth", "'auth' is not one of unknown, config, dependency, lint_format, compile, test, infrastructure, timeout, resource, auth_secret, network, vcs, security")]
    [InlineData("risk<=low", "one of = != is wanted after 'risk'")]
    [InlineData("risk=none", "'none' is not one of low, medium, high")]
    [InlineData("confidence~=0.9", "one of = != >= <= > < is wanted after 'confidence'")]
    [InlineData("confidence>=90%", "'90%' is not a number from 0 to 1")]
    [InlineData("confidence>=NaN", "'NaN' is not a number from 0 to 1")]
    [InlineData("confidence>=-0.1", "'-0.1' is not a number from 0 to 1")]
    [InlineData("retry_pass_rate=>0.5", "one of = != >= <= > < is wanted after 'retry_pass_rate'")]
    [InlineData("retries<1.5", "'1.5' is not a whole number from 0 to 2147483647")]
    [InlineData("changed_lines<=1e3", "'1e3' is not a whole number from 0 to 2147483647")]
    public void A_mistake_is_told_with_what_would_be_right(string condition, string complaint) =>
        Assert.Equal(complaint, Assert.Throws<FormatException>(() => Condition.Parse(condition)).Message);

    [Fact]
    public void A_pattern_has_at_most_500_characters()
    {
        Condition.Parse("log~=" + new string('a', 500));
        Assert.Equal("501 characters stand after '~='; at most 500 are read", Assert.Throws<FormatException>(() => Condition.Parse("log~=" + new string('a', 501))).Message);
    }

    [Fact]
    public void A_pattern_may_begin_with_the_signs_of_operators()
    {
        Assert.True(Condition.Parse("log~=<html>").Holds(new() { Log = "<html>" }));
        Assert.True(Condition.Parse("log~==+").Holds(new() { Log = "=====" }));
        Assert.False(Condition.Parse("log!~=!!").Holds(new() { Log = "it failed!!" }));
    }
}
