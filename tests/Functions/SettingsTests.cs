using System.Security.Cryptography;
using QMoi.Functions.Settings;

namespace QMoi.Tests.Functions;

/// <summary>What an admin writes in files and the environment, and what the bot makes of it before a port opens.</summary>
public sealed class SettingsTests : IDisposable
{
    private const string Secret = "a-secret-of-the-tests";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly string program;
    private readonly string data;

    public SettingsTests()
    {
        program = folder.CreateSubdirectory("program").FullName;
        data = folder.CreateSubdirectory("data").FullName;
    }

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Without_any_file_or_variable_the_defaults_hold()
    {
        var settings = Read();
        Assert.Equal(("https://gitlab.com/api/v4", "https://api.github.com/"), (settings.GitLab.ApiUrl.AbsoluteUri, settings.GitHub.ApiUrl.AbsoluteUri));
        Assert.Null(settings.GitLab.Token);
        Assert.Empty(settings.GitHubSecrets.Secrets);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.ReplyTimeout);
        Assert.InRange(settings.Work.Workers, 1, 64);
        Assert.Equal(data, settings.DataFolder);
    }

    [Fact]
    public void Each_source_wins_over_the_one_before_it()
    {
        Shipped("""{ "GitLab": { "ApiUrl": "https://one.example/api/v4" }, "Work": { "Workers": 1 }, "Repair": { "MaxRetries": 0, "MaxAttempts": 1 } }""");
        Own("""{ "GitLab": { "ApiUrl": "https://two.example/api/v4" }, "Work": { "Workers": 2 }, "Repair": { "MaxRetries": 2 } }""");
        var settings = Read(("QMOI__Work__Workers", "3"), ("QMOI__GitLab__ApiUrl", "https://three.example/api/v4"), ("GITLAB_API_URL", "https://four.example/api/v4/"));
        Assert.Equal("https://four.example/api/v4", settings.GitLab.ApiUrl.AbsoluteUri);
        Assert.Equal((3, 2, 1), (settings.Work.Workers, settings.Repair.MaxRetries, settings.Repair.MaxAttempts));
    }

    [Fact]
    public void The_data_folder_of_the_command_line_wins_and_its_file_is_the_one_read()
    {
        var other = folder.CreateSubdirectory("other").FullName;
        File.WriteAllText(Path.Combine(other, "qmoi.json"), """{ "Work": { "Workers": 7 } }""");
        Own("""{ "Work": { "Workers": 2 } }""");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["QMOI__Data"] = other };
        Assert.Equal((data, 2), Of(SettingsReader.Read(environment, data, program)));
        Assert.Equal((other, 7), Of(SettingsReader.Read(environment, null, program)));
        Shipped($$"""{ "Data": "{{other}}" }""");
        Assert.Equal((other, 7), Of(SettingsReader.Read(new Dictionary<string, string>(StringComparer.Ordinal), null, program)));

        static (string, int) Of(BotSettings settings) => (settings.DataFolder, settings.Work.Workers);
    }

    [Fact]
    public void Files_may_hold_comments_and_lists_and_any_case()
    {
        Own("""
            {
              // while the secret is being changed
              "github": { "webhooksecret": ["a-secret-of-the-tests", "the-secret-before-it"], },
              "Sandbox": { "Registries": [] }
            }
            """);
        var settings = Read();
        Assert.Equal([Secret, "the-secret-before-it"], settings.GitHubSecrets.Secrets);
        Assert.Empty(settings.Sandbox.Registries!);
    }

    [Fact]
    public void An_empty_plain_name_is_as_if_it_were_not_set()
    {
        Own("""{ "GitLab": { "Token": "from-the-file" } }""");
        Assert.Equal("from-the-file", Read(("GITLAB_TOKEN", "")).GitLab.Token);
    }

    [Fact]
    public void Names_that_differ_in_case_alone_do_not_end_the_program_with_a_stack() =>
        Assert.Contains("Work", Complaint(("QMOI__Work__Workers", "3"), ("QMOI__WORK__WORKERS", "4")), StringComparison.OrdinalIgnoreCase);

    [Theory]
    [InlineData("QMOI__Work__Worker", "Work:Workers")]
    [InlineData("QMOI__GitHb__Token", "GitHub:Token")]
    [InlineData("QMOI__repair__maxretry", "Repair:MaxRetries")]
    public void An_unknown_variable_stops_the_start_and_names_the_nearest(string name, string nearest)
    {
        var complaint = Complaint((name, "1"));
        Assert.Contains(name["QMOI__".Length..].Replace("__", ":", StringComparison.Ordinal), complaint, StringComparison.Ordinal);
        Assert.Contains($"did you mean {nearest}?", complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_names_its_file()
    {
        Own("""{ "Work": { "Werkers": 2 } }""");
        var complaint = Complaint();
        Assert.Contains("Work:Werkers", complaint, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(data, "qmoi.json"), complaint, StringComparison.Ordinal);
        Assert.Contains("Work:Workers?", complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QMOI__Work__Workers", "0", "1 to 64"), InlineData("QMOI__Work__Workers", "65", "1 to 64"), InlineData("QMOI__Work__Workers", "two", "1 to 64"), InlineData("QMOI__Work__Workers", "99999999999999999999", "1 to 64")]
    [InlineData("QMOI__Work__Workers", "1.5", "1 to 64"), InlineData("QMOI__Work__Workers", "", "1 to 64")]
    [InlineData("QMOI__Receive__ReplyTimeout", "00:00:10", "00:00:01 to 00:00:09"), InlineData("QMOI__Receive__ReplyTimeout", "5", "00:00:01 to 00:00:09")]
    [InlineData("QMOI__Work__HandlerTimeout", "-00:01:00", "00:00:10 to 02:00:00")]
    [InlineData("QMOI__Repair__MinConfidence", "NaN", "0 to 1"), InlineData("QMOI__Repair__MinConfidence", "1.01", "0 to 1"), InlineData("QMOI__Repair__MinConfidence", "0,9", "0 to 1")]
    [InlineData("QMOI__Store__KeepDays", "7", "0 (for ever) or 8 to 3650"), InlineData("QMOI__Store__KeepDays", "-1", "0 (for ever) or 8 to 3650")]
    [InlineData("QMOI__Repair__MaxAttempts", "3", "1 to 2"), InlineData("QMOI__Repair__MaxRetries", "-1", "0 to 3")]
    [InlineData("GITLAB_API_URL", "gitlab.example/api/v4", "an http(s) URL"), InlineData("GITLAB_API_URL", "ftp://gitlab.example", "an http(s) URL")]
    [InlineData("GITHUB_APP_ID", "0", "a whole number above 0"), InlineData("GITHUB_APP_PRIVATE_KEY_PATH", "/no/such/file.pem", "a file that holds an RSA key")]
    public void A_value_out_of_range_stops_the_start_with_name_value_and_range(string name, string value, string range)
    {
        var complaint = Complaint((name, value));
        Assert.StartsWith($"{name}: '{value}' is not valid", complaint, StringComparison.Ordinal);
        Assert.Contains(range, complaint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("QMOI__Sandbox__Registries", "registry.npmjs.org/path"), InlineData("QMOI__Sandbox__Registries", "https://registry.npmjs.org"), InlineData("QMOI__Sandbox__Registries", "a b")]
    public void A_registry_is_a_host_with_or_without_a_port(string name, string value) =>
        Assert.StartsWith($"{name}: '{value}' is not valid", Complaint((name, value)), StringComparison.Ordinal);

    public static TheoryData<string, string> BadSecrets => new()
    {
        { "GITHUB_WEBHOOK_SECRET", "short-secret" },
        { "GITHUB_WEBHOOK_SECRET", "long-enough-to-be-one,short" },
        { "GITHUB_WEBHOOK_SECRET", "first-of-three-values,second-of-three-values,third-of-three-values" },
        { "GITHUB_WEBHOOK_SECRET", " , " },
        { "GITHUB_WEBHOOK_SECRET", new string(' ', 40) },
        { "QMOI__GitHub__WebhookSecret", "" },
        { "QMOI__GitLab__WebhookSecret", "" },
        { "QMOI__GitLab__WebhookSigningToken", "" },
        { "GITLAB_WEBHOOK_SECRET", "short-secret" },
        { "GITLAB_WEBHOOK_SIGNING_TOKEN", "whsec_c2hvcnQ=" },
        { "GITLAB_WEBHOOK_SIGNING_TOKEN", "whsec_%%%" },
        { "GITLAB_WEBHOOK_SIGNING_TOKEN", "no-prefix-of-any-kind-at-all" },
        { "GITLAB_TOKEN", "a token with spaces" },
        { "GITHUB_TOKEN", "two\nlines" },
        { "GITHUB_APP_PRIVATE_KEY", "-----BEGIN nothing of the kind" },
        { "QMOI__GitHub__WebhookSecret", "short-secret" },
        { "QMOI__GitHub__AppPrivateKey", "not a key" },
    };

    [Theory, MemberData(nameof(BadSecrets))]
    public void A_bad_secret_is_refused_and_never_shown(string name, string value)
    {
        var complaint = Complaint((name, value));
        Assert.StartsWith(name, complaint, StringComparison.Ordinal);
        foreach (var word in value.Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            Assert.DoesNotContain(word, complaint, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_secret_in_a_file_is_not_shown_either()
    {
        Own("""{ "GitLab": { "WebhookSecret": "short-secret" } }""");
        Assert.DoesNotContain("short-secret", Complaint(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_secrets_and_two_signing_tokens_are_valid_at_once()
    {
        var (one, two) = (Token(1), Token(2));
        var settings = Read(("GITHUB_WEBHOOK_SECRET", $"{Secret}, the-secret-before-it"), ("GITLAB_WEBHOOK_SIGNING_TOKEN", $"{one},{two}"));
        Assert.Equal([Secret, "the-secret-before-it"], settings.GitHubSecrets.Secrets);
        Assert.Equal([one, two], settings.GitLabSecrets.SigningTokens);

        static string Token(byte fill) => "whsec_" + Convert.ToBase64String([.. Enumerable.Repeat(fill, 32)]);
    }

    [Fact]
    public void An_App_needs_its_id_and_its_key()
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportRSAPrivateKeyPem();
        Assert.Contains("GITHUB_APP_PRIVATE_KEY", Complaint(("GITHUB_APP_ID", "7")), StringComparison.Ordinal);
        Assert.Contains("GITHUB_APP_ID", Complaint(("GITHUB_APP_PRIVATE_KEY", pem)), StringComparison.Ordinal);
        Assert.Equal(7, Read(("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", pem.ReplaceLineEndings("\\n"))).GitHub.AppId);
        var file = Path.Combine(folder.FullName, "app.pem");
        File.WriteAllText(file, pem);
        Assert.Equal(pem, Read(("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY_PATH", file)).GitHub.PrivateKeyPem);
    }

    [Fact]
    public void A_public_key_is_no_private_key()
    {
        using var rsa = RSA.Create(2048);
        Assert.StartsWith("GITHUB_APP_PRIVATE_KEY", Complaint(("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", rsa.ExportSubjectPublicKeyInfoPem())), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{"), InlineData(""), InlineData("{} {}"), InlineData("[1, 2]"), InlineData("\"words\""), InlineData("3"), InlineData("null")]
    public void A_broken_file_is_named(string content)
    {
        Own(content);
        Assert.Contains(Path.Combine(data, "qmoi.json"), Complaint(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_shipped_file_is_named_too()
    {
        Shipped("{ broken");
        Assert.Contains(Path.Combine(program, "appsettings.json"), Complaint(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_data_folder_inside_the_file_of_the_data_folder_is_not_silently_ignored()
    {
        Own("""{ "Data": "elsewhere" }""");
        Assert.Contains("Data", Complaint(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_itself_ends_with_2_and_one_line_without_the_value_of_a_secret()
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(
            ["serve", "--data", data, "--urls", "http://127.0.0.1:0"], new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = "short-secret" });
        Assert.Equal((2, ""), (exitCode, output));
        Assert.StartsWith("qmoi: GITHUB_WEBHOOK_SECRET: ", Assert.Single(error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("short-secret", error, StringComparison.Ordinal);
    }

    private void Shipped(string json) => File.WriteAllText(Path.Combine(program, "appsettings.json"), json);

    private void Own(string json) => File.WriteAllText(Path.Combine(data, "qmoi.json"), json);

    private BotSettings Read(params (string Name, string Value)[] environment) =>
        SettingsReader.Read(environment.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal), data, program);

    private string Complaint(params (string Name, string Value)[] environment)
    {
        var complaint = Assert.ThrowsAny<SettingsException>(() => Read(environment)).Message;
        Assert.DoesNotContain('\n', complaint);
        return complaint;
    }
}
