using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using QMoi.Functions.Hooks;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Telemetry;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

/// <summary>How a webhook stands at its forge and in the store.</summary>
/// <param name="Problems">In words, each with what to do; empty: all is well.</param>
internal sealed record InstallJson(string Forge, string Path, long Id, bool Group, string Url, long? Hook, bool On, bool Secret, bool? Signed, string? WeakerUntil, IReadOnlyList<string> Problems);

/// <summary><c>qmoi install</c>: the webhook of one repository or group, with a secret of its own that nobody has to copy.</summary>
internal static class InstallCommand
{
    /// <summary>What was sent before the change, and what the forge sends again, still holds for so long.</summary>
    private static readonly TimeSpan OldCounts = TimeSpan.FromHours(1);

    public static Command Create()
    {
        var command = CommandLine.Command("install", "Makes the webhook of a repository or group and its secret, or changes the secret of one that is there; needs a token that may administer it.",
            "qmoi install gitlab acme/app --url https://qmoi.example.org", "qmoi install github acme/app --url https://qmoi.example.org --check",
            "qmoi install gitlab acme --group --url https://qmoi.example.org --weaker-until 2026-12-24");
        command.Subcommands.Add(Of(ForgeKind.GitHub, "The webhook of a GitHub repository or organisation (GITHUB_TOKEN of an admin; a GitHub App has one of its own)."));
        command.Subcommands.Add(Of(ForgeKind.GitLab, "The webhook of a GitLab project or group (GITLAB_TOKEN with the role Maintainer; of a group Owner)."));
        return command;
    }

