using System.Text;
using QMoi.Fixers;

namespace QMoi.Tests.Fixers;

/// <summary>Which tests a job log says have failed.</summary>
public sealed class FailingTestsTests
{
    /// <summary>What the runner prints, and the names in it.</summary>
    public static TheoryData<string, string[]> Runners => new()
    {
        {
            "$ pytest\nE   AssertionError: assert 1 == 2\nFAILED tests/test_cart.py::test_total - AssertionError: assert 1 == 2\nFAILED tests/test_cart.py::TestTax::test_vat[19] - assert 3 == 4\n=== 2 failed, 5 passed in 0.31s ===\n",
            ["tests/test_cart.py::test_total", "tests/test_cart.py::TestTax::test_vat[19]"]
        },
        {
            "$ go test ./...\n--- FAIL: TestTotal (0.00s)\n    --- FAIL: TestTotal/empty (0.00s)\n        cart_test.go:12: want 1, got 2\nFAIL\nFAIL\tacme.example/cart\t0.003s\n",
            ["TestTotal", "TestTotal/empty"]
        },
        {
            "[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.05 s <<< FAILURE! -- in com.acme.CartTest\n[ERROR] com.acme.CartTest.total -- Time elapsed: 0.01 s <<< FAILURE!\n"
                + "[ERROR] Failures: \n[ERROR]   CartTest.total:12 expected:<1> but was:<2>\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n",
            ["com.acme.CartTest.total"]
        },
        {
            "[ERROR] total(com.acme.CartTest)  Time elapsed: 0.01 s  <<< FAILURE!\n[ERROR]   CartTest.total:12 expected:<1> but was:<2>\n[ERROR] Tests run: 3, Failures: 1, Errors: 0, Skipped: 0\n",
            ["com.acme.CartTest.total"]
        },
        {
            "$ dotnet test\n  Failed Acme.CartTests.Total_is_right(count: 3) [12 ms]\n  Error Message:\n   Assert.Equal() Failure\nFailed!  - Failed:     1, Passed:     4, Skipped:     0, Total:     5\n",
            ["Acme.CartTests.Total_is_right(count: 3)"]
        },
        {
            "$ npx jest\nFAIL src/cart.test.js\n  \u25CF Console\n\n    console.log\n  \u25CF cart \u203A adds up\n\n    expect(received).toBe(expected)\n\n    Expected: 1\n    Received: 2\nTests:       1 failed, 3 passed, 4 total\n",
            ["cart \u203A adds up"]
        },
        {
            "$ npx vitest run\n FAIL  src/cart.test.ts > cart > adds up\nAssertionError: expected 1 to be 2\n      Tests  1 failed | 3 passed (4)\n",
            ["src/cart.test.ts::cart > adds up"]
        },
        {
            "$ cargo test\ntest cart::tests::adds_up ... FAILED\nthread 'cart::tests::adds_up' (12) panicked at src/cart.rs:5:22:\nassertion failed\ntest result: FAILED. 3 passed; 1 failed; 0 ignored\n",
            ["cart::tests::adds_up"]
        },
        { "$ npx tsc\nsrc/a.ts(3,7): error TS2322: no\n", [] },
        { "$ make\ncurl: (6) Could not resolve host: a.invalid\nERROR: Job failed: exit code 6\n", [] },
    };

    [Theory, MemberData(nameof(Runners))]
    public async Task The_tests_that_failed_are_named_once_each_as_their_runner_names_them(string log, string[] names) =>
        Assert.Equal(names.Order(StringComparer.Ordinal), (await NamesAsync(log)).Order(StringComparer.Ordinal));

    [Fact]
    public async Task A_hostile_log_gives_few_short_names_that_every_database_takes()
    {
        var log = "$ go test ./...\n" + string.Concat(Enumerable.Range(0, 3000).Select(number => $"--- FAIL: Test{number}{new string('x', 187 + (number % 4))}\U0001F600\U0001F600\U0001F600\U0001F600\U0001F600\U0001F600 (0.00s)\n"));
        var names = await NamesAsync(log);
        Assert.Equal(FailingTests.Most, names.Count);
        Assert.All(names, name => Assert.InRange(name.Length, 150, FailingTests.LongestName));
        // A half of a character would come back as something else.
        Assert.All(names, name => Assert.Equal(name, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name))));
    }

    [Fact]
    public async Task Secrets_in_names_are_not_kept()
    {
        var token = "ghp_" + string.Concat(Enumerable.Repeat("a1B2c3", 6));
        var names = await NamesAsync($"$ go test ./...\n--- FAIL: TestLogin/{token} (0.00s)\nFAIL\tacme.example/cart\t0.003s\n");
        Assert.NotEmpty(names);
        Assert.DoesNotContain(names, name => name.Contains(token, StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> NamesAsync(string log) => FailingTests.Of((await CatalogueTests.DiagnoseAsync(log)).Diagnoses[0]);
}
