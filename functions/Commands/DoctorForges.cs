using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Telemetry;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

internal enum Health { Ok, Warn, Fail }

internal sealed record Finding(string Check, Health Health, string Message, string? Remedy = null);

/// <summary>Whether each forge is set up, answers, and knows the bot; and what its answer tells of this machine's clock.</summary>
internal static class DoctorForges
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="withOwnSecrets">Forges with webhooks that were installed one by one.</param>
    public static async Task<IReadOnlyList<Finding>> LookAsync(BotSettings settings, IReadOnlySet<ForgeKind> withOwnSecrets, CancellationToken stop)
    {
        var gitHub = (Secret: settings.GitHubSecrets.Secrets.Count > 0 || withOwnSecrets.Contains(ForgeKind.GitHub), Token: settings.GitHub.Token is not null || settings.GitHub.AppId is not null);
        var gitLab = (Secret: settings.GitLabSecrets.Secrets.Count + settings.GitLabSecrets.SigningTokens.Count > 0 || withOwnSecrets.Contains(ForgeKind.GitLab), Token: settings.GitLab.Token is not null);
        if (!gitHub.Secret && !gitLab.Secret && !gitHub.Token && !gitLab.Token)
            return [NotUsed("GitHub"), NotUsed("GitLab"), new Finding("forges", Health.Warn, "no forge is set up: every delivery would be refused", "Set a token of at least one forge, and a webhook secret, or run 'qmoi install' for single repositories.")];
        var both = await Task.WhenAll(
            LookAsync(settings, ForgeKind.GitHub, gitHub, "GITHUB_WEBHOOK_SECRET", "GITHUB_TOKEN, or GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY_PATH", stop),
            LookAsync(settings, ForgeKind.GitLab, gitLab, "GITLAB_WEBHOOK_SIGNING_TOKEN or GITLAB_WEBHOOK_SECRET", "GITLAB_TOKEN", stop));
        return [.. both.SelectMany(findings => findings)];
    }

    private static async Task<IReadOnlyList<Finding>> LookAsync(BotSettings settings, ForgeKind forge, (bool Secret, bool Token) has, string secret, string token, CancellationToken stop)
    {
        var name = forge.ToString();
        return has switch
        {
            (true, true) => await AskAsync(settings, forge, stop),
            (true, false) => [new Finding(name, Health.Fail, "deliveries are accepted but cannot be worked: no token", $"Set {token}.")],
            (false, true) => [new Finding(name, Health.Fail, "a token is set but every delivery is refused: no webhook secret", $"Set {secret}, or run 'qmoi install' for single repositories.")],
            _ => [NotUsed(name)],
        };
    }

    private static Finding NotUsed(string forge) => new(forge, Health.Ok, "not used");

    private static async Task<IReadOnlyList<Finding>> AskAsync(BotSettings settings, ForgeKind forge, CancellationToken stop)
    {
        var (name, api) = (forge.ToString(), forge == ForgeKind.GitHub ? settings.GitHub.ApiUrl : settings.GitLab.ApiUrl);
        // Its answers tell of a clock that is off, its certificate of itself.
        var alarms = new SafeMode();
        var gate = LogGate.Of(settings);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var isUnreachable = false;
        Finding found;
        try
        {
            using var forges = new Forges.Forges(settings.GitHub, settings.GitLab, TimeProvider.System, NullLoggerFactory.Instance, hide: gate.Hidden, alarms: alarms);
            found = new Finding(name, Health.Ok, $"webhook secret and token are set; {api.Host} knows the bot as {gate.Clean(await forges.OwnNameAsync(forge, patience.Token))}");
        }
        catch (ArgumentException unreadable)
        {
            found = new Finding(name, Health.Fail, unreadable.Message, "Set GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_PATH to the key that GitHub gave when it was made.");
        }
        catch (ForgeException refused) when (refused.Problem is ForgeProblem.Unauthorized or ForgeProblem.Forbidden)
        {
            found = new Finding(name, Health.Fail, $"{api.Host} does not accept the token: {refused.Message}", "Make a new token (or look at the App's id and key) and set it; docs/operations.md names the rights it needs.");
        }
        catch (ForgeException trouble)
        {
            isUnreachable = true;
            found = new Finding(name, Health.Fail, $"{api} cannot be asked: {trouble.Message}", $"See that {name.ToUpperInvariant()}_API_URL is right and that this machine may reach it (firewall, proxy, certificate).");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            found = new Finding(name, Health.Fail, $"{api} did not answer within {Patience.TotalSeconds:0} s", $"See that {name.ToUpperInvariant()}_API_URL is right and that this machine may reach it (firewall, proxy).");
        }
        // Of a certificate the refusal itself tells.
        return isUnreachable ? [found] : [found, .. alarms.Findings.Select(alarm => new Finding(name + " clock", Health.Warn, alarm.Wrong, Sentence(alarm.Instead)))];
    }

    private static string Sentence(string words) => char.ToUpperInvariant(words[0]) + words[1..] + ".";
}
