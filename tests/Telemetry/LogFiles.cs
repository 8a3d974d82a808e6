using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using QMoi.Forges;
using QMoi.Functions;
using QMoi.Functions.Settings;
using QMoi.Handlers.Events;
using QMoi.Tests.Forges;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Telemetry;

/// <summary>The bot's own logs: one line an entry, whatever it quotes, and no secret.</summary>
public sealed partial class LogFiles : IDisposable
{
    private const string HookSecret = "hook+secret/of the tests&more";
    private const string Token = "plain-token-without-a-known-shape-4711";
    private const string GitLabSecret = "the-secret-of-the-lab-hook";
    private const string Admin = "the-token-of-the-admin-0815";
    private const string Password = "pass\"word+of-the-base";

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    private static readonly string[] Secrets = [HookSecret, Token, GitLabSecret, Admin, Password, Uri.EscapeDataString(Password), Uri.EscapeDataString(HookSecret), Convert.ToBase64String("x-access-token:plain-token-without-a-known-shape-4711"u8).TrimEnd('=')];

    public void Dispose() => data.Delete(recursive: true);

    [Fact]
    public async Task What_comes_from_outside_never_begins_a_line_of_its_own()
    {
        const string forged = "2026-11-21T00:00:00.000+00:00 ERR - - - the disk is gone";
        string[] breaks = ["\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029", "\u000b", "\u000c", "\0", "\u001b[2K\u001b[1G", "\u202e"];
        using (var loggers = Logging.Create(Settings(), ConsoleLog.Text))
        {
            var logger = loggers.CreateLogger("QMoi.Test");
            foreach (var one in breaks)
                using (logger.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal) { ["Delivery"] = "id" + one + forged, ["Lane"] = one + forged }))
                    logger.LogWarning(new InvalidOperationException("first" + one + forged, new FormatException(one + forged)), "Said: {Text}", "text" + one + forged);
        }
        var text = await TextAsync("qmoi");
        Assert.Equal(breaks.Length, text.Split('\n').Count(line => Entry().IsMatch(line)));
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.True(Entry().IsMatch(line) || line.StartsWith("    System.", StringComparison.Ordinal), line));
        Assert.DoesNotContain(text, character => char.IsControl(character) && character != '\n');
        Assert.DoesNotContain(text, character => character is '\u2028' or '\u2029' or '\u202e');
        Assert.All(text.Split('\n').Where(line => Entry().IsMatch(line)), line => Assert.DoesNotContain(" ERR - - - the disk", line[..40], StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_secret_of_the_settings_and_nothing_that_looks_like_one_gets_into_a_file()
    {
        using (var loggers = Logging.Create(Settings(), ConsoleLog.Text))
        {
            var logger = loggers.CreateLogger("QMoi.Test");
            foreach (var secret in Secrets.Append("ghp_0123456789abcdefghijABCDEFGHIJ012345"))
            {
                logger.LogDebug("It said {Text}", secret);
                logger.LogError(new InvalidOperationException($"refused: {secret}", new IOException(secret)), "{Text} failed", $"https://forge.example/?q={secret}");
                loggers.CreateLogger("QMoi.Audit").LogInformation("{Text}", secret);
            }
        }
        foreach (var name in (string[])["qmoi", "error", "audit"])
        {
            var text = await TextAsync(name);
            Assert.NotEmpty(text);
            Assert.All(Secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        }
        Assert.DoesNotContain("ghp_0123456789", await TextAsync("qmoi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forge_that_answers_with_our_secrets_does_not_get_them_into_the_logs()
    {
        await using var forge = await ScriptedServer.StartAsync(_ => new Reply(422, JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["message"] = string.Join('\n', Secrets) })));
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GITHUB_API_URL"] = forge.Url, ["GITHUB_TOKEN"] = Token, ["GITHUB_WEBHOOK_SECRET"] = HookSecret, ["GITLAB_WEBHOOK_SECRET"] = GitLabSecret, ["QMOI_ADMIN_TOKEN"] = Admin,
        };
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment))
        {
            const string body = """
                {"action":"completed","workflow_run":{"id":5,"name":"CI","run_attempt":1,"head_branch":"main","head_sha":"1111111111111111111111111111111111111111","status":"completed","conclusion":"failure","event":"push","path":".github/workflows/ci.yml","html_url":"https://forge.example/runs/5","head_repository":{"id":7,"full_name":"acme/app"},"pull_requests":[]},"repository":{"id":7,"full_name":"acme/app","default_branch":"main","node_id":"R_7"},"sender":{"id":1,"login":"someone"}}
                """;
            Assert.Equal(System.Net.HttpStatusCode.Accepted, await SignedPost.SendAsync(qmoi.Url, "told", "workflow_run", body, HookSecret));
            await Waiting.UntilAsync(() => forge.Requests.Count > 0);
            await Task.Delay(500, TestContext.Current.CancellationToken);
            Assert.Equal(0, await qmoi.TerminateAsync());
        }
        var log = await TextAsync("qmoi");
        Assert.Contains("422", log, StringComparison.Ordinal);
        Assert.Contains("[REDACTED]", log, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(Path.Combine(data.FullName, "logs")))
        {
            var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            foreach (var secret in (string[])[Token, HookSecret, GitLabSecret, Admin])
                Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        }
        // Which delivery, which lane, which trace.
        Assert.Contains($" told github:7 {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("github:told"u8).AsSpan(0, 16))} ", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_of_notifications_appears_with_the_first_of_them()
    {
        var logs = Path.Combine(data.FullName, "logs");
        using (var loggers = Logging.Create(Settings(), ConsoleLog.Text))
        {
            loggers.CreateLogger("QMoi.Test").LogInformation("Something");
            Assert.False(Directory.Exists(logs) && Directory.GetFiles(logs, "notification*").Length > 0);
            loggers.CreateLogger(Logging.Notification).LogInformation("To {Channel}: {Text}", "team", "the build is green");
        }
        Assert.Contains("To team: the build is green", await TextAsync("notification"), StringComparison.Ordinal);
        Assert.DoesNotContain("Something", await TextAsync("notification"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(logs, "error*"));
    }

    [Fact]
    public async Task Standard_error_is_JSON_for_machines_and_text_where_that_is_asked_for()
    {
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal)))
        {
            var entry = JsonDocument.Parse(await qmoi.ErrorLineAsync("GitHub deliveries are refused")).RootElement;
            Assert.Equal(("warning", "QMoi.Serve"), (entry.GetProperty("level").GetString(), entry.GetProperty("category").GetString()));
            Assert.StartsWith("GitHub deliveries are refused", entry.GetProperty("message").GetString(), StringComparison.Ordinal);
            Assert.Equal("GITHUB_WEBHOOK_SECRET", entry.GetProperty("values").GetProperty("Setting").GetString());
            Assert.True(entry.GetProperty("time").GetDateTimeOffset() > DateTimeOffset.UnixEpoch);
        }
        await using var plain = await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal) { ["QMOI__Log__Console"] = "text" });
        Assert.Matches("^[0-9]{2}:[0-9]{2}:[0-9]{2} WRN GitHub deliveries are refused", await plain.ErrorLineAsync("GitHub deliveries are refused"));
    }

    private BotSettings Settings() => new()
    {
        DataFolder = data.FullName, GitHub = new GitHubSettings(new Uri("https://api.forge.example"), Token), GitHubSecrets = new WebhookSecrets([HookSecret], []),
        GitLabSecrets = new WebhookSecrets([GitLabSecret], []), AdminTokens = [Admin], DatabaseUrl = $"postgres://qmoi:{Uri.EscapeDataString(Password)}@db.example/qmoi",
    };

    private async Task<string> TextAsync(string name) => await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(data.FullName, "logs"), name + "*.log")), TestContext.Current.CancellationToken);

    /// <summary>How every entry of a file begins: when, how grave, delivery, lane, trace.</summary>
    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]{3} \S+ \S+ \S+ ", RegexOptions.NonBacktracking)]
    private static partial Regex Entry();
}
