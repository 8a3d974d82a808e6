using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using QMoi.Forges.GitHub;
using QMoi.Forges.GitLab;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>How GitHub is reached. An App (both <paramref name="AppId"/> and <paramref name="PrivateKeyPem"/>) goes before a token.</summary>
/// <param name="ApiUrl"><c>https://api.github.com</c>; on GitHub Enterprise Server <c>https://HOST/api/v3</c>.</param>
/// <param name="Token">Personal access token.</param>
/// <param name="PrivateKeyPem">The App's RSA key in PEM form; line breaks may be written <c>\n</c>.</param>
public sealed record GitHubSettings(Uri ApiUrl, string? Token = null, long? AppId = null, string? PrivateKeyPem = null)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"GitHubSettings {{ ApiUrl = {ApiUrl}, AppId = {AppId} }}";
}

/// <summary>How GitLab is reached.</summary>
/// <param name="ApiUrl"><c>https://gitlab.com/api/v4</c>, or the same on another host.</param>
/// <param name="Token">Personal, project or group access token with the scope <c>api</c>.</param>
public sealed record GitLabSettings(Uri ApiUrl, string? Token = null)
{
    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"GitLabSettings {{ ApiUrl = {ApiUrl} }}";
}

/// <summary>Makes adapters; owns the connections, tokens and limits below them. One for the whole process.</summary>
[SuppressMessage("Design", "MA0049", Justification = "Named for its contract, IForges; inside QMoi it is written Forges.Forges.")]
public sealed class Forges : IForges, IDisposable
{
    private readonly ForgeHttp gitHubHttp;
    private readonly ForgeHttp gitLabHttp;
    private readonly GitHubTokens gitHubTokens;
    private readonly GitHubGraphQl gitHubGraphQl;
    private readonly GitLabTokens gitLabTokens;

    /// <summary>Throws <see cref="ArgumentException"/> when the App's private key cannot be read.</summary>
    /// <param name="hide">Takes what must not be told out of the words of a forge: they are kept, logged and shown.</param>
    /// <param name="patience">Longest wait for the bot's own share of writes that is waited out; a longer one puts the delivery off. Default 10 s.</param>
    /// <param name="alarms">Is told of a clock that is off and of certificates that are refused, where somebody wants to know.</param>
    public Forges(
        GitHubSettings gitHub, GitLabSettings gitLab, TimeProvider clock, ILoggerFactory loggers, TimeSpan? patience = null, Func<string, string>? hide = null, IForgeAlarms? alarms = null)
    {
        ForgeLimits NewLimits() => new(clock, patience ?? TimeSpan.FromSeconds(10));
        gitHubHttp = new ForgeHttp(ForgeKind.GitHub, gitHub.ApiUrl, GitHubForge.Headers, clock, alarms, loggers.CreateLogger<GitHubForge>(), hide);
        gitLabHttp = new ForgeHttp(ForgeKind.GitLab, gitLab.ApiUrl, GitLabForge.Headers, clock, alarms, loggers.CreateLogger<GitLabForge>(), hide);
        gitHubTokens = new GitHubTokens(gitHub, gitHubHttp, clock, NewLimits);
        gitHubGraphQl = new GitHubGraphQl(gitHubHttp, clock);
        gitLabTokens = new GitLabTokens(gitLab, gitLabHttp, NewLimits);
    }

    public IForge Open(Repository repository) => repository.Forge switch
    {
        ForgeKind.GitHub when gitHubTokens.IsConfigured => new GitHubForge(gitHubHttp, gitHubTokens, gitHubGraphQl),
        ForgeKind.GitLab when gitLabTokens.IsConfigured => new GitLabForge(gitLabHttp, gitLabTokens),
        _ => throw new ForgeException(ForgeProblem.NotConfigured, $"No token is set for {repository.Forge}."),
    };

    public IForgeHistory? History(ForgeKind forge) => forge switch
    {
        ForgeKind.GitHub when gitHubTokens.IsConfigured => new GitHubHistory(gitHubHttp, gitHubTokens),
        ForgeKind.GitLab when gitLabTokens.IsConfigured => new GitLabHistory(gitLabHttp, gitLabTokens),
        _ => null,
    };

    public IForgeHooks Hooks(ForgeKind forge) => forge switch
    {
        ForgeKind.GitHub when gitHubTokens.Plain is { } account => new GitHubPlacedHooks(gitHubHttp, account),
        ForgeKind.GitHub when gitHubTokens.IsConfigured => throw new ForgeException(ForgeProblem.NotConfigured, "An App has a webhook of its own for all that it is installed on, with the secret GITHUB_WEBHOOK_SECRET; webhooks of single repositories need GITHUB_TOKEN and no App."),
        ForgeKind.GitLab when gitLabTokens.IsConfigured => new GitLabPlacedHooks(gitLabHttp, gitLabTokens),
        _ => throw new ForgeException(ForgeProblem.NotConfigured, $"No token is set for {forge}."),
    };

    public Task<string> OwnNameAsync(ForgeKind forge, CancellationToken cancellationToken) => forge switch
    {
        ForgeKind.GitHub when gitHubTokens.IsConfigured => gitHubTokens.OwnNameAsync(new CallLog(), cancellationToken),
        ForgeKind.GitLab when gitLabTokens.IsConfigured => gitLabTokens.OwnNameAsync(new CallLog(), cancellationToken),
        _ => throw new ForgeException(ForgeProblem.NotConfigured, $"No token is set for {forge}."),
    };

    public void Dispose()
    {
        gitHubHttp.Dispose();
        gitLabHttp.Dispose();
        gitHubTokens.Dispose();
    }
}
