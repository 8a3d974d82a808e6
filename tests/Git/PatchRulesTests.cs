using System.Text;
using QMoi.Fixers;
using QMoi.Handlers.Git;

namespace QMoi.Tests.Git;

/// <summary>What a patch may not do, whoever made it.</summary>
public sealed class PatchRulesTests
{
    private static readonly PatchScope Model = new(PatchAuthor.Model);
    private static readonly PatchScope CiRule = new(PatchAuthor.Rule, MayChange: [".gitlab-ci.yml", ".github/workflows/*.yml", "ci/template.yml"], CiFileIsSubject: true, CiFiles: ["ci/template.yml"]);

    [Fact]
    public void A_small_repair_of_a_source_file_is_allowed_to_all()
    {
        foreach (var author in new[] { PatchAuthor.Rule, PatchAuthor.Tool, PatchAuthor.Model })
            Allowed(new PatchScope(author, ["src/**"]), Edit("src/a/b.cs", "var x = 1\n", "var x = 1;\n"));
        Allowed(Model, Edit("src/a.cs", "var x = 1\n", "var x = 1;\n"));
    }

    [Theory]
    [InlineData("package-lock.json", "package-lock.json", true)]
    [InlineData("package-lock.json", "sub/package-lock.json", false)]
    [InlineData("**/package-lock.json", "package-lock.json", true)]
    [InlineData("**/package-lock.json", "a/b/package-lock.json", true)]
    [InlineData("**/*.cs", "a/b.cs", true)]
    [InlineData("**/*.cs", "b.cs", true)]
    [InlineData("*.cs", "a/b.cs", false)]
    [InlineData("src/**", "src/a/b", true)]
    [InlineData("src/**", "srcs/a", false)]
    [InlineData("pages/[id].js", "pages/[id].js", true)]
    [InlineData("*.cs", "a.CS", false)]
    [InlineData("pages/[id].js", "pages/i.js", false)]
    [InlineData("a?.js", "ab.js", true)]
    [InlineData("a?.js", "a/.js", false)]
    [InlineData("{a,b}.js", "a.js", false)]
    public void Globs_match_as_people_expect(string glob, string path, bool isMatch) => Assert.Equal(isMatch, PatchRules.Matches([glob], path));

    [Theory]
    [InlineData("pages/[id].js"), InlineData("a*b"), InlineData("a?b"), InlineData("**"), InlineData("a/{b}!c")]
    public void A_name_from_outside_stands_for_itself_alone(string path)
    {
        var glob = ExactGlob.Of(path);
        Assert.True(PatchRules.Matches([glob], path));
        foreach (var other in new[] { "pages/i.js", "axb", "ab", "a", "a/b", "a/b/c" })
            Assert.False(PatchRules.Matches([glob], other));
    }

    [Fact]
    public void A_glob_of_stars_takes_no_longer_than_others()
    {
        var globs = new[] { string.Concat(Enumerable.Repeat("*a", 200)) + "b", string.Concat(Enumerable.Repeat("**/a", 200)) + "b", string.Concat(Enumerable.Repeat("**", 200)) + "b" };
        Assert.False(PatchRules.Matches(globs, string.Concat(Enumerable.Repeat("a", 4000))));
        Assert.False(PatchRules.Matches(globs, string.Join('/', Enumerable.Repeat("a", 2000))));
    }

    [Fact]
    public void A_file_may_be_renamed_in_case_alone()
    {
        var scope = new PatchScope(PatchAuthor.Rule, ["**"]);
        var gone = new FileEdit.Delete("src/readme.ts", "a\n"u8.ToArray());
        Allowed(scope, gone, new FileEdit.Write("src/Readme.ts", null, "a\n"u8.ToArray()));
        Allowed(scope, new FileEdit.Write("src/Readme.ts", null, "a\n"u8.ToArray()), gone);
        Refused(scope, gone, Edit("src/Readme.ts", "a\n", "b\n"));
        Refused(scope, gone, gone);
        Refused(scope, Edit("src/readme.ts", "a\n", "b\n"), new FileEdit.Write("src/Readme.ts", null, "a\n"u8.ToArray()));
        Refused(scope, gone, new FileEdit.Write("src/Readme.ts", null, "a\n"u8.ToArray()), new FileEdit.Write("src/README.ts", null, "a\n"u8.ToArray()));
        Refused(Model, gone, new FileEdit.Write("src/Readme.ts", null, "a\n"u8.ToArray()));
        Refused(new PatchScope(PatchAuthor.Rule, ["**"]), new FileEdit.Delete("tests/a_test.go", "func TestA(t *testing.T) { }\n"u8.ToArray()), new FileEdit.Write("tests/A_Test.go", null, "func TestA(t *testing.T) { }\n"u8.ToArray()));
    }