    private static Command Of(ForgeKind forge, string description)
    {
        var path = new Argument<string>("PATH") { Description = "OWNER/NAME, or with --group the path of the group" };
        var url = new Option<string>("--url") { Description = "Where the forge reaches the bot, such as https://qmoi.example.org", Required = true, HelpName = "URL" };
        var group = new Option<bool>("--group") { Description = "PATH is a group (GitHub: an organisation): one webhook for all below it" };
        var check = new Option<bool>("--check") { Description = "Change nothing, only report; ends with 1 when something is missing" };
        var weaker = new Option<string?>("--weaker-until") { Description = "GitLab: until this day (2026-12-24, UTC) deliveries without a signature count too, proved by their secret", HelpName = "DATE" };
        var (data, json) = (CommandLine.DataOption(), CommandLine.JsonOption());
        url.Validators.Add(result =>
        {
            if (Bot(result.GetValueOrDefault<string>()) is null)
                result.AddError($"--url: '{result.GetValueOrDefault<string>()}' is not valid; wanted is http(s)://HOST[:PORT], nothing after it.");
        });
        weaker.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Day(text) is null)
                result.AddError($"--weaker-until: '{text}' is not valid; wanted is a day such as 2026-12-24.");
        });
        var command = new Command(SqlStore.Name(forge), description) { path, url, group, check, json, data };
        if (forge == ForgeKind.GitLab)
            command.Options.Add(weaker);
        command.SetAction((parsed, stop) => RunAsync(
            forge, parsed.GetValue(path)!, Bot(parsed.GetValue(url)!)!, parsed.GetValue(group), parsed.GetValue(check), forge == ForgeKind.GitLab && parsed.GetValue(weaker) is { } day ? Day(day) : null,
            parsed.GetValue(json), CommandLine.Settings(parsed.GetValue(data)), stop));
        return command;
    }

    private static async Task<int> RunAsync(ForgeKind forge, string path, Uri bot, bool isGroup, bool isCheck, DateTimeOffset? weakerUntil, bool json, BotSettings settings, CancellationToken stop)
    {
        var gate = LogGate.Of(settings);
        try
        {
            using var forges = new Forges.Forges(settings.GitHub, settings.GitLab, TimeProvider.System, NullLoggerFactory.Instance, hide: gate.Hidden);
            var hooks = forges.Hooks(forge);
            var place = await hooks.FindAsync(path.Trim('/'), isGroup, stop);
            // Kept and shown.
            place = place with { Path = gate.Clean(place.Path) };
            var there = await hooks.ListAsync(place, bot, stop);
            await using var store = Functions.Bot.OpenStore(settings, TimeProvider.System);
            var report = isCheck
                ? Report(place, hooks.Address(bot, place.Owner), there, await store.Hooks.FindAsync(place.Owner, stop), settings)
                : await InstallAsync(store, hooks, place, bot, there, weakerUntil, settings, stop);
            await TellAsync(report, json);
            return report.Problems.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }
        catch (ForgeException refused) when (refused.Problem == ForgeProblem.NotFound)
        {
            throw new CommandException(ExitCode.NotFound, $"{forge} knows no {(isGroup ? "group" : "repository")} {path} whose webhooks the bot may see. See that the name is right and that the token is of an admin (GitLab: Maintainer, of a group Owner).");
        }
        catch (ForgeException refused) when (refused.Problem is ForgeProblem.Forbidden or ForgeProblem.Unauthorized)
        {
            throw new CommandException(ExitCode.Failed, $"{forge} lets the bot not administer webhooks of {path}: {gate.Clean(refused.Message)}. It takes the token of an admin (GitLab: role Maintainer, of a group Owner).");
        }
        catch (ForgeException trouble)
        {
            throw new CommandException(trouble.Problem == ForgeProblem.NotConfigured ? ExitCode.WrongUse : ExitCode.Failed, gate.Clean(trouble.Message));
        }
    }

    /// <summary>The new secret is known here before the forge uses it, and the one before for a while after: no delivery is refused meanwhile, wherever this is cut.</summary>
    private static async Task<InstallJson> InstallAsync(
        IStore store, IForgeHooks hooks, HookPlace place, Uri bot, IReadOnlyList<PlacedHook> there, DateTimeOffset? weakerUntil, BotSettings settings, CancellationToken stop)
    {
        var seal = CredentialKey.ToWrite(settings);
        var before = await store.Hooks.FindAsync(place.Owner, stop);
        var keys = HookKeys.New(withSigningToken: place.Owner.Forge == ForgeKind.GitLab, before is null ? null : HookKeys.Open(before.Sealed, seal));
        var row = new HookRow(place.Owner, place.Path, keys.Seal(seal), OldUntil: DateTimeOffset.MaxValue, weakerUntil);
        var existing = there.OrderByDescending(hook => hook.Url == hooks.Address(bot, place.Owner)).FirstOrDefault();
        await store.Hooks.SaveAsync(row, stop);
        PlacedHook placed;
        try
        {
            placed = await hooks.PlaceAsync(place, existing?.Id, bot, keys.Newest, stop);
        }
        catch (ForgeException refused) when (!refused.IsTransient)
        {
            await (before is null ? store.Hooks.RemoveAsync(place.Owner, stop) : store.Hooks.SaveAsync(before, stop));
            throw;
        }
        if (placed.IsSigned == false)
            keys = keys with { SigningTokens = [] };
        row = row with { Sealed = keys.Seal(seal), OldUntil = TimeProvider.System.GetUtcNow() + OldCounts };
        await store.Hooks.SaveAsync(row, stop);
        await store.Control.NoteAsync(Environment.UserName, "install", $"{(existing is null ? "made" : "changed")} the webhook {placed.Id} of {place.Path} on {place.Owner.Forge}", stop);
        return Report(place, hooks.Address(bot, place.Owner), [placed, .. there.Where(hook => hook.Id != placed.Id)], row, settings);
    }

    private static InstallJson Report(HookPlace place, Uri address, IReadOnlyList<PlacedHook> there, HookRow? row, BotSettings settings)
    {
        var hook = there.Count > 0 ? there[0] : null;
        var keys = row is null ? null : HookKeys.Open(row.Sealed, CredentialKey.ToRead(settings));
        var problems = new List<string>();
        if (hook is null)
            problems.Add("No webhook leads to the bot: run the same without --check.");
        if (row is null)
            problems.Add("No secret of its own is kept for it: run the same without --check.");
        else if (keys is null)
            problems.Add("Its secret cannot be read: run the same without --check.");
        if (hook is { IsOn: false })
            problems.Add("The forge has it switched off: run the same without --check, then 'qmoi doctor'.");
        if (hook is not null && hook.Url != address)
            problems.Add($"It leads to {hook.Url.AbsoluteUri}, not to {address.AbsoluteUri}: run the same without --check.");
        if (hook is { MissingEvents.Count: > 0 })
            problems.Add($"It does not tell of {string.Join(", ", hook.MissingEvents)}: run the same without --check.");
        if (hook is { IsSigned: false } && keys?.SigningTokens.Count > 0)
            problems.Add("A signing token is kept for it that the forge does not use: run the same without --check.");
        foreach (var other in there.Skip(1))
            problems.Add($"The webhook {other.Id} leads to the bot too, without its secret: remove it, everything it sends is refused.");
        return new InstallJson(
            SqlStore.Name(place.Owner.Forge), place.Path, place.Owner.Id, place.Owner.IsGroup, address.AbsoluteUri, hook?.Id, hook?.IsOn == true, keys is not null,
            place.Owner.Forge == ForgeKind.GitHub ? null : hook?.IsSigned, row?.WeakerUntil?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), problems);
    }

    private static async Task TellAsync(InstallJson report, bool json)
    {
        if (json)
        {
            await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, OutputJson.Readable.InstallJson));
            return;
        }
        var state = report.Hook is { } id ? $"webhook {id} of {report.Path}, {(report.On ? "on" : "off")}" : $"{report.Path} has no webhook";
        var proof = report switch { { Secret: false } => "no secret of its own", { Signed: true } => "signs what it sends", { Signed: false } => "proves itself by its secret (this GitLab signs nothing)", _ => "signs what it sends" };
        await Terminal.Out.WriteLineAsync($"{state}: {report.Url}, {proof}{(report.WeakerUntil is { } day ? $"; unsigned too until {day}" : "")}");
        foreach (var problem in report.Problems)
            await Terminal.Out.WriteLineAsync("  -> " + problem);
    }

    private static Uri? Bot(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", PathAndQuery: "/", Fragment: "", UserInfo: "" } ? url : null;

    private static DateTimeOffset? Day(string text) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day) ? day : null;
}
