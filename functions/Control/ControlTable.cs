using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using QMoi.Functions.Stores;

namespace QMoi.Functions.Control;

/// <summary>One act of a person or of the bot upon itself.</summary>
/// <param name="Sequence">From 1, without gaps.</param>
/// <param name="Hash">SHA-256 (hex) over this row and the hash of the one before.</param>
public sealed record AuditRow(long Sequence, DateTimeOffset At, string Actor, string Act, string Details, string Hash);

/// <summary>The switches and the audit chain, as one store keeps them for all processes that share it.</summary>
public sealed class ControlTable(SqlStore store, TimeProvider clock)
{
    private const string Stop = "emergency_stop";
    private const string ModulePrefix = "module:";
    private const string Head = "audit_head";

    public async Task<ControlState> ReadAsync(CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(reading => reading.QueryAsync<(string Name, string Value)>("SELECT name, value FROM controls"), cancellationToken);
        return Of(rows);
    }

    /// <summary>Changes what is wanted and writes down who did it, both or neither.</summary>
    public Task<(ControlState State, AuditRow Row)> ChangeAsync(string actor, string act, Func<ControlState, ControlState> change, CancellationToken cancellationToken) => store.WriteAsync(
        async connection =>
        {
            var head = await LockHeadAsync(connection);
            var state = change(Of(await connection.QueryAsync<(string, string)>("SELECT name, value FROM controls")));
            await connection.ExecuteAsync("DELETE FROM controls WHERE name <> @Head", new { Head });
            foreach (var module in state.Off)
                await SetAsync(connection, ModulePrefix + module.Name(), "off");
            if (state.StoppedBy is { } by)
                await SetAsync(connection, Stop, by);
            return (state, await AppendAsync(connection, head, actor, act, Describe(state)));
        },
        cancellationToken);

    /// <summary>Writes down what somebody did.</summary>
    public Task<AuditRow> NoteAsync(string actor, string act, string details, CancellationToken cancellationToken) => store.WriteAsync(
        async connection => await AppendAsync(connection, await LockHeadAsync(connection), actor, act, details), cancellationToken);

    /// <summary>All rows, oldest first, a page at a time.</summary>
    public async IAsyncEnumerable<AuditRow> AuditAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int page = 500;
        for (var last = long.MinValue; ;)
        {
            var after = last;
            var rows = (await store.ReadAsync(
                reading => reading.QueryAsync<Row>("SELECT sequence, at, actor, act, details, hash FROM audit WHERE sequence > @after ORDER BY sequence LIMIT 500", new { after }), cancellationToken)).AsList();
            foreach (var row in rows)
                yield return new AuditRow(row.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(row.At), row.Actor, row.Act, row.Details, row.Hash);
            if (rows.Count < page)
                yield break;
            last = rows[^1].Sequence;
        }
    }

    /// <summary>The last row's number and hash, kept apart from the rows; 0 and nothing before the first one.</summary>
    public async Task<(long Sequence, string Hash)> HeadAsync(CancellationToken cancellationToken) =>
        Parse(await store.ReadAsync(reading => reading.ExecuteScalarAsync<string?>("SELECT value FROM controls WHERE name = @Head", new { Head }), cancellationToken));

    internal static string HashOf(string previous, long sequence, DateTimeOffset at, string actor, string act, string details) => Convert.ToHexStringLower(SHA256.HashData(
        JsonSerializer.SerializeToUtf8Bytes([previous, sequence.ToString(CultureInfo.InvariantCulture), at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), actor, act, details], AuditJson.Default.StringArray)));

    /// <summary>An update of the row holds it until the transaction ends, so that rows follow each other.</summary>
    private static async Task<(long Sequence, string Hash)> LockHeadAsync(DbConnection connection) =>
        Parse(await connection.ExecuteScalarAsync<string?>("UPDATE controls SET value = value WHERE name = @Head RETURNING value", new { Head }));

    private async Task<AuditRow> AppendAsync(DbConnection connection, (long Sequence, string Hash) head, string actor, string act, string details)
    {
        // The table holds milliseconds, and what is hashed is what it holds.
        var at = DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());
        var sequence = head.Sequence + 1;
        var row = new AuditRow(sequence, at, actor, act, details, HashOf(head.Hash, sequence, at, actor, act, details));
        await connection.ExecuteAsync(
            "INSERT INTO audit (sequence, at, actor, act, details, hash) VALUES (@sequence, @at, @actor, @act, @details, @hash)",
            new { sequence, at = at.ToUnixTimeMilliseconds(), actor, act, details, hash = row.Hash });
        await SetAsync(connection, Head, $"{sequence.ToString(CultureInfo.InvariantCulture)} {row.Hash}");
        return row;
    }

    private static async Task SetAsync(DbConnection connection, string name, string value) =>
        await connection.ExecuteAsync("INSERT INTO controls (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value", new { name, value });

    private static ControlState Of(IEnumerable<(string Name, string Value)> rows)
    {
        var values = rows.ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal);
        return new ControlState(values.GetValueOrDefault(Stop), Modules.All.Where(module => values.ContainsKey(ModulePrefix + module.Name())).ToHashSet());
    }

    private static (long Sequence, string Hash) Parse(string? head) =>
        head?.Split(' ') is [var number, var hash] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? (sequence, hash) : (0, "");

    private static string Describe(ControlState state) =>
        $"{(state.StoppedBy is { } by ? $"stopped by {by}" : "running")}; off: {(state.Off.Count == 0 ? "nothing" : string.Join(", ", state.Off.Order().Select(module => module.Name())))}";

    private sealed record Row(long Sequence, long At, string Actor, string Act, string Details, string Hash);
}

[JsonSerializable(typeof(string[]))]
internal sealed partial class AuditJson : JsonSerializerContext;
