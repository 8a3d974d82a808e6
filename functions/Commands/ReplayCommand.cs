using System.CommandLine;
using System.Text.Json;
using QMoi.Functions.Control;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Commands;

/// <summary>A delivery in a file: <c>{"forge":"gitlab","headers":{"idempotency-key":"…"},"body":{…}}</c>.</summary>
internal sealed record RecordedDelivery(string Forge, IReadOnlyDictionary<string, string> Headers, JsonElement Body);

/// <summary><c>qmoi replay</c>: one delivery through the whole line again, as production runs it.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var delivery = new Argument<string>("DELIVERY-ID|FILE") { Description = "Id of a stored delivery, or a file {\"forge\":\"github|gitlab\",\"headers\":{…},\"body\":{…}}" };
        var data = CommandLine.DataOption();
        var command = CommandLine.Command("replay", "Works one stored or recorded delivery again, with all its effects; what was done before is not done twice.",
            "qmoi replay 72d3162e-cc78-11e3-81ab-4c9367dc0958", "qmoi replay delivery.json --data /var/lib/qmoi");
        command.Arguments.Add(delivery);
        command.Options.Add(data);
        command.SetAction((parsed, stop) => RunAsync(parsed.GetValue(delivery)!, parsed.GetValue(data), stop));
        return command;
    }

    private static async Task<int> RunAsync(string delivery, string? data, CancellationToken stop)
    {
        var settings = CommandLine.Settings(data);
        using var loggers = Logging.Create(settings, ConsoleLog.Text);
        await using var bot = Bot.Open(settings, TimeProvider.System, loggers);
        var id = File.Exists(delivery) ? await StoreAsync(bot, delivery, stop) : delivery;
        if (await bot.Store.FindAsync(id, stop) is not { } row)
            throw new CommandException(ExitCode.NotFound, $"{id}: no such delivery is stored, and there is no such file.");
        if (!await bot.Store.RequeueAsync(row.Sequence, stop) && row.State == DeliveryState.Working)
            throw new CommandException(ExitCode.Failed, $"{id} is being worked now.");
        await bot.Worker.DrainAsync(stop);
        if (!bot.Control.State.IsOn(Module.Work))
            throw new CommandException(ExitCode.Failed, $"{id} waits: {(bot.Control.State.StoppedBy is { } by ? $"stopped by {by}; 'qmoi admin resume' goes on" : "working is switched off; 'qmoi admin start_all_modules' switches it on")}.");
        row = (await bot.Store.FindAsync(id, stop))!;
        await Terminal.Out.WriteLineAsync($"{row.State.ToString().ToLowerInvariant()}: {row.Result}");
        return row.State is DeliveryState.Done or DeliveryState.Ignored ? ExitCode.Done : ExitCode.Failed;
    }

    private static async Task<string> StoreAsync(Bot bot, string file, CancellationToken stop)
    {
        try
        {
            var recorded = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(file, stop), OutputJson.Default.RecordedDelivery) ?? throw new JsonException("nothing in it");
            if (recorded is not { Headers: not null, Body.ValueKind: JsonValueKind.Object })
                throw new JsonException("headers and body are both needed");
            var forge = recorded.Forge switch { "github" => ForgeKind.GitHub, "gitlab" => ForgeKind.GitLab, _ => throw new JsonException("forge is neither github nor gitlab") };
            var body = JsonSerializer.SerializeToUtf8Bytes(recorded.Body, OutputJson.Default.JsonElement);
            var envelope = Bot.Formats[forge].ReadEnvelope(new RecordedHeaders(recorded.Headers), body, out var problem) ?? throw new JsonException(problem);
            var delivery = new NewDelivery(forge, envelope, recorded.Headers, body, TimeProvider.System.GetUtcNow());
            return await bot.Store.InsertAsync(delivery, stop) switch
            {
                InsertResult.DuplicateIdWithAnotherBody => throw new CommandException(ExitCode.WrongUse, $"{file}: {envelope.DeliveryId} is stored with another body; replay it by its id, or give the recorded one another."),
                // The same bytes may have come under another id: they are one delivery.
                InsertResult.Duplicate => await bot.Store.FindIdOfBodyAsync(forge, body, stop) ?? envelope.DeliveryId,
                _ => envelope.DeliveryId,
            };
        }
        catch (Exception wrong) when (wrong is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.WrongUse, $"{file} is not a recorded delivery: {wrong.Message}");
        }
    }

    private sealed class RecordedHeaders(IReadOnlyDictionary<string, string> headers) : WebhookHeaders
    {
        private readonly Dictionary<string, string> byName = new(headers, StringComparer.OrdinalIgnoreCase);

        public override IReadOnlyList<string> All(string name) => byName.TryGetValue(name, out var value) ? [value] : [];
    }
}
