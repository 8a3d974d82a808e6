using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;
using Spectre.Console;

namespace QMoi.Functions.Commands;

/// <summary><c>qmoi deliveries</c>: what came in, and what became of each.</summary>
internal static class DeliveriesCommand
{
    private const int MaxDays = 36_500;

    public static Command Create()
    {
        var state = new Option<string?>("--state") { Description = "Only these: stored, working, waiting, done, ignored or dead" };
        state.AcceptOnlyFromAmong([.. Enum.GetNames<DeliveryState>().Select(name => name.ToLowerInvariant())]);
        var since = new Option<string?>("--since") { Description = "Received since a time (2026-11-21T08:00:00Z) or for a while (30m, 2h, 3d)", HelpName = "T" };
        var (data, json) = (CommandLine.DataOption(), CommandLine.JsonOption());
        var command = CommandLine.Command("deliveries", "Lists the stored deliveries and what became of each.", "qmoi deliveries --since 2h", "qmoi deliveries --state dead --json");
        command.Options.Add(state);
        command.Options.Add(since);
        command.Options.Add(json);
        command.Options.Add(data);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(state), parsed.GetValue(since), parsed.GetValue(json), CommandLine.Settings(parsed.GetValue(data)), stop));
        return command;
    }

    private static async Task<int> RunAsync(string? state, string? since, bool json, BotSettings settings, CancellationToken stop)
    {
        var from = Since(since, TimeProvider.System);
        await using var store = Bot.OpenStore(settings, TimeProvider.System);
        DeliveryState? wanted = state is null ? null : Enum.Parse<DeliveryState>(state, ignoreCase: true);
        var rows = store.ListAsync(wanted, from, stop);
        if (json)
        {
            await foreach (var row in rows)
                await Terminal.Out.WriteLineAsync(JsonSerializer.Serialize(DeliveryJson.Of(row), OutputJson.Default.DeliveryJson));
            return ExitCode.Done;
        }
        var table = new Table().Border(TableBorder.Simple).AddColumns("Received", "Forge", "Event", "Repository", "State", "Result", "Id");
        await foreach (var row in rows)
        {
            table.AddRow(new[]
            {
                row.ReceivedAt.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Name(row.Forge), row.Event, row.Repository ?? "", row.State.ToString().ToLowerInvariant(),
                row.Result ?? "", row.Id,
            }.Select(Markup.Escape).ToArray());
        }
        Terminal.Rich(onStandardError: false).Write(table);
        return ExitCode.Done;
    }

    internal static string Name(ForgeKind forge) => forge == ForgeKind.GitHub ? "github" : "gitlab";

    private static DateTimeOffset? Since(string? text, TimeProvider clock)
    {
        if (text is null)
            return null;
        if (text.Length > 1 && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount) && text[^1] is 's' or 'm' or 'h' or 'd')
        {
            var unit = text[^1] switch { 's' => TimeSpan.FromSeconds(1), 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), _ => TimeSpan.FromDays(1) };
            return amount * unit.TotalDays < MaxDays ? clock.GetUtcNow() - amount * unit
                : throw new CommandException(ExitCode.WrongUse, $"--since: '{text}' is too long a while; wanted is up to {MaxDays}d.");
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time : throw new CommandException(ExitCode.WrongUse, $"--since: '{text}' is neither a time such as 2026-11-21T08:00:00Z nor a while such as 30m, 2h or 3d.");
    }
}

internal sealed record DeliveryJson(string Forge, string Id, string Event, string? Repository, string State, string? Result, string ReceivedAt)
{
    public static DeliveryJson Of(DeliveryRow row) => new(
        DeliveriesCommand.Name(row.Forge), row.Id, row.Event, row.Repository, row.State.ToString().ToLowerInvariant(), row.Result,
        row.ReceivedAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
}
