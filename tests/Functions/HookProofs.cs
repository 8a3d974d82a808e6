using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using QMoi.Functions;
using QMoi.Functions.Hooks;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Tests.Forges;

namespace QMoi.Tests.Functions;

/// <summary>Deliveries of webhooks that have a secret of their own, over HTTP; the secrets of the settings are valid too.</summary>
public sealed class HookProofs : IAsyncLifetime
{
    private const string OfAll = "the-secret-of-all-hooks";
    private const string Own = "the-secret-of-repository-7";
    private static readonly byte[] KeyToSeal = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] SigningKey = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly string SigningToken = "whsec_" + Convert.ToBase64String(SigningKey);

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private readonly RecordedLog log = new();
    private readonly ManualClock clock = new(DateTimeOffset.UtcNow);
    private readonly HttpClient client = new();
    private Bot? bot;
    private int number;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (bot is not null)
            await bot.DisposeAsync();
        data.Delete(recursive: true);
    }

    public static TheoryData<ForgeKind> Forges => [ForgeKind.GitHub, ForgeKind.GitLab];

    [Theory, MemberData(nameof(Forges))]
    public async Task The_secret_of_one_repository_proves_nothing_about_another(ForgeKind forge)
    {
        await StartAsync(Row(forge, 7, "acme/app", Own));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, sentBy: 7, about: (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 7, about: (8, "acme/tool"), Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 8, about: (8, "acme/tool"), Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: null, about: (8, "acme/tool"), Own));
        // A name proves nothing: another repository may have taken it.
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 7, about: (8, "acme/app"), Own));
        Assert.Equal(["acme/app"], await StoredAsync());
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task The_secret_of_all_proves_nothing_about_a_repository_with_one_of_its_own(ForgeKind forge)
    {
        await StartAsync(Row(forge, 7, "acme/app", Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 7, about: (7, "acme/app"), OfAll));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: null, about: (7, "acme/app"), OfAll));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 8, about: (7, "acme/app"), OfAll));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, sentBy: null, about: (8, "acme/tool"), OfAll));
        Assert.Equal(["acme/tool"], await StoredAsync());
        Assert.Contains(log.Warnings, warning => warning.Contains("by the secret of another webhook", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task The_secret_of_a_group_holds_for_what_lies_below_it_and_for_nothing_else(ForgeKind forge)
    {
        await StartAsync(Row(forge, 70, "acme", "the-secret-of-the-group", isGroup: true));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, sentBy: 70, about: (7, "acme/app"), "the-secret-of-the-group", isGroup: true));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, sentBy: 70, about: (8, "Acme/tools/one"), "the-secret-of-the-group", isGroup: true));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 70, about: (9, "acmenot/app"), "the-secret-of-the-group", isGroup: true));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 70, about: (9, "other/acme/app"), "the-secret-of-the-group", isGroup: true));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: 70, about: (7, "acme/app"), "the-secret-of-the-group", isGroup: false));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, sentBy: null, about: (7, "acme/app"), OfAll));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task While_a_secret_is_changed_the_one_before_counts_for_an_hour(ForgeKind forge)
    {
        await StartAsync(Row(forge, 7, "acme/app", "the-new-secret-of-7") with
        {
            Sealed = new HookKeys(["the-new-secret-of-7", Own], []).Seal(new StoredBody([KeyToSeal])), OldUntil = clock.GetUtcNow().AddHours(1),
        });
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), "the-new-secret-of-7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), OfAll));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), "the-new-secret-of-7"));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task What_was_sent_before_a_repository_got_its_own_is_proved_by_the_secret_of_all_for_an_hour(ForgeKind forge)
    {
        await StartAsync(Row(forge, 7, "acme/app", Own) with { OldUntil = clock.GetUtcNow().AddHours(1) });
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), OfAll));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, null, (7, "acme/app"), OfAll));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), OfAll));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, null, (7, "acme/app"), OfAll));
    }

    [Fact]
    public async Task With_a_signing_token_of_its_own_the_signature_is_wanted_but_for_a_dated_window()
    {
        await StartAsync(Row(ForgeKind.GitLab, 7, "acme/app", Own, signed: true) with { WeakerUntil = clock.GetUtcNow().AddDays(1) });
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), Own, signature: SigningKey));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), "wrong"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), Own, signature: new byte[32]));
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(ForgeKind.GitLab, 7, (7, "acme/app"), Own, signature: SigningKey));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task Removed_made_and_changed_secrets_count_without_a_restart(ForgeKind forge)
    {
        await StartAsync();
        await bot!.Store.Hooks.SaveAsync(Row(forge, 7, "acme/app", Own), default);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), Own));
        await bot.Store.Hooks.SaveAsync(Row(forge, 7, "acme/app", "the-new-secret-of-7"), default);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), "the-new-secret-of-7"));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), Own));
        await bot.Store.Hooks.RemoveAsync(new HookOwner(forge, IsGroup: false, 7), default);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(forge, 7, (7, "acme/app"), OfAll));
    }

    [Theory, MemberData(nameof(Forges))]
    public async Task A_secret_whose_key_is_lost_verifies_nothing_and_is_told(ForgeKind forge)
    {
        await StartAsync(Row(forge, 7, "acme/app", Own) with { Sealed = new HookKeys([Own], []).Seal(new StoredBody([RandomNumberGenerator.GetBytes(32)])) });
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, 7, (7, "acme/app"), OfAll));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(forge, null, (7, "acme/app"), OfAll));
        Assert.Contains(log.Warnings, line => line.Contains("The webhook secret of acme/app", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Once_the_bot_has_run_with_a_new_key_the_one_before_is_not_needed()
    {
        var before = RandomNumberGenerator.GetBytes(32);
        var row = Row(ForgeKind.GitHub, 7, "acme/app", Own) with { Sealed = new HookKeys([Own], []).Seal(new StoredBody([before])) };
        await StartAsync([KeyToSeal, before], row);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(ForgeKind.GitHub, 7, (7, "acme/app"), Own));
        var again = Assert.Single(await bot!.Store.Hooks.AllAsync(default));
        Assert.Equal([Own], HookKeys.Open(again.Sealed, new StoredBody([KeyToSeal]))!.Secrets);
    }

    [Theory, InlineData("?project=7&project=8"), InlineData("?project=-7"), InlineData("?project=7%20"), InlineData("?project=99999999999999999999"), InlineData("?group=x"), InlineData("?project=")]
    public async Task An_address_that_names_nobody_is_of_all_webhooks(string query)
    {
        await StartAsync(Row(ForgeKind.GitLab, 7, "acme/app", Own));
        Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync(ForgeKind.GitLab, null, (7, "acme/app"), Own, query: query));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(ForgeKind.GitLab, null, (8, "acme/tool"), OfAll, query: query));
    }

    // ---- words

    private static HookRow Row(ForgeKind forge, long id, string path, string secret, bool isGroup = false, bool signed = false) => new(
        new HookOwner(forge, isGroup, id), path, new HookKeys([secret], signed ? [SigningToken] : []).Seal(new StoredBody([KeyToSeal])), OldUntil: null, WeakerUntil: null);

    private Task StartAsync(params HookRow[] rows) => StartAsync([KeyToSeal], rows);

    private async Task StartAsync(byte[][] keys, params HookRow[] rows)
    {
        bot = Bot.Open(new BotSettings
        {
            DataFolder = data.FullName, KeyFolder = null, EncryptionKeys = keys, GitHubSecrets = new WebhookSecrets([OfAll], []), GitLabSecrets = new WebhookSecrets([OfAll], []),
        }, clock, log);
        foreach (var row in rows)
            await bot.Store.Hooks.SaveAsync(row, default);
        await bot.ListenAsync("http://127.0.0.1:0", log, default);
    }

    private async Task<HttpStatusCode> SendAsync(ForgeKind forge, long? sentBy, (long Id, string Name) about, string secret, bool isGroup = false, byte[]? signature = null, string? query = null)
    {
        var id = $"delivery-{++number}";
        var project = $$"""{"id":{{about.Id}},"full_name":"{{about.Name}}","path_with_namespace":"{{about.Name}}","default_branch":"main"}""";
        var body = forge == ForgeKind.GitHub ? $$"""{"ref":"refs/heads/{{id}}","repository":{{project}}}""" : $$"""{"object_kind":"push","ref":"refs/heads/{{id}}","project":{{project}}}""";
        query ??= forge == ForgeKind.GitLab && sentBy is { } owner ? $"?{(isGroup ? "group" : "project")}={owner}" : "";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{bot!.Url}/webhooks/{(forge == ForgeKind.GitHub ? "github" : "gitlab")}{query}") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (forge == ForgeKind.GitHub)
        {
            request.Headers.Add("X-GitHub-Event", "push");
            request.Headers.Add("X-GitHub-Delivery", id);
            request.Headers.Add("X-Hub-Signature-256", Deliveries.GitHubSignature(secret, body));
            if (sentBy is { } target)
            {
                request.Headers.Add("X-GitHub-Hook-Installation-Target-Type", isGroup ? "organization" : "repository");
                request.Headers.Add("X-GitHub-Hook-Installation-Target-ID", target.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        else
        {
            var time = clock.GetUtcNow().ToUnixTimeSeconds();
            request.Headers.Add("X-Gitlab-Token", secret);
            request.Headers.Add("webhook-id", id);
            request.Headers.Add("webhook-timestamp", time.ToString(System.Globalization.CultureInfo.InvariantCulture));
            if (signature is not null)
                request.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(signature, Encoding.UTF8.GetBytes($"{id}.{time}.{body}"))));
        }
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }

    private async Task<IReadOnlyList<string?>> StoredAsync()
    {
        var names = new List<string?>();
        await foreach (var row in bot!.Store.ListAsync(null, null, default))
            names.Add(row.Repository);
        return names;
    }
}