    [Fact]
    public void Rules_and_tools_change_only_what_they_may()
    {
        Refused(new PatchScope(PatchAuthor.Tool, ["package-lock.json"]), Edit("package.json", "a", "b"));
        Refused(new PatchScope(PatchAuthor.Rule, ["package-lock.json"]), Edit("package.json", "a", "b"));
        Refused(new PatchScope(PatchAuthor.Tool), Edit("package.json", "a", "b"));
        Allowed(new PatchScope(PatchAuthor.Tool, ["package-lock.json"]), Edit("package-lock.json", "a", "b"));
    }

    [Theory]
    [InlineData(".gitlab-ci.yml"), InlineData("sub/.gitlab-ci.yml"), InlineData(".github/workflows/x.yml"), InlineData("action.yml"), InlineData("tools/action.yaml"), InlineData(".github/actions/x/run.sh"), InlineData("ci/included.yml")]
    public void Ci_files_are_closed_except_to_a_rule_made_for_them(string path)
    {
        var edit = Edit(path, "image: a:1\n", "image: a:2\n");
        foreach (var author in new[] { PatchAuthor.Rule, PatchAuthor.Tool, PatchAuthor.Model })
            Refused(new PatchScope(author, ["**"], CiFiles: ["ci/included.yml"]), edit);
        Refused(new PatchScope(PatchAuthor.Model, ["**"], CiFileIsSubject: true, CiFiles: ["ci/included.yml"]), edit);
        Allowed(new PatchScope(PatchAuthor.Rule, ["**"], CiFileIsSubject: true, CiFiles: ["ci/included.yml"]), edit);
    }

    [Theory]
    [InlineData("permissions: write-all"), InlineData("  \"permissions\" : {}"), InlineData("  TOKEN: ${{ secrets.X }}"), InlineData("  secrets: inherit"), InlineData("  allow_failure: true"), InlineData("allow_failure:")]
    [InlineData("    continue-on-error: true"), InlineData("  when: manual"), InlineData("  when: 'never'"), InlineData("- { if: x, when: never }"), InlineData("    if: false"), InlineData("    if: ${{ false }}"), InlineData("  - make test || true")]
    [InlineData("  - make test || exit 0"), InlineData("  - set +e"), InlineData("  environment: production"), InlineData("on: pull_request_target"), InlineData("on: [push, workflow_run]"), InlineData("  id_tokens:"), InlineData("  - make || :")]
    public void No_rule_touches_what_decides_in_a_ci_file(string line)
    {
        Refused(CiRule, Edit(".gitlab-ci.yml", "a: 1\n", "a: 1\n" + line + "\n"));
        Refused(CiRule, Edit("ci/template.yml", "a: 1\n" + line + "\n", "a: 1\n"));
        Allowed(CiRule, Edit(".github/workflows/x.yml", line + "\na: 1\n", line + "\na: 2\n"));
    }

    [Fact]
    public void A_ci_file_is_never_deleted() => Refused(CiRule, new FileEdit.Delete(".gitlab-ci.yml", "a"u8.ToArray()));

    [Theory]
    [InlineData("CODEOWNERS"), InlineData(".github/CODEOWNERS"), InlineData("docs/codeowners"), InlineData(".qmoi.yml"), InlineData("../x"), InlineData(".git/config"), InlineData("a/GIT~1/x")]
    public void Some_paths_are_closed_to_all(string path)
    {
        foreach (var author in new[] { PatchAuthor.Rule, PatchAuthor.Tool, PatchAuthor.Model })
            Refused(new PatchScope(author, ["**", path], CiFileIsSubject: true), Edit(path, "a", "b"));
    }

    [Theory]
    [InlineData(".gitmodules"), InlineData(".gitattributes"), InlineData(".npmrc"), InlineData(".eslintrc.json"), InlineData("sub/.env"), InlineData("package-lock.json"), InlineData("yarn.lock"), InlineData("go.sum"), InlineData("Cargo.lock")]
    [InlineData("pnpm-lock.yaml"), InlineData("nuget.config"), InlineData("Directory.Build.props"), InlineData("tests/conftest.py"), InlineData("hooks/pre-commit"), InlineData("LICENSE"), InlineData("packages.lock.json"), InlineData("poetry.lock"), InlineData("bun.lockb")]
    public void Some_more_are_closed_to_models(string path)
    {
        Refused(Model, Edit(path, "a", "b"));
        Allowed(new PatchScope(PatchAuthor.Tool, [path]), Edit(path, "a", "b"));
    }

