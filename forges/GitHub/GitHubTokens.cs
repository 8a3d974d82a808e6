using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitHub;

/// <summary>
/// Who the bot is on GitHub: an App (installation tokens, each narrowed to one repository by its id) or a plain token. Shared by all adapters, so that a token
/// is made once and limits are known to everybody.
/// </summary>
internal sealed class GitHubTokens : IDisposable
{
    private static readonly TimeSpan RenewAhead = TimeSpan.FromMinutes(5);

    /// <summary>What GitHub says when it leaves the expiry out: docs.github.com/apps, "Generating an installation access token" (read 2026-11).</summary>
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    // iat a minute back for clocks that differ; GitHub refuses exp more than 10 minutes ahead.
    private static readonly TimeSpan IssuedBefore = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ExpiresAfter = TimeSpan.FromMinutes(9);

    /// <summary>A name is looked up again after this time, as another repository may have taken it.</summary>
    private static readonly TimeSpan NameLifetime = TimeSpan.FromMinutes(10);

    private readonly ForgeHttp http;
    private readonly TimeProvider clock;
    private readonly Func<ForgeLimits> newLimits;
    private readonly long appId;
    private readonly RSA? key;
    private readonly Lock keyGate = new();
    private readonly ForgeAccount? plain;
    private readonly ForgeAccount? app;
    private readonly ConcurrentDictionary<long, ForgeLimits> limits = new();
    private readonly SharedValues<(long Installation, long Repository), Token> tokens;
    private readonly SharedValues<long, long> installations = new(_ => true);
    private readonly SharedValues<string, (long Id, DateTimeOffset ReadAt)> names;
    private readonly SharedValues<string, GitHubUser> users = new(_ => true);
    private readonly SharedValues<string, string> slugs = new(_ => true);

    public GitHubTokens(GitHubSettings settings, ForgeHttp http, TimeProvider clock, Func<ForgeLimits> newLimits)
    {
        this.http = http;
        (this.clock, this.newLimits) = (clock, newLimits);
        tokens = new(token => token.ExpiresAt - http.Now > RenewAhead);
        names = new(name => clock.GetUtcNow() - name.ReadAt < NameLifetime);
        if (settings.AppId is { } id && !string.IsNullOrWhiteSpace(settings.PrivateKeyPem))
        {
            appId = id;
            key = ReadKey(settings.PrivateKeyPem);
            app = new AppAccount(this, newLimits());
        }
        else if (!string.IsNullOrWhiteSpace(settings.Token))
        {
            plain = new FixedAccount(newLimits(), ForgeCredential.Bearer(settings.Token.Trim()));
        }
    }

    public bool IsConfigured => app is not null || plain is not null;

    /// <summary>The account of a plain token; <c>null</c> with an App.</summary>
    public ForgeAccount? Plain => plain;

    /// <summary>The App itself, which no installation limits; <c>null</c> with a plain token.</summary>
    public ForgeAccount? App => app;

    public void Dispose() => key?.Dispose();

    public async Task<ForgeAccount> AccountAsync(Repository repository, CallLog calls, CancellationToken cancellationToken)
    {
        if (plain is not null) return plain;
        var installation = repository.Installation
            ?? await installations.GetAsync(repository.Id, token => FindInstallationAsync(repository, calls, token), cancellationToken);
        return new InstallationAccount(this, limits.GetOrAdd(installation, _ => newLimits()), installation, repository);
    }

    /// <summary>
    /// A plain token reaches repositories by name, and a name can have passed to another repository: throws <see cref="ForgeProblem.NotFound"/> then.
    /// An installation token is narrowed to the repository's id and needs no such check.
    /// </summary>
    public async Task CheckNameAsync(Repository repository, CallLog calls, CancellationToken cancellationToken)
    {
        if (plain is null) return;
        var (id, _) = await names.GetAsync(
            repository.FullName,
            async token =>
            {
                var named = await http.SendAsync(plain, ForgeRequest.Get($"repos/{ApiPath.Segments(repository.FullName)}"), GitHubJson.Default.GitHubRepositoryId, calls, token);
                return (named.Id, clock.GetUtcNow());
            },
            cancellationToken);
        if (id != repository.Id)
            throw new ForgeException(ForgeProblem.NotFound, $"{repository.FullName} is now the name of another repository ({id}, not {repository.Id}); nothing was done.");
    }

    /// <summary>Login, or the App's name. Throws <see cref="ForgeException"/> where GitHub does not know who asks.</summary>
    public async Task<string> OwnNameAsync(CallLog calls, CancellationToken cancellationToken) => app is null
        ? (await http.SendAsync(plain!, ForgeRequest.Get("user"), GitHubJson.Default.GitHubUser, calls, cancellationToken)).Login ?? ""
        : (await http.SendAsync(app, ForgeRequest.Get("app"), GitHubJson.Default.GitHubApp, calls, cancellationToken)).Slug ?? "";

    /// <summary>The forge answers, and knows who asks: a "not found" of it is to be believed. Throws where it does not, for now.</summary>
    public async Task CheckOwnAsync(CallLog calls, CancellationToken cancellationToken)
    {
        try
        {
            await OwnNameAsync(calls, cancellationToken);
        }
        catch (ForgeException e) when (!e.IsTransient && e.Problem != ForgeProblem.Unauthorized)
        {
            throw new ForgeException(ForgeProblem.ServerError, $"GitHub does not know the bot's own account. ({e.Message})", inner: e);
        }
    }

