using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>Who the bot is on GitLab: the user of one personal, project or group access token.</summary>
internal sealed class GitLabTokens
{
    private readonly ForgeHttp http;
    private readonly SharedValues<string, GitLabUser> users = new(_ => true);
    private readonly ForgeAccount? account;

    public GitLabTokens(GitLabSettings settings, ForgeHttp http, Func<ForgeLimits> newLimits)
    {
        this.http = http;
        if (settings.Token?.Trim() is { Length: > 0 } token)
            account = new FixedAccount(newLimits(), new ForgeCredential("PRIVATE-TOKEN", token, token));
    }

    public bool IsConfigured => account is not null;

    public ForgeAccount Account => account ?? throw new ForgeException(ForgeProblem.NotConfigured, "No token is set for GitLab.");

    /// <summary>Throws <see cref="ForgeException"/> where GitLab does not know who asks.</summary>
    public async Task<string> OwnNameAsync(CallLog calls, CancellationToken cancellationToken) =>
        (await http.SendAsync(Account, ForgeRequest.Get("user"), GitLabJson.Default.GitLabUser, calls, cancellationToken)).Username ?? "";

    /// <summary>The forge answers, and knows who asks: a "not found" of it is to be believed. Throws where it does not, for now.</summary>
    public async Task CheckOwnAsync(CallLog calls, CancellationToken cancellationToken)
    {
        try
        {
            await OwnNameAsync(calls, cancellationToken);
        }
        catch (ForgeException e) when (!e.IsTransient && e.Problem != ForgeProblem.Unauthorized)
        {
            throw new ForgeException(ForgeProblem.ServerError, $"GitLab does not know the bot's own account. ({e.Message})", inner: e);
        }
    }

    public async Task<bool> IsOwnAsync(GitLabNote note, CallLog calls, CancellationToken cancellationToken)
    {
        var user = await users.GetAsync("", token => http.SendAsync(Account, ForgeRequest.Get("user"), GitLabJson.Default.GitLabUser, calls, token), cancellationToken);
        return note.Author?.Id == user.Id;
    }
}
