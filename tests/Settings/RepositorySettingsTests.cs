using QMoi.Handlers.Settings;
using static QMoi.Tests.Settings.RepositoryFile;

namespace QMoi.Tests.Settings;

/// <summary>What someone writes into <c>.qmoi.yml</c>, and what the bot makes of it.</summary>
public sealed class RepositorySettingsTests
{
    [Fact]
    public void Every_key_of_the_contract_is_read()
    {
        var settings = Good(Whole);
        Assert.Equal((true, false), (settings.Enabled, settings.DryRun));

        Assert.Equal(2, settings.Retry.MaxAttempts);
        Assert.Equal(["network", "known-flaky"], settings.Retry.Rules.Select(rule => rule.Name));
        Assert.Equal(["flaky=true", "retry_pass_rate>=0.6"], settings.Retry.Rules[1].When.Select(condition => condition.ToString()));
        Assert.True(settings.Retry.Rules[0].Fits(new() { Log = "read: Connection Reset by peer\n", Branch = "main" }));
        Assert.False(settings.Retry.Rules[0].Fits(new() { Log = "read: Connection Reset by peer\n", Branch = "release/1.0" }));

        Assert.Equal(["rules", "recipes", "llm"], settings.Fix.Order);
        Assert.Equal(["*", "!eslint-fixable"], settings.Fix.Rules);
        Assert.Equal((Delivery.Commit, Delivery.MergeRequest, 2), (settings.Fix.ForMergeRequest, settings.Fix.ForDefaultBranch, settings.Fix.MaxAttempts));
        Assert.Equal(["main", "release/*"], settings.Fix.ProtectedBranches);
        Assert.NotNull(settings.Fix.AutoApply);
        Assert.True(settings.Fix.AutoApply.Fits(new() { IsVerified = true, Confidence = 0.9, ChangedLines = 30 }));
        Assert.False(settings.Fix.AutoApply.Fits(new() { IsVerified = true, Confidence = 0.9, ChangedLines = 31 }));
        Assert.True(settings.Fix.AutoApply.AllowsPath("src/app.cs"));
        Assert.False(settings.Fix.AutoApply.AllowsPath("db/migrations/0001.sql"));
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("# nothing yet\n"), InlineData("\uFEFF"), InlineData("{}"), InlineData("fix: {}\nretry: {}\n"), InlineData("fix: { deliver: {} }"), InlineData("version: 1\n")]
    public void What_is_not_written_has_its_default(string? yaml)
    {
        var settings = yaml is null ? RepositorySettings.Parse(null) : Good(yaml);
        Assert.Equal((true, false, null), (settings.Enabled, settings.DryRun, settings.Retry.MaxAttempts));
        Assert.Empty(settings.Retry.Rules);
        Assert.Equal(["rules", "recipes", "llm"], settings.Fix.Order);
        Assert.Equal((Delivery.MergeRequest, Delivery.MergeRequest), (settings.Fix.ForMergeRequest, settings.Fix.ForDefaultBranch));
        Assert.Null(settings.Fix.AutoApply);
        Assert.Null(settings.Fix.MaxAttempts);
        Assert.True(settings.Fix.Allows("npm-ci-lockfile-out-of-sync"));
        Assert.False(settings.Fix.IsProtected("main"));
    }

    [Theory]
    [InlineData("commit", Delivery.Commit), InlineData("suggestion", Delivery.Suggestion), InlineData("merge_request", Delivery.MergeRequest), InlineData("comment", Delivery.Comment)]
    public void Every_delivery_has_its_word(string word, Delivery delivery)
    {
        Assert.Equal((delivery, Delivery.MergeRequest), Of($"fix: {{ deliver: {{ merge_request: {word} }} }}"));
        Assert.Equal((Delivery.MergeRequest, delivery), Of($"fix: {{ deliver: {{ default_branch: {word} }} }}"));

        static (Delivery, Delivery) Of(string yaml) => (Good(yaml).Fix.ForMergeRequest, Good(yaml).Fix.ForDefaultBranch);
    }

    [Theory]
    [InlineData("retry: { max_attempts: 0 }"), InlineData("retry: { max_attempts: 3 }"), InlineData("fix: { max_attempts: 1 }"), InlineData("fix: { max_attempts: 2 }")]
    [InlineData("fix: { order: [] }"), InlineData("fix: { order: [llm] }"), InlineData("fix: { rules: [] }"), InlineData("fix: { protected_branches: [] }"), InlineData("retry: { rules: [] }")]
    [InlineData("fix: { auto_apply: { when: ['risk=low'] } }"), InlineData("---\nversion: 1\n...\n"), InlineData("version: 1\r\nenabled: true\r\n"), InlineData("'retry': { \"max_attempts\": 2 }")]
    [InlineData("mirror: { anything: [goes, { here: ~ }] }\ncommands:\nnotify: ~\nllm: 3\nextends: x\n"), InlineData("fix:\n  rules:\n    - >-\n      npm-*\n"), InlineData("enabled: !!bool true")]
    public void This_is_fine(string yaml) => Good(yaml);

