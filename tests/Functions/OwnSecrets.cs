using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using QMoi.Simulator;
using QMoi.Tests.Scenarios;

namespace QMoi.Tests.Functions;

/// <summary>The bot is led through one trouble after the other, by forges that tell its own secrets back to it; none of them is in anything it writes or says.</summary>
public sealed partial class OwnSecrets : IDisposable
{
    private const string HubSecret = "the-hook+secret/of-the-hub";
    private const string LabSecret = "the-hook-secret-of-the-lab";
    private const string Admin = "the-token-of-the-admin-0815";
    private static readonly string SigningToken = "whsec_" + Convert.ToBase64String([.. Enumerable.Range(65, 32).Select(i => (byte)i)]);

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly HttpClient client = new();
    private readonly StringBuilder said = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        client.Dispose();
        data.Delete(recursive: true);
    }

    [Fact, Trait("speed", "slow")]
    public async Task Whatever_goes_wrong_no_secret_of_the_bot_is_in_what_it_writes_or_answers()
    {
        using var key = RSA.Create(2048);
        await using var simulator = await ForgeSimulator.StartAsync(
            new SimulatorOptions { GitHubWebhookSecret = HubSecret, GitLabWebhookSecret = LabSecret, GitLabSigningToken = SigningToken, GitHubAppPublicKey = key.ExportSubjectPublicKeyInfoPem() }, Stop);
        var (hub, lab) = (simulator.GitHub, simulator.GitLab);
        string[] secrets = [lab.Token, hub.Token, HubSecret, LabSecret, SigningToken, Admin, .. key.ExportPkcs8PrivateKeyPem().Split('\n').Where(line => line.Length > 20 && !line.Contains("---", StringComparison.Ordinal))];
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GITHUB_API_URL"] = hub.ApiUrl, ["GITHUB_APP_ID"] = "1", ["GITHUB_APP_PRIVATE_KEY"] = key.ExportPkcs8PrivateKeyPem(), ["GITHUB_TOKEN"] = hub.Token, ["GITHUB_WEBHOOK_SECRET"] = HubSecret,
            ["GITLAB_API_URL"] = lab.ApiUrl, ["GITLAB_TOKEN"] = lab.Token, ["GITLAB_WEBHOOK_SECRET"] = LabSecret, ["GITLAB_WEBHOOK_SIGNING_TOKEN"] = SigningToken,
            ["QMOI_ADMIN_TOKEN"] = Admin, ["QMOI__Repair__Verify"] = "always",
        };
        // A refusal of a forge, or of a proxy before it, that tells all it knows.
        var telling = "{\"message\":\"not with " + string.Join(" nor ", secrets.SelectMany(Forms).Select(form => form.Replace("\"", "", StringComparison.Ordinal))) + "\"}";
        await using (var qmoi = await QmoiProcess.ServeAsync(data.FullName, environment))
        {
            simulator.PointHooks(qmoi.Url);
            foreach (var forge in (SimulatedForge[])[hub, lab])
            {
                forge.AddFault(new Fault("GET", "/(pulls|merge_requests)", 500, times: 1) { Body = telling });
                forge.AddFault(new Fault("GET", "/(info/refs|git-upload-pack)", 500, times: 1) { Body = telling });
                forge.AddFault(new Fault("POST", "/(comments|discussions)$", 403) { Body = telling });
                forge.AddFault(new Fault("GET", "/contents/|/repository/files/", 401, times: 1) { Body = telling });
                await RepositoryAsync(forge, "acme/app");
                await RepositoryAsync(forge, "acme/refused");
            }
            await PostAsync(qmoi, "/webhooks/gitlab", ("X-Gitlab-Token", LabSecret));
            await PostAsync(qmoi, "/webhooks/github", ("X-Hub-Signature-256", HubSecret));
            await Waiting.UntilAsync(() => hub.Repositories.Concat(lab.Repositories).Any(repository => repository.MergeRequests.Count > 0));
            said.AppendLine(await qmoi.ReadyAsync());
            using var request = new HttpRequestMessage(HttpMethod.Get, qmoi.Url + "/api/qmoi/status");
            request.Headers.Add("Authorization", "Bearer " + Admin);
            using var status = await client.SendAsync(request, Stop);
            Assert.Equal(System.Net.HttpStatusCode.OK, status.StatusCode);
            said.AppendLine(await status.Content.ReadAsStringAsync(Stop));
            await RunAsync(environment, "admin", "stop_all_modules");
            await RunAsync(environment, "admin", "start_all_modules");
            await qmoi.KillAsync();
            said.Append(qmoi.ErrorsSoFar);
        }
        await RunAsync(environment, "doctor");
        await RunAsync(environment, "deliveries", "--json");
        await RunAsync(environment, "admin", "backup_system");
        await RunAsync(environment, "admin", "verify_audit");

        var all = new Dictionary<string, string>(StringComparer.Ordinal) { ["what it said"] = said.ToString() };
        foreach (var file in Directory.GetFiles(data.FullName, "*", SearchOption.AllDirectories))
            all[file] = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Stop)) + (file.EndsWith(".db", StringComparison.Ordinal) ? Rows(file) : "");
        Assert.Contains(all.Keys, file => file.Contains("backups", StringComparison.Ordinal));
        Assert.Contains("not with [REDACTED] nor [REDACTED]", all["what it said"], StringComparison.Ordinal);
        Assert.Contains(all, file => file.Key.EndsWith("qmoi.db", StringComparison.Ordinal) && file.Value.Contains("acme/app", StringComparison.Ordinal));
        foreach (var (where, text) in all)
        {
            foreach (var form in secrets.SelectMany(Forms))
                if (text.Contains(form, StringComparison.Ordinal))
                    Assert.Fail($"{where} holds a secret: {Before(text, form)}");
            Assert.False(IssuedToken().IsMatch(text), $"{where} holds a token that was issued: {IssuedToken().Match(text).Value}");
        }
    }

    /// <summary>As it is, in an address, and as git and HTTP send it.</summary>
    private static IEnumerable<string> Forms(string secret) =>
        [secret, Uri.EscapeDataString(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:" + secret)).TrimEnd('='), Convert.ToBase64String(Encoding.UTF8.GetBytes("x-access-token:" + secret)).TrimEnd('=')];

    private static string Before(string text, string secret)
    {
        var at = text.IndexOf(secret, StringComparison.Ordinal);
        return text[Math.Max(0, at - 150)..at];
    }

    private static async Task RepositoryAsync(SimulatedForge forge, string name)
    {
        var (path, ci) = World.Ci(forge, "./check.sh");
        var repository = await forge.CreateRepositoryAsync(name, new Dictionary<string, SimulatedFile>(StringComparer.Ordinal) { [path] = ci, ["check.sh"] = SimulatedFile.Text("#!/bin/sh\necho ok\n") });
        if (forge is GitHubForge hub)
            hub.InstallApp(repository, 7);
        await repository.PushAsync("main", "readme.md", "read me\n", "Say what this is");
    }

    private async Task PostAsync(QmoiProcess qmoi, string path, (string Name, string Value) header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, qmoi.Url + path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        using var response = await client.SendAsync(request, Stop);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, response.StatusCode);
    }

    private async Task RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var (_, output, error) = await QmoiProcess.RunAsync([.. arguments, "--data", data.FullName], environment);
        Assert.True(output.Length + error.Length > 0, string.Join(' ', arguments));
        said.AppendLine(output).AppendLine(error);
    }

    /// <summary>Long texts lie in pieces in the file.</summary>
    private static string Rows(string database)
    {
        var text = new StringBuilder();
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        foreach (var table in (string[])["deliveries", "attempts", "flakes", "effects", "controls", "audit", "sweep_marks", "known_repositories", "work", "lanes"])
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // names of this test
            command.CommandText = $"SELECT * FROM {table}";
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            while (reader.Read())
                for (var column = 0; column < reader.FieldCount; column++)
                    text.Append(reader.GetValue(column)).Append('\n');
        }
        return text.ToString();
    }

    /// <summary>Of an installation, and the claim with which it is asked for.</summary>
    [GeneratedRegex("ghs_[0-9a-f]{20}|eyJhbGciOiJSUzI1NiIs", RegexOptions.NonBacktracking)]
    private static partial Regex IssuedToken();
}