    [Theory]
    [InlineData("var u = \"https://evil.example/x\";"), InlineData("connect(\"10.0.0.1\")"), InlineData("import subprocess"), InlineData("os.system('x')"), InlineData("require('child_process')"), InlineData("Process.Start(\"sh\")"), InlineData("curl -s x | y")]
    [InlineData("it.skip('works', f)"), InlineData("@pytest.mark.skip"), InlineData("[Fact(Skip = \"later\")]"), InlineData("// eslint-disable-next-line"), InlineData("x = 1  # noqa"), InlineData("#pragma warning disable CS1"), InlineData("make test || true")]
    [InlineData("\"test\": \"jest --passWithNoTests\""), InlineData("npm ci --legacy-peer-deps"), InlineData("// @ts-ignore")]
    public void A_model_adds_no_such_line(string line)
    {
        Refused(Model, Edit("src/file", "a\n", "a\n" + line + "\n"));
        Allowed(Model, Edit("src/file", "a\n" + line + "\n", "b\n" + line + "\n"));
    }

    [Fact]
    public void A_model_hides_nothing_in_long_blocks() => Refused(Model, Edit("a.js", "", "x = '" + new string('A', 200) + "'\n"));

    [Theory]
    [InlineData("    assert x == 1"), InlineData("  expect(x).toBe(1)"), InlineData("Assert.Equal(1, x);"), InlineData("[Fact]"), InlineData("def test_x():"), InlineData("it('works', () => {"), InlineData("func TestX(t *testing.T) {")]
    public void A_model_removes_no_checks_and_no_tests(string line)
    {
        Refused(Model, Edit("tests/x", "a\n" + line + "\nb\n", "a\nb\n"));
    }

    [Fact]
    public void A_model_changes_no_modes_deletes_nothing_and_writes_no_binaries()
    {
        Refused(Model, new FileEdit.SetExecutable("a", true));
        Refused(Model, new FileEdit.Delete("a", "x"u8.ToArray()));
        Refused(Model, new FileEdit.Write("a", null, new byte[] { 0 }));
    }

    [Fact]
    public void Sizes_are_bounded()
    {
        PatchVerdict Many(PatchScope scope, int count) => PatchRules.Check(new Patch([.. Enumerable.Range(0, count).Select(i => Edit($"src/{i}", "a", "b"))]), scope);

        Assert.IsType<PatchVerdict.Allowed>(Many(Model, 10));
        Assert.IsType<PatchVerdict.Refused>(Many(Model, 11));
        Assert.IsType<PatchVerdict.Allowed>(Many(new PatchScope(PatchAuthor.Tool, ["**"]), 100));
        Assert.IsType<PatchVerdict.Refused>(Many(new PatchScope(PatchAuthor.Tool, ["**"]), 101));
        Refused(Model, Edit("a", "", string.Concat(Enumerable.Repeat("x\n", 401))));
        Refused(Model, Edit("a", "", string.Concat(Enumerable.Repeat(new string('x', 70) + " y\n", 300).SelectMany(line => line + "")) + string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Repeat("word ", 200)) + "\n", 70))));
        Refused(new PatchScope(PatchAuthor.Tool, ["**"]), new FileEdit.Write("a", null, new byte[(5 << 20) + 1]));
        Refused(new PatchScope(PatchAuthor.Tool, ["**"]), new FileEdit.Write("a", new byte[(5 << 20) + 1], "x"u8.ToArray()));
        Refused(new PatchScope(PatchAuthor.Tool, ["**"]), new FileEdit.Delete("a", new byte[(5 << 20) + 1]));
        Refused(Model);
        Refused(Model, Edit("a", "1", "2"), Edit("A", "1", "2"));
    }

    private static void Allowed(PatchScope scope, params FileEdit[] edits)
    {
        var verdict = PatchRules.Check(new Patch(edits), scope);
        Assert.True(verdict is PatchVerdict.Allowed, (verdict as PatchVerdict.Refused)?.Reason);
    }

    private static void Refused(PatchScope scope, params FileEdit[] edits) => Assert.IsType<PatchVerdict.Refused>(PatchRules.Check(new Patch(edits), scope));

    private static FileEdit Edit(string path, string before, string after) => new FileEdit.Write(path, Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after));
}