    public static TheoryData<string, string> Mistakes => new()
    {
        // keys
        { "version: 1\nenabeld: true", "line 2: enabeld: unknown key; did you mean 'enabled'?" },
        { "version: 1\n\nretry:\n  # twice\n\n\n  max_atempts: 2", "line 7: retry.max_atempts: unknown key; did you mean 'max_attempts'?" },
        { "retry:\n  rules:\n    - name: a\n      when: ['flaky=true']\n    - nam: b", "line 5: retry.rules[1].nam: unknown key; did you mean 'name'?" },
        { "fix:\n  delivery: {}", "line 2: fix.delivery: unknown key; did you mean 'deliver'?" },
        { "fix:\n  deliver:\n    mergerequest: commit", "line 3: fix.deliver.mergerequest: unknown key; did you mean 'merge_request'?" },
        { "fix: { auto_apply: { when: ['risk=low'],\n path: [] } }", "line 2: fix.auto_apply.path: unknown key; did you mean 'paths'?" },
        { "Enabled: true", "line 1: Enabled: unknown key; did you mean 'enabled'?" },
        { "fix:\n  rules: []\n  order: []\n  rules: []", "line 4: fix.rules: duplicate key; it stands in line 2 already" },
        { "enabled: true\nenabled: true", "line 2: enabled: duplicate key; it stands in line 1 already" },
        { "mirror:\n  pair: 1\n  pair: 2", "line 3: mirror.pair: duplicate key; it stands in line 2 already" },
        { "? [a]\n: b", "line 1: a key has to be one word" },
        // types
        { "- version", "line 1: a list stands where keys and values are wanted" },
        { "version", "line 1: 'version' stands where keys and values are wanted" },
        { "version: 2", "line 1: version: only 1 is known" },
        { "enabled: yes", "line 1: enabled: 'yes' is not one of true, false" },
        { "dry_run: [true]", "line 1: dry_run: a list is not one of true, false" },
        { "retry:", "line 1: retry: '' stands where keys and values are wanted" },
        { "retry:\n  - max_attempts", "line 2: retry: a list stands where keys and values are wanted" },
        { "retry: { rules: { name: a } }", "line 1: retry.rules: a map stands where a list is wanted" },
        { "retry: { rules: [flaky] }", "line 1: retry.rules[0]: 'flaky' stands where keys and values are wanted" },
        { "retry: { rules: [{ name: [a], when: ['flaky=true'] }] }", "line 1: retry.rules[0].name: a list stands where one line of text is wanted" },
        { "retry: { rules: [{ name: '', when: ['flaky=true'] }] }", "line 1: retry.rules[0].name: '' stands where one line of text is wanted" },
        { "retry: { rules: [{ name: \"a\\nb\", when: ['flaky=true'] }] }", "line 1: retry.rules[0].name: 'ab' stands where one line of text is wanted" },
        { "retry: { rules: [{ name: a, when: 'flaky=true' }] }", "line 1: retry.rules[0].when: 'flaky=true' stands where a list is wanted" },
        { "fix: { deliver: commit }", "line 1: fix.deliver: 'commit' stands where keys and values are wanted" },
        { "fix: { auto_apply: true }", "line 1: fix.auto_apply: 'true' stands where keys and values are wanted" },
        { "fix: { rules: '*' }", "line 1: fix.rules: '*' stands where a list is wanted" },
        // what is missing
        { "retry:\n  rules:\n    - name: a", "line 3: retry.rules[0]: the key 'when' is missing" },
        { "retry:\n  rules:\n    - when: ['flaky=true']", "line 3: retry.rules[0]: the key 'name' is missing" },
        { "fix: { auto_apply: {} }", "line 1: fix.auto_apply: the key 'when' is missing" },
        { "fix: { auto_apply: { when: [] } }", "line 1: fix.auto_apply.when: 0 entries are not 1 to 10" },
        // ranges
        { "retry:\n  max_attempts: 4", "line 2: retry.max_attempts: '4' is not a whole number from 0 to 3" },
        { "retry:\n  max_attempts: -1", "line 2: retry.max_attempts: '-1' is not a whole number from 0 to 3" },
        { "retry: { max_attempts: two }", "line 1: retry.max_attempts: 'two' is not a whole number from 0 to 3" },
        { "retry: { max_attempts: 99999999999999999999 }", "line 1: retry.max_attempts: '99999999999999999999' is not a whole number from 0 to 3" },
        { "fix: { max_attempts: 0 }", "line 1: fix.max_attempts: '0' is not a whole number from 1 to 2" },
        { "fix: { max_attempts: 3 }", "line 1: fix.max_attempts: '3' is not a whole number from 1 to 2" },
        { "fix: { max_attempts: 1.5 }", "line 1: fix.max_attempts: '1.5' is not a whole number from 1 to 2" },
        { "fix: { order: [rules, recipe] }", "line 1: fix.order[1]: 'recipe' is not one of rules, recipes, llm" },
        { "fix: { order: [llm, llm] }", "line 1: fix.order: each of rules, recipes, llm may stand once" },
        { "fix: { order: [rules, recipes, llm, rules] }", "line 1: fix.order: 4 entries are not 0 to 3" },
        { "fix: { deliver: { default_branch: push } }", "line 1: fix.deliver.default_branch: 'push' is not one of commit, suggestion, merge_request, comment" },
        // patterns
        { "fix: { rules: ['ESLint'] }", "line 1: fix.rules[0]: 'ESLint': ids are lower-case words with hyphens; * stands for any part" },
        { "fix: { rules: ['!'] }", "line 1: fix.rules[0]: '!': ids are lower-case words with hyphens; * stands for any part" },
        { "fix: { protected_branches: ['release/[0-9]'] }", "line 1: fix.protected_branches[0]: 'release/[0-9]': only *, ** and ? are wildcards; an exclusion is one ! at the beginning of an entry of a list" },
        { "fix: { auto_apply: { when: ['risk=low'], paths: ['!!a'] } }", "line 1: fix.auto_apply.paths[0]: '!!a': only *, ** and ? are wildcards; an exclusion is one ! at the beginning of an entry of a list" },
        { "fix: { auto_apply: { when: ['risk=low'], paths: ['src/'] } }", "line 1: fix.auto_apply.paths[0]: 'src/': a name or path without / at its ends is wanted, such as src/**" },
        { "fix: { auto_apply: { when: ['risk=low'], paths: ['!/src'] } }", "line 1: fix.auto_apply.paths[0]: '!/src': a name or path without / at its ends is wanted, such as src/**" },
        // conditions
        { "retry:\n  rules:\n    - name: a\n      when:\n        - flaky=true\n        - brnch=main", "line 6: retry.rules[0].when[1]: 'brnch=main': unknown key 'brnch'; did you mean 'branch'?" },
        { "fix: { auto_apply: { when: ['confidence>=2'] } }", "line 1: fix.auto_apply.when[0]: 'confidence>=2': '2' is not a number from 0 to 1" },
        // YAML
        { "a: 'x", "line 1: While scanning a quoted scalar, found unexpected end of stream." },
        { "enabled: &a true\ndry_run: *a", "line 2: dry_run: aliases are not read here; text that begins with * needs quotes" },
        { "fix:\n  rules:\n    - !eslint-fixable", "line 3: fix.rules[0]: '!eslint-fixable' is a tag to YAML; text that begins with ! needs quotes" },
        { "fix: { rules: [*, b] }", "line 1: While scanning an anchor or alias, found value containing disallowed: []{}, (text that begins with * & or ! needs quotes)" },
        { "fix: { rules: [!a, b] }", "line 1: Unexpected comma at end of tag (text that begins with * & or ! needs quotes)" },
        { "version: 1\n---\nversion: 1", "line 2: a second YAML document begins; only one is read" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_with_its_line_and_what_would_be_right(string yaml, string problem)
    {
        var settings = Parse(yaml);
        Assert.Equal($".qmoi.yml: {problem}", settings.Problem);
        Assert.Equal(RepositorySettings.Default, settings with { Problem = null });
    }

    [Theory]
    [InlineData("npm-ci", true, "*"), InlineData("npm-ci", false), InlineData("npm-ci", true, "npm-*"), InlineData("npm-ci", false, "npm"), InlineData("npm-ci", false, "pm-*"), InlineData("npm-ci", true, "*-ci")]
    [InlineData("npm-ci", false, "*", "!npm-*"), InlineData("npm-ci", true, "*", "!npm-*", "npm-ci"), InlineData("npm-ci", true, "!npm-*", "*"), InlineData("npm-ci", false, "!npm-ci"), InlineData("npm-ci", true, "!eslint-*")]
    public void The_last_pattern_that_fits_a_fixer_decides(string id, bool isAllowed, params string[] rules) =>
        Assert.Equal(isAllowed, Good($"fix: {{ rules: [{string.Join(", ", rules.Select(rule => $"'{rule}'"))}] }}").Fix.Allows(id));

    [Theory]
    [InlineData("main", "main", true), InlineData("main", "main2", false), InlineData("main", "Main", false), InlineData("release/*", "release/1.0", true), InlineData("release/*", "release/1/0", false)]
    [InlineData("release/**", "release/1/0", true), InlineData("*", "feature/a", false), InlineData("**", "feature/a", true), InlineData("v?", "v1", true), InlineData("v?", "v", false), InlineData("v?", "v/", false)]
    [InlineData("**/hotfix", "hotfix", true), InlineData("**/hotfix", "a/b/hotfix", true), InlineData("**/hotfix", "a/nohotfix", false), InlineData("a/**/b", "a/b", true), InlineData("a/**/b", "a/x/y/b", true), InlineData("a/**/b", "ab", false)]
    [InlineData("a**b", "a/x/b", true), InlineData("a*b*c", "aXbXbc", true), InlineData("a*b*c", "aXbX", false), InlineData("***", "a/b", true), InlineData("release-*", "release-", true), InlineData("a.b", "axb", false)]
    public void A_star_stays_between_slashes_and_two_go_across(string pattern, string branch, bool isProtected) =>
        Assert.Equal(isProtected, Good($"fix: {{ protected_branches: ['{pattern}'] }}").Fix.IsProtected(branch));
}