    /// <summary>True for comments that the bot itself wrote.</summary>
    public async Task<bool> IsOwnAsync(GitHubComment comment, CallLog calls, CancellationToken cancellationToken)
    {
        if (plain is not null)
        {
            var user = await users.GetAsync("", token => http.SendAsync(plain, ForgeRequest.Get("user"), GitHubJson.Default.GitHubUser, calls, token), cancellationToken);
            return comment.User?.Id == user.Id;
        }

        if (comment.PerformedViaGithubApp is { } by) return by.Id == appId;
        // Comments on commits do not say which App wrote them; a person's login cannot hold a bracket.
        if (comment.User is not { Type: "Bot", Login: { } login }) return false;
        var slug = await slugs.GetAsync(
            "",
            async token => (await http.SendAsync(app!, ForgeRequest.Get("app"), GitHubJson.Default.GitHubApp, calls, token)).Slug ?? "",
            cancellationToken);
        return slug.Length > 0 && login == $"{slug}[bot]";
    }

    /// <summary>The App is not installed on the repository (any more), in contrast to lacking a right there.</summary>
    public static bool IsNotInstalled(ForgeException refusal) => refusal is { Problem: ForgeProblem.Forbidden, InnerException: ForgeException };

    private async Task<long> FindInstallationAsync(Repository repository, CallLog calls, CancellationToken cancellationToken)
    {
        try
        {
            var request = ForgeRequest.Get($"repos/{ApiPath.Segments(repository.FullName)}/installation");
            return (await http.SendAsync(app!, request, GitHubJson.Default.GitHubInstallation, calls, cancellationToken)).Id;
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            // Not NotFound: that would read as "no such file" to whoever asked for one.
            throw new ForgeException(ForgeProblem.Forbidden, $"The GitHub App is not installed on {repository.FullName}. ({e.Message})", inner: e);
        }
    }

    private async Task<Token> MakeTokenAsync(long installation, Repository repository, CallLog calls, CancellationToken cancellationToken)
    {
        var narrowed = new GitHubNewToken([repository.Id]);
        var request = ForgeRequest.Post($"app/installations/{installation}/access_tokens", narrowed, GitHubJson.Default.GitHubNewToken) with { IsWrite = false };
        try
        {
            var made = await http.SendAsync(app!, request, GitHubJson.Default.GitHubToken, calls, cancellationToken);
            return new Token(ForgeCredential.Bearer(made.Token), made.ExpiresAt ?? http.Now + TokenLifetime);
        }
        catch (ForgeException e) when (e.Problem is ForgeProblem.Invalid or ForgeProblem.NotFound)
        {
            // 404: uninstalled. 422: the installation does not reach this repository id, whatever its name reaches. It may be installed anew, as another one.
            installations.Forget(repository.Id, known => known == installation);
            throw new ForgeException(ForgeProblem.Forbidden, $"The GitHub App's installation does not reach {repository.FullName}. ({e.Message})", inner: e);
        }
    }

    private ForgeCredential NewJwt()
    {
        var ahead = http.Ahead;
        var now = clock.GetUtcNow() - ahead;
        var claims = $$"""{"iat":{{(now - IssuedBefore).ToUnixTimeSeconds()}},"exp":{{(now + ExpiresAfter).ToUnixTimeSeconds()}},"iss":{{appId}}}""";
        var text = $"{Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(claims))}";
        lock (keyGate)
        {
            var signature = key!.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return ForgeCredential.Bearer($"{text}.{Base64Url.EncodeToString(signature)}", ahead);
        }
    }

    private static RSA ReadKey(string pem)
    {
        var rsa = RSA.Create();
        try
        {
            // Environment variables often hold the line breaks as \n.
            rsa.ImportFromPem(pem.Replace("\\n", "\n", StringComparison.Ordinal));
            return rsa;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            rsa.Dispose();
            throw new ArgumentException("The GitHub App's private key is not an RSA key in PEM form.", nameof(pem), e);
        }
    }

    private sealed class Token(ForgeCredential credential, DateTimeOffset expiresAt)
    {
        public ForgeCredential Credential { get; } = credential;

        public DateTimeOffset ExpiresAt { get; } = expiresAt;
    }

    private sealed class AppAccount(GitHubTokens owner, ForgeLimits limits) : ForgeAccount(limits)
    {
        public override Task<ForgeCredential> GetCredentialAsync(CallLog calls, CancellationToken cancellationToken) => Task.FromResult(owner.NewJwt());

        /// <summary>The refusal itself may have told that the claim was made by a clock that is off.</summary>
        public override bool Discard(ForgeCredential refused) => owner.http.Ahead != refused.Ahead;
    }

    private sealed class InstallationAccount(GitHubTokens owner, ForgeLimits limits, long installation, Repository repository) : ForgeAccount(limits)
    {
        public override async Task<ForgeCredential> GetCredentialAsync(CallLog calls, CancellationToken cancellationToken)
        {
            var token = await owner.tokens.GetAsync(
                (installation, repository.Id), token => owner.MakeTokenAsync(installation, repository, calls, token), cancellationToken);
            return token.Credential;
        }

        public override bool Discard(ForgeCredential refused) =>
            owner.tokens.Forget((installation, repository.Id), token => ReferenceEquals(token.Credential, refused));
    }
}
