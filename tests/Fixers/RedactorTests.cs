using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

public sealed class RedactorTests
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    // Built from pieces, so that no scanner takes this file for a leak.
    public static TheoryData<string> Tokens() =>
    [
        "ghp" + "_" + Body(36), "gho" + "_" + Body(36), "ghu" + "_" + Body(36), "ghr" + "_" + Body(76), "github" + "_pat_" + Body(22) + "_" + Body(59),
        "ghs" + "_12345_" + "ey" + "J" + Body(60) + "." + Body(200) + "." + Body(250), "glpat" + "-" + Body(20), "glpat" + "-" + Body(27) + ".01." + "0w" + Body(7),
        "gldt" + "-" + Body(20), "glrt" + "-" + Body(20), "glcbt" + "-64_" + Body(20), "glptt" + "-" + Body(40), "whsec" + "_" + Convert.ToBase64String(new byte[32]),
        "xoxb" + "-123456789012-1234567890123-" + Body(24), "xapp" + "-1-A111-222-" + Body(64), "AKIA" + "QWERTYUIOPASDFGH"[..16], "AIza" + Body(35), "npm" + "_" + Body(36), "pypi" + "-AgEIcHlwaS5vcmc" + Body(60),
        "sk" + "-ant-api03-" + Body(80), "sk" + "-proj-" + Body(60), "hf" + "_" + Body(34), "dckr" + "_pat_" + Body(27), "oy2" + Body(43).ToLowerInvariant(),
        "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0In0." + Body(43), "hvs" + "." + Body(90), "SG" + "." + Body(22) + "." + Body(43), "abc8Q" + "~" + Body(34),
    ];

    [Theory]
    [MemberData(nameof(Tokens))]
    public void A_token_is_taken_out_of_its_line(string token)
    {
        foreach (var (before, after) in ((string, string)[])[("using token ", " for the push"), ("TOKEN=", ""), ("{\"t\":\"", "\"}"), ("(", ")."), ("header: ", ", next")])
        {
            var redacted = Redactor.Redact(before + token + after);
            Assert.DoesNotContain(token, redacted, StringComparison.Ordinal);
            Assert.DoesNotContain(token[6..], redacted, StringComparison.Ordinal);
            Assert.Contains(Redactor.Mark, redacted, StringComparison.Ordinal);
            Assert.Equal(redacted, Redactor.Redact(redacted));
        }
    }

    [Theory]
    [MemberData(nameof(Tokens))]
    public void A_token_is_found_behind_escapes_and_in_base64(string token)
    {
        var url = string.Concat(token.Select(symbol => char.IsAsciiLetterOrDigit(symbol) ? symbol.ToString() : $"%{(int)symbol:X2}"));
        var json = string.Concat(token.Select(symbol => char.IsAsciiLetterOrDigit(symbol) ? symbol.ToString() : $"\\u{(int)symbol:x4}"));
        foreach (var hidden in (string[])[url, json])
            Assert.DoesNotContain(hidden, Redactor.Redact($"GET /x?t={hidden}&page=2"), StringComparison.Ordinal);

        foreach (var prefix in (string[])["", "u:", "user:"])
        {
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(prefix + token));
            Assert.DoesNotContain(encoded, Redactor.Redact($"auth {encoded} sent"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Tokens))]
    public void A_token_that_is_broken_over_two_lines_is_found(string token)
    {
        // Only where enough of its start is on the first line to know it by.
        if (token.StartsWith("abc8Q", StringComparison.Ordinal))
            return;

        var cut = token.Length / 2;
        var lines = Redactor.Redact(["token " + token[..cut], token[cut..], "next line"]);
        Assert.DoesNotContain(token[cut..], string.Join('|', lines), StringComparison.Ordinal);
        Assert.DoesNotContain(token[6..cut], string.Join('|', lines), StringComparison.Ordinal);
        Assert.Equal("next line", lines[2]);
    }

    [Fact]
    public void Credentials_in_addresses_headers_and_settings_are_taken_out()
    {
        string[] secrets = ["s3cr3tPassw0rd", "Zm9vOmJhcg1234567890", "QxVb7Tn2LkP9", "ALLCAPSWORD"];
        string[] lines =
        [
            $"git clone https://ci:{secrets[0]}@gitlab.example/acme/app.git", $"Authorization: Basic {secrets[1]}", $"curl -H 'PRIVATE-TOKEN: {secrets[1]}'",
            $"DB_PASSWORD={secrets[0]}", $"//registry.example/:_authToken={secrets[1]}", $"postgres://app:{secrets[0]}@db:5432/app", $"client_secret: \"{secrets[2]}\"",
            $"https://hooks.slack.com/services/T000/B000/{secrets[1]}", $"password: {secrets[3]}",
        ];
        foreach (var line in lines)
        {
            var redacted = Redactor.Redact(line);
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, redacted, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_private_key_is_taken_out_line_by_line_too()
    {
        string[] key = ["-----BEGIN RSA " + "PRIVATE KEY-----", "MIIEowIBAAKCAQEA" + Body(48), Body(64), "-----END RSA " + "PRIVATE KEY-----"];
        Assert.DoesNotContain(key[2], Redactor.Redact("key:\n" + string.Join('\n', key) + "\ndone"), StringComparison.Ordinal);
        var lines = Redactor.Redact(["key:", .. key, "done"]);
        Assert.DoesNotContain(key[2], string.Join('\n', lines), StringComparison.Ordinal);
        Assert.Equal(("key:", "done"), (lines[0], lines[5]));
    }

    [Theory]
    [InlineData("Checking out 9b1c2d3e4f5061728394a5b6c7d8e9f001122334 as main")]
    [InlineData("sha256:7a1b2c3d4e5f60718293a4b5c6d7e8f90011223344556677889900aabbccddee")]
    [InlineData("\"integrity\": \"sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==\"")]
    [InlineData("request id 123e4567-e89b-12d3-a456-426614174000")]
    [InlineData("installing sk-learn-extensions-and-other-things-2 from cache")]
    [InlineData("/scripts-112-4711/step_script: line 171: DEPLOY_TOKEN: parameter null or not set")]
    [InlineData("Environment variable API_KEY is not set")]
    [InlineData("https://registry.npmjs.org/@babel/core/-/core-7.26.0.tgz")]
    [InlineData("password: required")]
    [InlineData("  server-password: GITHUB_TOKEN")]
    [InlineData("OLDPWD=/builds/acme/app")]
    [InlineData("docker run -v \"$PWD:/work/acme\" image")]
    [InlineData("at Object.<anonymous> (/builds/acme/app/node_modules/jest-circus/build/legacy-code-todo-rewrite/jestAdapterInit.js:12:34)")]
    [InlineData("com.acme.verylongpackagename.AbstractSingletonProxyFactoryBeanFactoryImplementation.createInstance")]
    public void What_is_no_secret_stays_readable(string line) => Assert.Equal(line, Redactor.Redact(line));

    /// <summary>At most one in ten thousand may be taken for a secret.</summary>
    [Fact]
    public void Of_ten_thousand_lines_with_hashes_and_ids_all_stay_readable()
    {
        var random = new Random(7);
        string Hex(int length) => Convert.ToHexStringLower(Bytes(length / 2));
        byte[] Bytes(int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }
        var wrong = new List<string>();
        for (var number = 0; number < 10_000; number++)
        {
            var line = (number % 14) switch
            {
                0 => $"Checking out {Hex(40)} as detached HEAD...",
                1 => $"  resolved \"https://registry.example/left-pad/-/left-pad-1.3.{number}.tgz#{Hex(40)}\"",
                2 => $"      \"integrity\": \"sha512-{Convert.ToBase64String(Bytes(64))}\",",
                3 => $"left-pad==1.3.{number} --hash=sha256:{Hex(64)}",
                4 => $"golang.org/x/text v0.{number}.0 h1:{Convert.ToBase64String(Bytes(32))}",
                5 => $"checksum = \"{Hex(64)}\"",
                6 => $"Correlation id {new Guid(Bytes(16))} took {number} ms",
                7 => $"Digest: sha256:{Hex(64)}",
                8 => $"index {Hex(40)[..7]}..{Hex(40)[..7]} 100644",
                9 => $"  \"contentHash\": \"{Convert.ToBase64String(Bytes(64))}\"",
                10 => $"gem sha256={Hex(64)} ok",
                11 => $"cache key: node-modules-{Hex(64)}-{number}",
                12 => $"  - pod (from `https://git.example/acme/pod.git`, commit `{Hex(40)}`)",
                _ => $"{Hex(64)}  dist/app-{number}.tar.gz",
            };
            if (Redactor.Redact(line) != line)
                wrong.Add(line);
        }
        Assert.True(wrong.Count <= 1, string.Join('\n', wrong));
    }

    [Fact]
    public void Logs_of_cases_are_left_alone()
    {
        foreach (var file in CaseTests.Logs)
        {
            var log = File.ReadAllText(file);
            Assert.Equal(log, Redactor.Redact(log));
        }
    }

    private static string Body(int length) => string.Concat(Enumerable.Range(0, length).Select(at => Letters[((at * 37) + (length * 11) + 7) % Letters.Length]));
}
