using System.Text;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;
using QMoi.Handlers.Git;
using QMoi.Handlers.Repair;
using QMoi.Tests.Fixers;

namespace QMoi.Tests.Git;

/// <summary>No patch makes a job green by checking less, and none that only looks alike is held back.</summary>
public sealed class WeakeningTests
{
    private const string CiFile = ".gitlab-ci.yml";
    private const string Workflow = ".github/workflows/ci.yml";

    /// <summary>Path, before, after, and a word of the reason. A blank before is a new file.</summary>
    public static TheoryData<string, string, string, string> Bad => new()
    {
        // tests removed
        { "tests/test_a.py", "def test_a():\n    assert a() == 1\n\ndef test_b():\n    assert b() == 2\n", "def test_a():\n    assert a() == 1\n", "removes a test" },
        { "tests/test_a.py", "def test_a():\n    f()\n\ndef test_b():\n    g()\n", "def test_a():\n    f()\n\n# def test_b():\n#     g()\n", "removes a test" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "def check_a():\n    f()\n", "def test_a(" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "\n", "is not emptied" },
        { "tests/test_a.py", "@pytest.mark.parametrize('x', [1])\ndef test_a(x):\n    f(x)\n", "def test_a():\n    f(1)\n", "removes a test" },
        { "src/a.test.ts", "it('a', () => { f() })\nit('b', () => { g() })\n", "it('a', () => { f() })\n", "removes a test" },
        { "src/a.test.ts", "test('a', f);\ntest('b', g);\n", "test('a', f);\n/* test('b', g); */\n", "removes a test" },
        { "Shop.Tests/ATests.cs", "[Fact]\npublic void A() { }\n[Theory, InlineData(1), InlineData(2)]\npublic void B(int x) { }\n", "[Fact]\npublic void A() { }\n[Theory, InlineData(1)]\npublic void B(int x) { }\n", "InlineData" },
        { "src/test/java/ATest.java", "@Test\nvoid a() { f(); }\n", "void a() { f(); }\n", "removes a test" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tf()\n}\n", "func testA(t *testing.T) {\n\tf()\n}\n", "func TestA(" },
        { "src/lib.rs", "#[test]\nfn a() { f(); }\n", "fn a() { f(); }\n", "#[test" },
        { "spec/a_spec.rb", "describe 'a' do\n  it 'b' do\n    f\n  end\nend\n", "describe 'a' do\nend\n", "removes a test" },
        { "test/a_test.rb", "def test_a\n  f\nend\n", "def a\n  f\nend\n", "removes a test" },
        { "tests/ATest.php", "public function testA() { f(); }\n", "public function a() { f(); }\n", "removes a test" },
        { "tests/a.cpp", "TEST(A, B) { f(); }\nTEST_CASE(\"c\") { g(); }\n", "TEST(A, B) { f(); }\n", "TEST_CASE" },
        { "CMakeLists.txt", "enable_testing()\nadd_test(NAME a COMMAND a)\n", "enable_testing()\n", "add_test" },
        { "test/a.bats", "@test \"a\" {\n  f\n}\n", "a() {\n  f\n}\n", "@test" },

        // checks removed or loosened
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n    f()\n", "def test_a():\n    f()\n", "removes a check" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    assert a() != b\n", "says less" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    assert a() is not None\n", "says less" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    assert a()\n", "says less" },
        { "tests/test_a.py", "def test_a():\n    self.assertEqual(a(), b)\n", "def test_a():\n    self.assertTrue(True)\n", "always holds" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    assert b == b\n", "always holds" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    assert a() == b or True\n", "always holds" },
        { "tests/test_a.py", "def test_a():\n    with pytest.raises(KeyError):\n        f()\n", "def test_a():\n    with pytest.raises(Exception):\n        f()\n", "says less" },
        { "tests/test_a.py", "def test_a():\n    assert a() == 2.67\n", "def test_a():\n    assert a() == 2.68\n", "2.67" },
        { "tests/test_a.py", "def test_a():\n    assert a() == pytest.approx(b, rel=1e-6)\n", "def test_a():\n    assert a() == pytest.approx(b, rel=1e-1)\n", "1e-6" },
        { "tests/test_a.py", "def test_a():\n    expected = 10\n    assert a() == expected\n", "def test_a():\n    expected = 11\n    assert a() == expected\n", "10" },
        { "tests/test_a.py", "def test_a():\n    assert a() == 1\n", "def test_a():\n    assert a() == -1\n", "\"1\"" },
        { "src/a.test.js", "it('a', () => { expect(a()).toBe(b) })\n", "it('a', () => { expect(a()).toBeDefined() })\n", "says less" },
        { "src/a.test.js", "it('a', () => { expect(a()).toEqual(b) })\n", "it('a', () => { expect(a()).not.toEqual(b) })\n", "says less" },
        { "src/a.test.js", "it('a', () => { expect(a()).toBe(b) })\n", "it('a', () => { expect(true).toBe(true) })\n", "always holds" },
        { "src/a.test.js", "it('a', () => { expect(a()).toBe(0) })\n", "it('a', () => { expect(a()).toBe(1) })\n", "\"0\"" },
        { "src/a.test.js", "it('a', () => { expect(a()).toBe('old') })\n", "it('a', () => { expect(a()).toBe('new') })\n", "old" },
        { "src/a.test.js", "it('a', () => { expect(a()).toBeCloseTo(b, 5) })\n", "it('a', () => { expect(a()).toBeCloseTo(b, 2) })\n", "5" },
        { "A.Tests/ATests.cs", "[Fact] void A() { Assert.Equal(b, a()); }\n", "[Fact] void A() { Assert.NotNull(a()); }\n", "says less" },
        { "A.Tests/ATests.cs", "[Fact] void A() { Assert.Equal(b, a()); }\n", "[Fact] void A() { Assert.True(true); }\n", "always holds" },
        { "A.Tests/ATests.cs", "[Theory, InlineData(5)] void A(int x) { Assert.Equal(x, a()); }\n", "[Theory, InlineData(6)] void A(int x) { Assert.Equal(x, a()); }\n", "5" },
        { "ATest.java", "@Test void a() { assertEquals(b, a()); }\n", "@Test void a() { assertNotEquals(b, a()); }\n", "says less" },
        { "a_test.go", "func TestA(t *testing.T) {\n\trequire.Equal(t, b, a())\n}\n", "func TestA(t *testing.T) {\n\trequire.NotNil(t, a())\n}\n", "says less" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a() != b {\n\t\tt.Errorf(\"a\")\n\t}\n}\n", "func TestA(t *testing.T) {\n\ta()\n}\n", "removes a check" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tc := []c{{in: 1, want: 2}}\n}\n", "func TestA(t *testing.T) {\n\tc := []c{{in: 1, want: 3}}\n}\n", "2" },
        { "src/lib.rs", "#[test]\nfn a() { assert_eq!(a(), b); }\n", "#[test]\nfn a() { assert!(true); }\n", "always holds" },
        { "src/lib.rs", "#[test]\nfn a() { assert_eq!(a(), b); }\n", "#[test]\nfn a() { assert_ne!(a(), b); }\n", "says less" },
        { "spec/a_spec.rb", "it 'a' do\n  expect(a).to eq(b)\nend\n", "it 'a' do\n  expect(a).not_to be_nil\nend\n", "says less" },
        { "tests/a.cpp", "TEST(A, B) { EXPECT_EQ(a(), b); }\n", "TEST(A, B) { EXPECT_TRUE(true); }\n", "always holds" },
        { "tests/a.cpp", "TEST(A, B) { ASSERT_EQ(a(), b); f(); }\n", "TEST(A, B) { f(); }\n", "removes a check" },
        { "tests/ATest.php", "function testA() { $this->assertSame($b, a()); }\n", "function testA() { $this->assertNotNull(a()); }\n", "says less" },

        // skipped, focused, repeated, given more time
        { "src/a.test.js", "it('a', f)\n", "it.skip('a', f)\n", "skips" },
        { "src/a.test.js", "it('a', f)\n", "xit('a', f)\n", "skips" },
        { "src/a.test.js", "it('a', f)\nit('b', g)\n", "it.only('a', f)\nit('b', g)\n", "leaves the other" },
        { "src/a.test.js", "it('a', f)\n", "fit('a', f)\n", "leaves the other" },
        { "src/a.test.js", "it('a', f)\n", "it('a', f)\nafter(() => process.exit(0))\n", "ends the run" },
        { "src/a.test.js", "it('a', f)\n", "jest.retryTimes(3)\nit('a', f)\n", "again" },
        { "src/a.test.js", "it('a', f)\n", "jest.setTimeout(60000)\nit('a', f)\n", "more time" },
        { "src/a.test.js", "it('a', f, { timeout: 500 })\n", "it('a', f, { timeout: 50000 })\n", "more time" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "@pytest.mark.skip(reason='later')\ndef test_a():\n    f()\n", "skips" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "@pytest.mark.xfail\ndef test_a():\n    f()\n", "skips" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "def test_a():\n    pytest.skip('later')\n    f()\n", "skips" },
        { "tests/test_a.py", "def test_a():\n    f()\n", "@pytest.mark.flaky(reruns=3)\ndef test_a():\n    f()\n", "again" },
        { "A.Tests/ATests.cs", "[Fact]\nvoid A() { }\n", "[Fact(Skip = \"later\")]\nvoid A() { }\n", "skips" },
        { "A.Tests/ATests.cs", "[Test]\nvoid A() { }\n", "[Test, Ignore(\"later\")]\nvoid A() { }\n", "skips" },
        { "A.Tests/ATests.cs", "[Fact]\nvoid A() { }\n", "#if false\n[Fact]\nvoid A() { }\n#endif\n", "skips" },
        { "ATest.java", "@Test void a() { }\n", "@Disabled @Test void a() { }\n", "skips" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tf()\n}\n", "func TestA(t *testing.T) {\n\tt.Skip()\n\tf()\n}\n", "skips" },
        { "src/lib.rs", "#[test]\nfn a() { }\n", "#[test]\n#[ignore]\nfn a() { }\n", "skips" },
        { "spec/a_spec.rb", "it 'a' do\nend\n", "xit 'a' do\nend\n", "skips" },
        { "test/a_test.rb", "def test_a\n  f\nend\n", "def test_a\n  skip 'later'\n  f\nend\n", "skips" },
        { "tests/ATest.php", "function testA() { f(); }\n", "function testA() { $this->markTestSkipped(); f(); }\n", "skips" },
        { "tests/a.cpp", "TEST(A, B) { f(); }\n", "TEST(A, DISABLED_B) { f(); }\n", "skips" },
        { "CMakeLists.txt", "add_test(NAME a COMMAND a)\n", "add_test(NAME a COMMAND a)\nset_tests_properties(a PROPERTIES WILL_FAIL TRUE)\n", "skips" },
        { "test/a.bats", "@test \"a\" {\n  f\n}\n", "@test \"a\" {\n  skip\n  f\n}\n", "skips" },

        // failing under another condition, or left before it
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a() != b {\n\t\tt.Errorf(\"a\")\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif a() == b {\n\t\tt.Errorf(\"a\")\n\t}\n}\n", "would fail if" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif got := a(); got != 3 {\n\t\tt.Fatal(got)\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif got := a(); got != 4 {\n\t\tt.Fatal(got)\n\t}\n}\n", "would fail if" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif err != nil && false {\n\t\tt.Fatal(err)\n\t}\n}\n", "would fail if" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a() != \"x\" {\n\t\tt.Error(1)\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif a() != \"y\" {\n\t\tt.Error(1)\n\t}\n}\n", "would fail if" },
        { "src/a.test.js", "it('a', () => { if (a() !== b) throw new Error('a') })\n", "it('a', () => { if (a() === b) throw new Error('a') })\n", "would fail if" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tf()\n}\n", "func TestA(t *testing.T) {\n\treturn\n\tf()\n}\n", "before its checks" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif os.Getenv(\"CI\") != \"\" {\n\t}\n\tf()\n}\n", "func TestA(t *testing.T) {\n\tif os.Getenv(\"CI\") != \"\" {\n\t\tt.Skip()\n\t}\n\tf()\n}\n", "skips" },
        { "src/a.test.js", "it('a', () => {\n  expect(a()).toBe(b)\n})\n", "it('a', () => {\n  if (isCi) return;\n  expect(a()).toBe(b)\n})\n", "before its checks" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def test_a():\n    return\n    assert a() == b\n", "before its checks" },
        { "A.Tests/ATests.cs", "[Fact] void A() { Assert.Equal(b, a()); }\n", "[Fact] void A() { return; Assert.Equal(b, a()); }\n", "before its checks" },

        // suppressions
        { "a.py", "import os\n", "import os  # noqa\n", "noqa" },
        { "a.py", "import os  # noqa: F401\n", "import os  # noqa: F401, E501\n", "silences" },
        { "a.py", "import os  # noqa: F401\n", "import os  # noqa\n", "silences" },
        { "a.py", "x = y\n", "x = y  # type: ignore[assignment]\n", "silences" },
        { "a.py", "x = y\n", "x = y  # pylint: disable=invalid-name\n", "silences" },
        { "a.py", "x = y\n", "x = y  # pragma: no cover\n", "silences" },
        { "a.py", "f()\n", "try:\n    f()\nexcept Exception:\n    pass\n", "swallows" },
        { "a.js", "f()\n", "// eslint-disable-next-line no-undef\nf()\n", "silences" },
        { "a.ts", "f()\n", "// @ts-expect-error\nf()\n", "silences" },
        { "a.ts", "f(x)\n", "f(x as any)\n", "silences" },
        { "a.ts", "const a  = 1\n", "// prettier-ignore\nconst a  = 1\n", "silences" },
        { "a.js", "f()\n", "/* istanbul ignore next */\nf()\n", "silences" },
        { "a.css", "a { }\n", "/* stylelint-disable */\na { }\n", "silences" },
        { "a.cs", "f();\n", "#pragma warning disable CS0618\nf();\n", "silences" },
        { "a.cs", "class A { }\n", "[SuppressMessage(\"Design\", \"CA1001\")]\nclass A { }\n", "silences" },
        { "a.cpp", "f();\n", "f();  // NOLINT(bugprone-x)\n", "silences" },
        { "a.cpp", "int  a;\n", "// clang-format off\nint  a;\n", "silences" },
        { "a.c", "f();\n", "#pragma GCC diagnostic ignored \"-Wunused\"\nf();\n", "silences" },
        { "a.rs", "use a;\n", "#[allow(unused_imports)]\nuse a;\n", "silences" },
        { "a.go", "f()\n", "f() //nolint:errcheck\n", "silences" },
        { "A.java", "class A { }\n", "@SuppressWarnings(\"unchecked\")\nclass A { }\n", "silences" },
        { "a.rb", "f\n", "f # rubocop:disable Style/A\n", "silences" },
        { "a.php", "f();\n", "f(); // @phpstan-ignore-line\n", "silences" },
        { "a.sh", "rm $f\n", "# shellcheck disable=SC2086\nrm $f\n", "silences" },
        { "a.yml", "a: 1\n", "# yamllint disable\na: 1\n", "silences" },
        { "a.swift", "f()\n", "f() // swiftlint:disable:this force_cast\n", "silences" },

        // settings of compilers, linters, tests and coverage
        { ".eslintrc.json", "{ \"rules\": { \"no-undef\": \"error\" } }\n", "{ \"rules\": { \"no-undef\": \"off\" } }\n", "less strict" },
        { ".eslintrc.json", "{ \"rules\": { \"no-undef\": 2 } }\n", "{ \"rules\": { \"no-undef\": 0 } }\n", "less strict" },
        { "eslint.config.js", "export default [{ rules: { 'no-undef': ['error', 1] } }]\n", "export default [{ rules: { 'no-undef': ['warn', 1] } }]\n", "less strict" },
        { "eslint.config.js", "export default [{ rules: { 'no-undef': 'error', 'no-var': 'error' } }]\n", "export default [{ rules: { 'no-var': 'error' } }]\n", "no-undef" },
        { "eslint.config.js", "export default [{ ignores: ['dist/**'] }]\n", "export default [{ ignores: ['dist/**', 'src/**'] }]\n", "src/**" },
        { "tsconfig.json", "{ \"compilerOptions\": { \"strict\": true } }\n", "{ \"compilerOptions\": { \"strict\": false } }\n", "strict" },
        { "tsconfig.json", "{ \"compilerOptions\": { \"strict\": true } }\n", "{ \"compilerOptions\": { } }\n", "strict" },
        { "tsconfig.json", "{ \"exclude\": [\"dist\"] }\n", "{ \"exclude\": [\"dist\", \"src/a.ts\"] }\n", "src/a.ts" },
        { "tsconfig.json", "{ \"compilerOptions\": { } }\n", "{ \"compilerOptions\": { \"skipLibCheck\": true } }\n", "skipLibCheck" },
        { "tsconfig.json", "{ \"include\": [\"src\", \"test\"] }\n", "{ \"include\": [\"src\"] }\n", "\"test\"" },
        { "tsconfig.json", "{ \"include\": [\"**/*\"] }\n", "{ \"include\": [\"src/a.ts\"] }\n", "**/*" },
        { "tsconfig.json", "{ \"compilerOptions\": { } }\n", "{ \"compilerOptions\": { }, \"include\": [\"src\"] }\n", "include" },
        { "tsconfig.app.json", "{ \"compilerOptions\": { } }\n", "{ \"compilerOptions\": { }, \"files\": [\"a.ts\"] }\n", "files" },
        { "tsconfig.json", "{ \"a\": \"" + new string('x', 2100) + "\" }\n", "{ \"a\": \"" + new string('y', 2100) + "\" }\n", "too long" },
        { "a.csproj", "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>\n", "<TreatWarningsAsErrors>false</TreatWarningsAsErrors>\n", "TreatWarningsAsErrors" },
        { "Directory.Build.props", "<NoWarn>CS1591</NoWarn>\n", "<NoWarn>CS1591;CS0618</NoWarn>\n", "CS0618" },
        { ".editorconfig", "[*.cs]\ndotnet_diagnostic.CA1000.severity = error\n", "[*.cs]\ndotnet_diagnostic.CA1000.severity = none\n", "less strict" },
        { ".editorconfig", "[*.cs]\n", "[*.cs]\ndotnet_diagnostic.CA1000.severity = suggestion\n", "less strict" },
        { "pyproject.toml", "[tool.ruff.lint]\nselect = [\"E\", \"F\"]\nignore = []\n", "[tool.ruff.lint]\nselect = [\"E\", \"F\"]\nignore = [\"F401\"]\n", "F401" },
        { "pyproject.toml", "[tool.ruff.lint]\nselect = [\"E\", \"F\"]\n", "[tool.ruff.lint]\nselect = [\"E\"]\n", "\"F\"" },
        { "pyproject.toml", "[tool.ruff.lint.per-file-ignores]\n", "[tool.ruff.lint.per-file-ignores]\n\"a.py\" = [\"E501\"]\n", "E501" },
        { "pyproject.toml", "[tool.coverage.report]\nfail_under = 90\n", "[tool.coverage.report]\nfail_under = 80\n", "90" },
        { "pyproject.toml", "[tool.coverage.report]\nfail_under = 90\n", "[tool.coverage.report]\n", "fail-under" },
        { "mypy.ini", "[mypy]\ndisallow_untyped_defs = True\n", "[mypy]\ndisallow_untyped_defs = False\n", "disallow_untyped_defs" },
        { "mypy.ini", "[mypy]\n", "[mypy]\n\n[mypy-a.*]\nignore_missing_imports = True\n", "ignore_missing_imports" },
        { ".flake8", "[flake8]\nmax-line-length = 88\n", "[flake8]\nmax-line-length = 120\n", "120" },
        { "setup.cfg", "[flake8]\nextend-ignore = E203\n", "[flake8]\nextend-ignore = E203, W503\n", "W503" },
        { ".flake8", "[flake8]\nignore =\n    E203\n", "[flake8]\nignore =\n    E203\n    W503\n", "W503" },
        { ".rubocop.yml", "Style/A:\n  Enabled: true\n", "Style/A:\n  Enabled: false\n", "Enabled" },
        { ".rubocop_todo.yml", "Style/A:\n  Max: 1\n", "Style/A:\n  Max: 1\nStyle/B:\n  Max: 9\n", "out of the check" },
        { ".golangci.yml", "linters:\n  disable:\n    - lll\n", "linters:\n  disable:\n    - lll\n    - errcheck\n", "errcheck" },
        { ".golangci.yml", "linters:\n  enable:\n    - errcheck\n    - lll\n", "linters:\n  enable:\n    - lll\n", "errcheck" },
        { ".golangci.yml", "issues:\n  exclude-rules:\n    - path: a.go\n      linters:\n        - lll\n", "issues:\n  exclude-rules:\n    - path: a.go\n      linters:\n        - lll\n    - path: b.go\n      linters:\n        - errcheck\n", "b.go" },
        { ".golangci.yml", "issues:\n  exclude-rules:\n    - path: a.go\n      linters:\n        - lll\n", "issues:\n  exclude-rules:\n    - path: a.go\n      linters:\n        - lll\n        - errcheck\n", "errcheck" },
        { ".golangci.yml", "version: \"2\"\nlinters:\n  enable:\n    - lll\n", "version: \"2\"\nlinters:\n  enable:\n    - lll\n  exclusions:\n    rules:\n      - linters: [lll]\n        source: a\n", "not checked" },
        { ".yamllint", "rules:\n  line-length: enable\n", "rules:\n  line-length: disable\n", "less strict" },
        { ".prettierignore", "dist\n", "dist\nsrc/a.js\n", "src/a.js" },
        { "Cargo.toml", "[lints.clippy]\nall = \"deny\"\n", "[lints.clippy]\nall = \"allow\"\n", "less strict" },
        { "jest.config.js", "module.exports = { coverageThreshold: { global: { lines: 90 } } }\n", "module.exports = { coverageThreshold: { global: { lines: 70 } } }\n", "90" },
        { "jest.config.js", "module.exports = { }\n", "module.exports = { testPathIgnorePatterns: ['a.test.js'] }\n", "a.test.js" },
        { "package.json", "{ \"scripts\": { \"lint\": \"eslint --max-warnings 0 .\" } }\n", "{ \"scripts\": { \"lint\": \"eslint --max-warnings 20 .\" } }\n", "20" },
        { "pom.xml", "<minimum>0.80</minimum>\n", "<minimum>0.50</minimum>\n", "0.5" },
        { "src/main.rs", "#![deny(warnings)]\nfn main() { }\n", "fn main() { }\n", "makes warnings errors" },
        { "Makefile", "CFLAGS = -O2 -Wall -Werror\n", "CFLAGS = -O2 -Wall\n", "makes warnings errors" },
        { "Makefile", "CFLAGS = -O2 -Wall\n", "CFLAGS = -O2 -Wall -Wno-unused\n", "warning off" },
        { "CMakeLists.txt", "add_compile_options(-Wall -Wextra)\n", "add_compile_options(-Wall)\n", "asks for warnings" },

        // commands that check
        { "package.json", "{ \"scripts\": { \"test\": \"jest\" } }\n", "{ \"scripts\": { \"test\": \"true\" } }\n", "jest" },
        { "package.json", "{ \"scripts\": { \"test\": \"node a.js\" } }\n", "{ \"scripts\": { \"test\": \"exit 0\" } }\n", "nothing any more" },
        { "package.json", "{ \"scripts\": { \"test\": \"node a.js\" } }\n", "{ \"scripts\": { \"test\": \"echo ok\" } }\n", "nothing any more" },
        { "package.json", "{ \"scripts\": { \"lint\": \"node a.js\", \"a\": \"b\" } }\n", "{ \"scripts\": { \"a\": \"b\" } }\n", "lint" },
        { "package.json", "{ \"dependencies\": { \"a\": \"1\" } }\n", "{ \"dependencies\": { \"a\": \"1\" }, \"overrides\": { \"b\": \"2\" } }\n", "forces a version of \"b\"" },
        { "package.json", "{ \"pnpm\": { \"overrides\": { \"b\": \"2\" } } }\n", "{ \"pnpm\": { \"overrides\": { \"b\": \"2\", \"c>d\": \"3\" } } }\n", "c>d" },
        { "web/package.json", "", "{ \"overrides\": { \"b\": \"2\" } }\n", "forces a version of \"b\"" },
        { "pnpm-workspace.yaml", "packages:\n  - a\n", "packages:\n  - a\noverrides:\n  b: 2.0.0\n", "forces a version of \"b\"" },
        { "pnpm-workspace.yaml", "overrides:\n  b: 2.0.0\n", "overrides:\n  b: 2.0.0\n  # c is broken\n  'c>d@^1': 3.0.0\n", "c>d@^1" },
        { "pnpm-workspace.yaml", "packages: [a]\n", "{ packages: [a], \"overrides\": { b: 2 } }\n", "forces a version of \"b\"" },
        { "pnpm-workspace.yaml", "a: &x { b: 2 }\n", "a: &x { b: 2 }\noverrides: *x\n", "forces a version of \"b\"" },
        { "pnpm-workspace.yaml", "a: &x { overrides: { b: 2 } }\n", "a: &x { overrides: { b: 2 } }\n<<: *x\n", "forces a version" },
        { "pnpm-workspace.yaml", "overrides:\n  b: 2\n", "overrides:\n  b: 2\n  <<: { c: 3 }\n", "forces a version" },
        { "pnpm-workspace.yaml", "overrides:\n  b: 2\n", "overrides:\n  b: 2\n c: [\n", "nobody can read" },
        { "app/pnpm-workspace.yaml", "", "overrides: { b: 2 }\n", "forces a version of \"b\"" },
        { "package.json", "{ \"name\": \"a\" }\n", "{ \"name\": \"a\", \"resolutions\": { \"**/b\": \"2\" } }\n", "**/b" },
        { "package.json", "{ \"scripts\": { \"test\": \"jest\" } }\n", "{ \"scripts\": { \"test\": \"jest --passWithNoTests\" } }\n", "hides" },
        { "package.json", "{ \"scripts\": { \"test\": \"jest\" } }\n", "{ \"scripts\": { \"test\": \"jest src/a.test.js\" } }\n", "less than before" },
        { "package.json", "{ \"scripts\": { \"lint\": \"prettier --check .\" } }\n", "{ \"scripts\": { \"lint\": \"prettier --write .\" } }\n", "check fail" },
        { "Makefile", "test:\n\t./run\n", "test:\n\t@echo ok\n", "drops a command" },
        { "Makefile", "test:\n\t./run\n", "all:\n\t./run\n", "drops a target" },
        { "Makefile", "test:\n\t./run\n", "test:\n\t-./run\n", "hides" },
        { "tox.ini", "[testenv]\ncommands = pytest\n", "[testenv]\ncommands = pytest -k \"not slow\"\n", "less than before" },
        { "tox.ini", "[testenv]\ncommands = pytest\n", "[testenv]\ncommands = python --version\n", "pytest" },
        { "ci/test.sh", "set -e\npytest\n", "pytest\n", "first failure" },
        { "ci/test.sh", "pytest\n", "pytest || true\n", "hides" },
        { "ci/test.sh", "pytest\n", "set +e\npytest\n", "hides" },
        { "ci/test.sh", "pytest\n", "pytest; exit 0\n", "hides" },
        { "ci/test.sh", "npm ci\n", "npm install\n", "lock file" },
        { "ci/test.sh", "npm ci\n", "npm ci --legacy-peer-deps\n", "hides" },
        { "ci/test.sh", "git push\n", "git push --force\n", "hides" },
        { "ci/test.sh", "git commit\n", "git commit --no-verify\n", "hides" },
        { "ci/test.sh", "curl -fsS a\n", "curl -fsSk a\n", "certificates" },
        { ".npmrc", "a=b\n", "a=b\nstrict-ssl=false\n", "certificates" },
        { "ci/test.sh", "chmod 755 a\n", "chmod 777 a\n", "rights" },
        { "docker-compose.yml", "a: 1\n", "a: 1\nprivileged: true\n", "rights" },
        { "ci/test.sh", "a\n", "echo $DEPLOY_TOKEN\n", "secret" },

        // CI files, open only to rules made for them
        { CiFile, "test:\n  script:\n    - make test\n", "test:\n  script:\n    - make\n", "make test" },
        { CiFile, "test:\n  script:\n    - ./run\n", "test:\n  script:\n    - echo ok\n", "drops a command" },
        { CiFile, "test:\n  script:\n    - ./a\n    - ./b\n", "test:\n  script:\n    - ./a\n", "./b" },
        { CiFile, "a:\n  stage: x\nb:\n  stage: y\n", "a:\n  stage: x\n", "drops a job" },
        { CiFile, "a:\n  script: ./a\n", "a:\n  retry: 2\n  script: ./a\n", "again" },
        { CiFile, "a:\n  script: ./a\n", "a:\n  only: [tags]\n  script: ./a\n", "less often" },
        { Workflow, "on: push\njobs:\n  a:\n    steps:\n      - uses: x/y@v1\n      - run: ./a\n", "on: push\njobs:\n  a:\n    steps:\n      - run: ./a\n", "drops a step" },
        { Workflow, "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          ./a\n          ./b\n", "on: push\njobs:\n  a:\n    steps:\n      - run: |\n          ./a\n", "drops a command" },
        { Workflow, "on: push\njobs:\n  a:\n    steps: []\n  b:\n    steps: []\n", "on: push\njobs:\n  a:\n    steps: []\n", "drops a job" },
        { Workflow, "jobs:\n  a:\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    steps:\n      - run: ./a\n        if: github.ref == 'x'\n", "less often" },
        { Workflow, "jobs:\n  a:\n    steps:\n      - run: npm test\n", "jobs:\n  a:\n    steps:\n      - run: npm run build\n", "npm test" },

        { Workflow, "jobs:\n  a:\n    strategy:\n      matrix:\n        node: [18, 20, 22]\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    strategy:\n      matrix:\n        node: [20, 22]\n    steps:\n      - run: ./a\n", "drops a matrix entry, \"18\"" },
        { Workflow, "jobs:\n  a:\n    strategy:\n      matrix:\n        os:\n          - linux\n          - windows\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    strategy:\n      matrix:\n        os:\n          - linux\n    steps:\n      - run: ./a\n", "windows" },
        { Workflow, "jobs:\n  a:\n    strategy:\n      matrix: { node: [18, 20] }\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    steps:\n      - run: ./a\n", "matrix entry" },
        { Workflow, "jobs:\n  a:\n    strategy:\n      matrix:\n        node: [18, 20]\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    strategy:\n      matrix:\n        node: [18, 20]\n        exclude:\n          - node: 18\n    steps:\n      - run: ./a\n", "excludes \"node: 18\"" },
        { CiFile, "a:\n  parallel:\n    matrix:\n      - PYTHON: [\"3.11\", \"3.12\"]\n  script: ./a\n", "a:\n  parallel:\n    matrix:\n      - PYTHON: [\"3.12\"]\n  script: ./a\n", "3.11" },

        // what tests expect
        { "src/__snapshots__/a.test.js.snap", "// v1\n\nexports[`a 1`] = `1`;\n", "// v1\n\nexports[`a 1`] = `2`;\n", "made to fit" },
        { "tests/expected/a.txt", "1\n", "2\n", "made to fit" },
        { "testdata/a.golden", "1\n", "2\n", "made to fit" },
        { "tests/A.approved.txt", "1\n", "2\n", "made to fit" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void A_patch_that_weakens_is_refused_with_what_and_where(string path, string before, string after, string reason)
    {
        foreach (var author in Enum.GetValues<PatchAuthor>())
        {
            var verdict = PatchRules.Check(new Patch([Edit(path, before, after)]), Scope(author));
            var refused = Assert.IsType<PatchVerdict.Refused>(verdict);
            Assert.StartsWith(path, refused.Reason, StringComparison.Ordinal);
            Assert.EndsWith(".", refused.Reason, StringComparison.Ordinal);
            if (author == PatchAuthor.Rule) Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
        }
        // Taking it back is no weakening, or another one.
        if (PatchRules.Check(new Patch([Edit(path, after, before)]), Scope(PatchAuthor.Rule)) is PatchVerdict.Refused back) Assert.DoesNotContain("silences", back.Reason, StringComparison.Ordinal);
    }

    /// <summary>Path, before, after.</summary>
    public static TheoryData<string, string, string> Good => new()
    {
        // repairs of tests
        { "tests/test_a.py", "def test_a():\n    assert join(b) == c\n", "from os.path import join\n\n\ndef test_a():\n    assert join(b) == c\n" },
        { "tests/test_a.py", "def test_a():\n    assert a() == 1\n", "def test_a():\n    assert a() == 1\n\n\ndef test_b():\n    assert b()\n" },
        { "tests/test_a.py", "@pytest.mark.skip\ndef test_a():\n    f()\n", "def test_a():\n    f()\n" },
        { "tests/test_a.py", "@pytest.mark.skip\ndef test_a():\n    f()\n\ndef test_b():\n    g()\n", "def test_b():\n    g()\n\n\n@pytest.mark.skip()\ndef test_a():\n    f()\n" },
        { "tests/test_a.py", "def test_a():\n    assert x == None\n    assert y == True\n    self.assertEqual(a, 'b')\n", "def test_a():\n    assert x is None\n    assert y\n    assert a == \"b\"\n" },
        { "tests/test_a.py", "def test_a():\n    assert a(-10**3, 3 .b) == 6.02E+23\n", "def test_a():\n    assert a(-(10**3), (3).b) == 6.02e23\n" },
        { "a.test.js", "// eslint-disable-next-line\nconst a = f(1)\n", "// eslint-disable-next-line\nconst a = f(1);\n" },
        { "tests/test_a.py", "def test_a():\n    assert \"{} b\".format(c) == d\n", "def test_a():\n    assert f\"{c} b\" == d\n" },
        { "src/a.test.js", "it('a', () => {\n  expect(a.length).toBe(0)\n  expect(b).toBe(null)\n})\n", "it('a', () => {\n  expect(a).toHaveLength(0);\n  expect(b).toBeNull();\n});\n" },
        { "src/a.test.js", "const s = open()\nit('a', () => { expect(s.b).toBe(1) })\n", "const s = open()\nit('a', () => { expect(s.b).toBe(1) })\nafter(() => s.close())\n" },
        { "A.Tests/ATests.cs", "[Fact] void A() { Assert.Equal(0, a.Count); Assert.True(b == 3); }\n", "[Fact] void A() { Assert.Empty(a); Assert.Equal(3, b); }\n" },
        { "A.Tests/ATests.cs", "[Theory, InlineData(1), InlineData(2)]\nvoid A(int x) { }\n", "[Theory]\n[InlineData(1)]\n[InlineData(2)]\nvoid A(int x) { }\n" },
        { "src/lib.rs", "#[test]\nfn a() { assert_eq!(b(), true); assert_eq!(c(), 2); }\n", "#[test]\nfn a() {\n    assert!(b());\n    assert_eq!(c(), 2);\n}\n" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tt.Errorf(\"%d\", s)\n}\n", "func TestA(t *testing.T) {\n\tt.Errorf(\"%s\", s)\n}\n" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a(x) != b {\n\t\tt.Errorf(\"a\")\n\t}\n\tif err := f(); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif c.A(ctx, x) != b {\n\t\tt.Errorf(\"a\")\n\t}\n\tif _, err := f(); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a() != b {\n\t\tt.Errorf(\"a\")\n\t}\n}\n", "func TestA(t *testing.T) {\n\trequire.Equal(t, b, a())\n}\n" },
        { "a_test.go", "func TestA(t *testing.T) {\n\tif a() != b {\n\t\tt.Errorf(\"a\")\n\t}\n}\n", "func TestA(t *testing.T) {\n\tif a() != b {\n\t\tt.Errorf(\"a\")\n\t}\n\tif c() == 0 {\n\t\tt.Error(\"c\")\n\t}\n}\n" },
        { "src/a.test.js", "const f = x => {\n  return\n}\nit('a', () => { expect(f(1)).toBe(b) })\n", "const f = (x) => {\n  return;\n};\nit('a', () => { expect(f(1)).toBe(b) })\nconst g = () => {\n  return 1;\n};\n" },
        { "tests/test_a.py", "def test_a():\n    assert a() == b\n", "def make():\n    return None\n\n\ndef test_a():\n    assert a() == b\n" },
        { "tests/data/a.json", "", "{ \"a\": 1 }\n" },
        { "tests/test_new.py", "", "def test_a():\n    assert a() == 1\n" },
        { "src/re.js", "if (re.test(a)) f()\nif (re.test(b)) f()\n", "if (re.test(a)) f()\n" },

        // suppressions taken back, narrowed, moved
        { "a.py", "import os  # noqa: F401, E501\n", "import os  # noqa: F401\n" },
        { "a.py", "import os # noqa:F401\n", "import os  # noqa: F401\n" },
        { "a.js", "// eslint-disable-next-line no-undef -- because\nf()\ng()\n", "g();\n// eslint-disable-next-line no-undef -- so it is\nf();\n" },
        { "a.rs", "#[allow(a,b)]\nfn f() {}\n", "#[allow(\n    b,\n    a,\n)]\nfn f() {}\n" },
        { "a.py", "try:\n    f()\nexcept OSError:\n    pass\n", "with contextlib.suppress(OSError):\n    f()\n" },
        { "a.js", "'use strict'\nimport b from 'b'\n", "import b from 'b'\n" },
        { "docs/a.md", "a\n", "Write `# noqa` or `|| true`.\n" },

        // settings and commands
        { "package.json", "{ \"scripts\": { \"test\": \"jest\",, } }\n", "{ \"scripts\": { \"test\": \"jest\" } }\n" },
        { "package.json", "{ \"dependencies\": { \"a\": \"1\" } }\n", "{ \"dependencies\": { \"a\": \"1\", \"b\": \"^2.1.3\" } }\n" },
        { "package.json", "{ \"scripts\": { \"test\": \"node --max-old-space-size=48 a.js\" } }\n", "{ \"scripts\": { \"test\": \"node --max-old-space-size=512 a.js\" } }\n" },
        { "pyproject.toml", "[project]\nname = \"a\"\n", "[project]\nname = \"a\"\ndependencies = [\"b>=1\"]\n\n[tool.setuptools.packages.find]\nexclude = [\"data*\"]\n" },
        { "pyproject.toml", "[tool.ruff.lint]\nselect = [\"E\",\"F\"]\nignore = [\"E501\"]\n", "[tool.ruff.lint]\nselect = [\n  \"E\", # errors\n  \"F\",\n]\nignore = [ ]\n" },
        { "pyproject.toml", "[tool.coverage.report]\nfail_under = 80\n", "[tool.coverage.report]\nfail_under = 80.0\n" },
        { "Cargo.toml", "[workspace]\n", "[workspace]\nexclude = [\"fuzz\"]\n" },
        { "a.csproj", "<Nullable>enable</Nullable>\n<TreatWarningsAsErrors>true</TreatWarningsAsErrors>\n", "<TreatWarningsAsErrors>true</TreatWarningsAsErrors>\n<PackageReference Include=\"A\" Version=\"1.0.0\" />\n" },
        { "tsconfig.json", "{ \"compilerOptions\": { \"strict\": true, } }\n", "{\n  \"compilerOptions\": {\n    \"strict\": true,\n    \"esModuleInterop\": true\n  }\n}\n" },
        { "tsconfig.json", "{ \"include\": [\"src\"], \"exclude\": [\"src/a\", \"dist\"] }\n", "{ \"include\": [\"src\", \"test\"], \"exclude\": [\"dist\"] }\n" },
        { "vite.config.ts", "export default { build: { } }\n", "export default { build: { include: ['a'] } }\n" },
        { ".golangci.yml", "issues:\n  exclude-rules:\n    - path: a.go\n      linters: [lll]\n    - path: b.go\n      linters: [lll]\nrun:\n  timeout: 5m\n", "run:\n  timeout: 5m\n  tests: true\nissues:\n  exclude-rules:\n  - linters: [lll]\n    path: \"b.go\"\n" },
        { "package.json", "{ \"overrides\": { \"b\": \"2\", \"c\": \"1\" } }\n", "{ \"dependencies\": { \"b\": \"3\" }, \"overrides\": { \"b\": \"3\" } }\n" },
        { "pnpm-workspace.yaml", "packages:\n- a\noverrides:\n  b: 2.0.0\n  c: 1.0.0\n", "packages:\n  - a\n  - d\noverrides: { \"b\": 2.0.1 } # b\n" },
        { "pnpm-workspace.yaml", "packages:\n- a\n overrides:\n  b: 2.0.0\n", "packages:\n- a\noverrides:\n  b: 2.0.0\n" },
        { "pnpm-workspace.yaml", "packages: [a]\n", "packages: [a]\noverrides:\nonlyBuiltDependencies: [b]\n" },
        { "other.yaml", "a: 1\n", "a: 1\noverrides:\n  b: 2.0.0\n" },
        { "eslint.config.js", "export default [{ rules: { 'no-undef': 'warn' } }]\n", "export default [\n  {\n    rules: { \"no-undef\": \"error\" },\n  },\n];\n" },
        { ".flake8", "[flake8]\nignore = E203,W503\n", "[flake8]\nignore =\n    E203,\n    W503\n" },
        { "Makefile", "test:\n    ./run\n", "test:\n\t./run\n" },
        { "Makefile", "CFLAGS = -Wall -Werror\n", "CFLAGS = -Wall -Wextra -Werror\n" },
        { "ci/test.sh", "set -e\ncd a\npytest test/\n", "set -eu\ncd ../a\npytest tests/\n" },
        { "ci/test.sh", "rm $f || true\n", "rm \"$f\" || true\n" },
        { "ci/test.sh", "f\n", "echo \"$TOKEN\" | docker login --password-stdin\n" },
        { CiFile, "test:\n  script: npm run lint:ci\n", "test:\n  script: npm run lint\n" },
        { CiFile, "test:\n  stage: tset\n  needs: [lint]\n  script:\n    - make test\n", "test:\n  stage: test\n  needs: [build, lint]\n  script:\n    - make test\n" },
        { CiFile, "test:\n  script:\n  - make test\n", "test:\n  variables: { GIT_DEPTH: \"0\" }\n  before_script:\n    - git fetch --tags\n  script:\n    - make test\n" },
        { CiFile, "a:\n  rules:\n    - iff: $B\n  script: ./a\n", "a:\n  rules:\n    - if: $B\n  script: ./a\n" },
        { Workflow, "on: push\njobs:\n  a:\n\t\tsteps:\n\t\t\t- run: make\n", "on: push\njobs:\n  a:\n    steps:\n      - run: make\n" },
        { Workflow, "jobs:\n  a:\n    strategy:\n      matrix:\n        os: [ubuntu-18.04, windows-2022]\n        exclude:\n          - os: windows-2022\n            node: 18\n    steps:\n      - run: ./a\n", "jobs:\n  a:\n    strategy:\n      matrix:\n        os:\n          - ubuntu-24.04\n          - windows-2022\n    steps:\n      - run: ./a\n" },
        { CiFile, "variables:\n  NODE_OPTIONS: --max-old-space-size=48\n", "variables:\n  NODE_OPTIONS: --max-old-space-size=512\n" },
        { Workflow, "on: push\njobs:\n  a:\n    steps:\n      - uses: x/y@v1\n      - run: echo \"::set-output name=a::b\"\n", "on: push\njobs:\n  a:\n    steps:\n      - uses: x/y@v2\n        with:\n          fetch-depth: 0\n      - run: echo \"a=b\" >> $GITHUB_OUTPUT\n" },

        // what tests expect
        { "src/__snapshots__/a.test.js.snap", "// v1\n\nexports[`a 1`] = `1`;\n\nexports[`b 1`] = `2`;\n", "// v1\n\nexports[`b 1`] = `2`;\n" },
        { "src/__snapshots__/a.test.js.snap", "", "// v1\n\nexports[`a 1`] = `1`;\n" },
        { "tests/expected/a.json", "{\"a\":1}\n", "{ \"a\": 1 }\n" },
        { "package-lock.json", "{}\n", "{ \"packages\": { \"istanbul\": { \"scripts\": \"a || true\", \"x\": \"--no-verify\" } } }\n" },
    };

    [Theory, MemberData(nameof(Good))]
    public void A_patch_that_only_looks_alike_passes(string path, string before, string after)
    {
        Allowed(Scope(PatchAuthor.Rule), Edit(path, before, after));
        if (!PatchRules.IsCiFile(path)) Allowed(Scope(PatchAuthor.Tool), Edit(path, before, after));
        if (before.Length > 0) Allowed(Scope(PatchAuthor.Rule), Edit(path, before.Replace("\n", "\r\n", StringComparison.Ordinal), after));
    }

    [Fact]
    public void A_test_may_move_but_not_go()
    {
        var test = "def test_a():\n    assert a() == 1\n    # noqa\n";
        foreach (var author in new[] { PatchAuthor.Rule, PatchAuthor.Tool })
        {
            Allowed(Scope(author), Delete("tests/test_a.py", test), Edit("tests/unit/test_a.py", "", test));
            Allowed(Scope(author), Delete("src/Label.java", "class ParcelLabel { }\n"), Edit("src/ParcelLabel.java", "", "class ParcelLabel { }\n"));
            Allowed(Scope(author), Delete("src/LabelTest.java", "class ParcelTest {\n@Test void a() { }\n}\n"), Edit("src/ParcelTest.java", "", "class ParcelTest {\n@Test void a() { }\n}\n"));
            Allowed(Scope(author), Delete("tests/__init__.py", ""));
            Allowed(Scope(author), Delete("src/a.py", "x = 1\n"));
            Refused(Scope(author), Delete("tests/test_a.py", test));
            Refused(Scope(author), Delete("src/lib.rs", "#[test]\nfn a() { }\n"));
            Refused(Scope(author), Delete("tests/data/a.csv", "1,2\n"));
            Refused(Scope(author), Delete("tests/test_a.py", test), Edit("tests/a_off.py", "", test));
            Refused(Scope(author), Delete("tests/test_a.py", test), Edit("tests/unit/test_a.py", "", test.Replace("assert a() == 1", "assert a()", StringComparison.Ordinal)));
            Refused(Scope(author), Delete("tests/expected/a.txt", "1\n"));
        }
    }

    [Fact]
    public void Expected_files_change_only_where_their_regeneration_is_the_repair()
    {
        var edit = Edit("src/__snapshots__/a.test.js.snap", "// v1\n\nexports[`a 1`] = `1`;\n", "// v1\n\nexports[`a 1`] = `2`;\n");
        Allowed(Scope(PatchAuthor.Tool) with { ExpectedFilesAreSubject = true }, edit);
        Refused(Scope(PatchAuthor.Tool), edit);
        Refused(Scope(PatchAuthor.Model) with { ExpectedFilesAreSubject = true }, edit);
    }

    [Fact]
    public void What_a_tool_copies_in_or_generates_is_not_read_as_its_own_words()
    {
        Allowed(Scope(PatchAuthor.Tool), Edit("vendor/a/b.go", "", "f() //nolint\n"));
        Allowed(Scope(PatchAuthor.Tool), Edit("api/a.pb.go", "// Code generated by protoc. DO NOT EDIT.\n", "// Code generated by protoc. DO NOT EDIT.\n//nolint:all\n"));
        Refused(Scope(PatchAuthor.Rule), Edit("api/a.pb.go", "// Code generated by protoc. DO NOT EDIT.\n", "// Code generated by protoc. DO NOT EDIT.\n//nolint:all\n"));
        Refused(Scope(PatchAuthor.Rule), Edit("vendor/a/b.go", "f()\n", "f() //nolint\n"));
    }

    /// <summary>A file of tests as written, and as prettier, black, dotnet format, rustfmt, gofmt and clang-format lay it out.</summary>
    public static TheoryData<string, string, string> Laid => new()
    {
        { "a.test.ts", "describe('a',()=>{\nit('b',async()=>{\nexpect(await f({a:1,b:'x'})).toEqual({a:1,b:'it\\'s'})\nexpect(g(1)).not.toBe(0.50)\nexpect(h<number>(a)).toBeGreaterThan(1)})})\n", "describe(\"a\", () => {\n  it(\"b\", async () => {\n    expect(\n      await f({\n        a: 1,\n        b: \"x\",\n      }),\n    ).toEqual({ a: 1, b: \"it's\" });\n    expect(g(1)).not.toBe(0.5);\n    expect(h<number>(a)).toBeGreaterThan(1);\n  });\n});\n" },
        { "test_a.py", "def test_a( ):\n  assert f(a,'b')==[1,2]\n  assert x<y, 'm'\n  self.assertEqual( g(1),{ 'a':0XAB } )\n", "def test_a():\n    assert (\n        f(\n            a,\n            \"b\",\n        )\n        == [1, 2]\n    )\n    assert x < y, \"m\"\n    self.assertEqual(\n        g(1),\n        {\"a\": 0xAB},\n    )\n" },
        { "ATests.cs", "[Fact]public void A(){Assert.Equal(1,f<int>(a));Assert.Contains(\"b\",c);}\n", "[Fact]\npublic void A()\n{\n    Assert.Equal(\n        1, f<int>(a));\n    Assert.Contains(\"b\", c);\n}\n" },
        { "src/lib.rs", "#[test]fn a<'a>(){assert_eq!(f(&\"b\"),Some(1));assert!(x<y&&z==1);}\n", "#[test]\nfn a<'a>() {\n    assert_eq!(\n        f(&\"b\"),\n        Some(1),\n    );\n    assert!(x < y && z == 1);\n}\n" },
        { "a_test.go", "func TestA(t *testing.T){\nfor _,c:=range []c{{in:1,want:2},\n{in:3,want:4}}{ if f(c.in)!=c.want{t.Errorf(\"%d\",c.in)}}}\n", "func TestA(t *testing.T) {\n\tfor _, c := range []c{\n\t\t{in: 1, want: 2},\n\t\t{in: 3, want: 4},\n\t} {\n\t\tif f(c.in) != c.want {\n\t\t\tt.Errorf(\"%d\", c.in)\n\t\t}\n\t}\n}\n" },
        { "tests/a.cpp", "TEST(A,B){EXPECT_EQ(f(1,'x'),std::vector<int>{1,2});EXPECT_LT(a,b)<<\"m\";}\n", "TEST(A, B) {\n  EXPECT_EQ(f(1, 'x'),\n            std::vector<int>{1, 2});\n  EXPECT_LT(a, b)\n      << \"m\";\n}\n" },
        { "ATest.java", "@Test void a(){assertEquals(1,f(\"b\"));assertTrue(x>1);}\n", "@Test\nvoid a() {\n    assertEquals(\n        1,\n        f(\"b\"));\n    assertTrue(x > 1);\n}\n" },
    };

    [Theory, MemberData(nameof(Laid))]
    public void A_formatter_passes_both_ways(string path, string tight, string wide)
    {
        Allowed(Scope(PatchAuthor.Tool), Edit(path, tight, wide));
        Allowed(Scope(PatchAuthor.Tool), Edit(path, wide, tight));
        Allowed(Scope(PatchAuthor.Tool), Edit(path, wide, string.Concat(wide.Split('\n').Select(line => "\t" + line + "\n"))));
    }

    [Fact]
    public void This_projects_own_tests_pass_indented_and_refuse_a_test_less()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(CaseTests.Root, ".."), "*.cs", SearchOption.TopDirectoryOnly).Concat(Directory.GetFiles(Path.Combine(CaseTests.Root, "..", "Git"), "*.cs")))
        {
            var text = File.ReadAllText(file);
            var path = "tests/" + Path.GetFileName(file);
            Allowed(Scope(PatchAuthor.Tool), Edit(path, text, string.Join('\n', text.Split('\n').Select(line => "  " + line.TrimEnd()))));
            var at = text.IndexOf("    [Fact]\n", StringComparison.Ordinal);
            if (at >= 0) Refused(Scope(PatchAuthor.Tool), Edit(path, text, text.Remove(at, 11)));
        }
    }

    public static TheoryData<string> Cases => [.. FixerIndex.All.SelectMany(fixer => Directory.GetDirectories(Path.Combine(CaseTests.Root, fixer.FailureId))).Where(folder => Directory.Exists(Path.Combine(folder, "after"))).Select(folder => Path.GetRelativePath(CaseTests.Root, folder))];

    [Theory, MemberData(nameof(Cases))]
    public async Task The_patch_of_every_fixers_case_passes(string name)
    {
        var folder = Path.Combine(CaseTests.Root, name);
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "diagnosis.json"), TestContext.Current.CancellationToken));
        var ciFile = expected.RootElement.TryGetProperty("ciFile", out var value) ? value.GetString() : null;
        using var log = new MemoryStream(await File.ReadAllBytesAsync(Path.Combine(folder, "job.log"), TestContext.Current.CancellationToken));
        var report = await new LogDiagnoser(Catalogue.Embedded).DiagnoseAsync(log, new JobFacts(null, null, ciFile, null), TestContext.Current.CancellationToken);
        var checkout = await MemoryCheckout.ReadFolderAsync(Path.Combine(folder, "before"), content => content, TestContext.Current.CancellationToken);

        var plan = await new FixPlanner(new(), TimeProvider.System).PlanAsync(report.Diagnoses[0], checkout, _ => throw new InvalidOperationException("no tool here"), TestContext.Current.CancellationToken);
        Assert.True(plan is FixPlan.Ready, (plan as FixPlan.None)?.Reason);
    }

    /// <summary>What 4 MiB are made of, and by what they end then. The first is an honest file of tests, the others were written to keep the bot busy.</summary>
    public static TheoryData<string, string, string> Large => new()
    {
        { "a.test.js", "  expect(a(b, \"c\")).toBe(1); // eslint something || here\n", "x()\n" },
        { "a.test.js", "\\\"", "x" }, { "a.test.js", "\\`\n", "x" }, { "a.rs", "'x\\", "y" }, { "a.test.js", "expect(", "x" }, { "a.test.js", "(", "x" }, { "a.cs", "Assert.A<", "x" }, { "test_a.py", "assert a == 1\n", "assert b\n" },
        { "a.py", "x = 1  # noqa: E501\n", "y\n" }, { "a.js", "catch (e) {", "x" }, { "a.go", "if a == ", "x" }, { "package.json", "\"a\":1,", "\"b\":1" }, { "package.json", "\"overrides\":{", "}" },
        { "pyproject.toml", "[a]\nb = 1\n", "c = 2\n" }, { "data.json", "\"key\": 12345,\n", "x" }, { ".golangci.yml", "exclude-rules:\n", "- a: b\n" }, { "ci/a.sh", "pytest tests/a | tee x\n", "y\n" }, { Workflow, "matrix: [a, b]\n", "- c\n" },
    };

    [Theory, MemberData(nameof(Large))]
    public void A_large_file_is_judged_within_seconds(string path, string piece, string end)
    {
        var text = string.Concat(Enumerable.Repeat(piece, (4 << 20) / piece.Length));
        var started = TimeProvider.System.GetTimestamp();
        _ = PatchRules.Check(new Patch([Edit(path, text, text + end)]), Scope(PatchAuthor.Rule));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 30);
    }

    private static PatchScope Scope(PatchAuthor author) => new(author, author == PatchAuthor.Model ? null : ["**"], CiFileIsSubject: author == PatchAuthor.Rule);

    private static void Allowed(PatchScope scope, params FileEdit[] edits)
    {
        var verdict = PatchRules.Check(new Patch(edits), scope);
        Assert.True(verdict is PatchVerdict.Allowed, (verdict as PatchVerdict.Refused)?.Reason);
    }

    private static void Refused(PatchScope scope, params FileEdit[] edits) => Assert.IsType<PatchVerdict.Refused>(PatchRules.Check(new Patch(edits), scope));

    private static FileEdit Edit(string path, string before, string after) =>
        new FileEdit.Write(path, before.Length == 0 ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(before), Encoding.UTF8.GetBytes(after));

    private static FileEdit Delete(string path, string before) => new FileEdit.Delete(path, Encoding.UTF8.GetBytes(before));
}
