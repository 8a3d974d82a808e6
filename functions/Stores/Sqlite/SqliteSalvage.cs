using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>What was read from a damaged database and was not in the restored one, or newer than there.</summary>
internal sealed record Salvaged(int Deliveries, int Attempts, int Effects)
{
    public static Salvaged Nothing { get; } = new(0, 0, 0);
}

/// <summary>
/// Carries over what a damaged database still tells, row by row, into a sound one. Best effort: what cannot be read is stepped over. The damaged files are only read.
/// </summary>
internal sealed class SqliteSalvage
{
    /// <summary>Places that cannot be read before a table is given up.</summary>
    private const int MaxHoles = 10_000;

    private const string Final = "('done', 'ignored', 'dead')";

    private readonly SqliteConnection damaged;
    private readonly SqliteConnection sound;

    private readonly StoredBody bodies;

    private SqliteSalvage(SqliteConnection damaged, SqliteConnection sound, StoredBody bodies) => (this.damaged, this.sound, this.bodies) = (damaged, sound, bodies);

    /// <param name="database">The damaged file, with its log beside it where there is one.</param>
    /// <param name="sound">Takes the rows, in one transaction.</param>
    public static Salvaged Into(SqliteConnection sound, string database, StoredBody bodies)
    {
        var mended = sound.DataSource + ".salvage";
        try
        {
            using var readable = Open(database) ?? OpenWithFirstPageOf(sound, database, mended);
            if (readable is null)
                return Salvaged.Nothing;
            using var transaction = sound.BeginTransaction();
            var salvaged = new SqliteSalvage(readable, sound, bodies).All();
            transaction.Commit();
            return salvaged;
        }
        finally
        {
            foreach (var end in new[] { "", "-wal", "-shm" })
                File.Delete(mended + end);
        }
    }

    private Salvaged All()
    {
        var deliveries = Deliveries();
        Rows("work", "sequence", "excluded.tries > work.tries");
        var attempts = Rows("attempts", "id", "excluded.updated_at > attempts.updated_at AND excluded.repository_key = attempts.repository_key AND excluded.head = attempts.head");
        Flakes();
        HookSecrets();
        var effects = Rows("effects", "key", "excluded.updated_at > effects.updated_at");
        // A delivery has a row of work exactly until it is finished. One too many costs a look, one too few would be a delivery lost.
        sound.Execute($"""
            DELETE FROM work WHERE sequence NOT IN (SELECT sequence FROM deliveries WHERE state NOT IN {Final});
            INSERT INTO work (sequence, lane, run_after, rank)
            SELECT sequence, forge || ':' || coalesce(repository_id, ''), 0, received_at FROM deliveries WHERE state NOT IN {Final} AND sequence NOT IN (SELECT sequence FROM work);
            UPDATE lanes SET turn = NULL, leased_until = 0;
            INSERT INTO lanes (lane, turn) SELECT lane, min(CASE WHEN run_after = 0 THEN rank END) FROM work GROUP BY lane
            ON CONFLICT (lane) DO UPDATE SET turn = excluded.turn
            """);
        Controls();
        return new Salvaged(deliveries, attempts, effects);
    }

    private void Flakes()
    {
        if (Common("flakes").Length > 0)
            Rows("flakes", "repository_key, job_name, test_name", "excluded.retried > flakes.retried");
    }

    private void HookSecrets()
    {
        if (Common("hook_secrets").Length > 0)
            Rows("hook_secrets", "forge, scope, id", "excluded.changed_at > hook_secrets.changed_at");
    }

    /// <summary>What was stopped stays stopped. Rows of the audit that cannot be read are told by its check, since its head is carried over too.</summary>
    private void Controls()
    {
        if (Common("controls").Length == 0)
            return;
        Rows("audit", "sequence", "excluded.hash <> audit.hash");
        try
        {
            foreach (var (name, value) in damaged.Query<(string, string)>("SELECT name, value FROM controls"))
                sound.Execute("INSERT INTO controls (name, value) VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = excluded.value", new { name, value });
        }
        catch (SqliteException)
        {
            // Those of the backup count.
        }
    }

    // ---- the damaged file

    /// <summary><c>null</c> where its first page, which says what is where, cannot be understood.</summary>
    private static SqliteConnection? Open(string database)
    {
        if (!File.Exists(database))
            return null;
        // Read-only: closing must not move its log into it. writable_schema: a file shorter than it says is read as far as it goes.
        var connection = new SqliteConnection(SqliteFiles.ConnectionString(database, SqliteOpenMode.ReadOnly, pooling: false));
        try
        {
            connection.Open();
            connection.Execute("PRAGMA writable_schema=ON; PRAGMA cell_size_check=ON; PRAGMA query_only=ON");
            if (connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('deliveries', 'work', 'attempts', 'effects')") == 4)
                return connection;
        }
        catch (SqliteException)
        {
            // Not as it is.
        }
        connection.Dispose();
        return null;
    }

    /// <summary>Backups are made page by page, and tables stay where they were made; so the first page of the sound one tells where they begin in the damaged one.</summary>
    private static SqliteConnection? OpenWithFirstPageOf(SqliteConnection sound, string database, string mended)
    {
        var size = sound.ExecuteScalar<int>("PRAGMA page_size");
        if (!File.Exists(database) || new FileInfo(database).Length < size)
            return null;
        var page = new byte[size];
        using (var source = new FileStream(sound.DataSource, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
            source.ReadExactly(page);
        // Format of the file: sqlite.org/fileformat2.html#the_database_header (read 2026-11). 18, 19: there may be a log (WAL); 28: length of the file, 0 for "look yourself".
        page[18] = page[19] = 2;
        page.AsSpan(28, 4).Clear();
        File.Copy(database, mended, overwrite: true);
        if (File.Exists(database + "-wal"))
            File.Copy(database + "-wal", mended + "-wal", overwrite: true);
        using (var target = new FileStream(mended, FileMode.Open, FileAccess.Write))
            target.Write(page);
        return Open(mended);
    }

    // ---- rows

    /// <summary>Deliveries prove themselves by the hash of their bodies. One that is known is only taken further, from not finished to finished.</summary>
    private int Deliveries()
    {
        var columns = Common("deliveries");
        var insert = $"INSERT INTO deliveries ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(column => "$" + column))}) ON CONFLICT DO NOTHING";
        // The body is looked at only where it is wanted: most are known, and what cannot be read is mostly in one of them.
        return ByNumber("deliveries", "sequence", ["sequence", "delivery_id", "state", "result"], row =>
        {
            var sequence = (long)row["sequence"];
            if (sound.ExecuteScalar<long>("SELECT count(*) FROM deliveries WHERE sequence = $sequence", new { sequence }) == 0)
                return Whole(sequence, columns) is { } whole ? sound.Execute(insert, whole) : 0;
            return sound.Execute(
                $"UPDATE deliveries SET state = $state, result = $result WHERE sequence = $sequence AND delivery_id = $delivery_id AND state NOT IN {Final} AND $state IN {Final}", row.Parameters());
        });
    }

    /// <summary><c>null</c> where the row cannot be read, or its body is not the one that came.</summary>
    private DynamicParameters? Whole(long sequence, string[] columns)
    {
        try
        {
            using var reader = damaged.ExecuteReader($"SELECT {string.Join(", ", columns)} FROM deliveries WHERE sequence = $sequence", new { sequence });
            return reader.Read() && new Row(reader, columns) is var row && IsWhole(row) ? row.Parameters() : null;
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    /// <summary>One whose key is not given now may be whole: its work will show.</summary>
    private bool IsWhole(Row row) =>
        row["body"] is byte[] body && row["body_sha256"] is byte[] hash && (bodies.MissingKey(body) is not null || (bodies.TryRead(body) is { } content && SHA256.HashData(content).AsSpan().SequenceEqual(hash)));

    /// <param name="isNewer">When a row that is there already is replaced.</param>
    private int Rows(string table, string key, string isNewer)
    {
        var columns = Common(table);
        var upsert = $"""
            INSERT INTO {table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select(column => "$" + column))})
            ON CONFLICT ({key}) DO UPDATE SET {string.Join(", ", columns.Except(key.Split(", "), StringComparer.Ordinal).Select(column => $"{column} = excluded.{column}"))} WHERE {isNewer}
            """;
        int Take(Row row) => sound.Execute(upsert, row.Parameters());
        return key == "key" || key.Contains(',', StringComparison.Ordinal) ? ByText(table, key, columns, Take) : ByNumber(table, key, columns, Take);
    }

    /// <summary>Columns that both have: the damaged one may be of an earlier version.</summary>
    private string[] Common(string table)
    {
        IEnumerable<string> Of(SqliteConnection connection) => connection.Query<string>("SELECT name FROM pragma_table_info($table)", new { table });
        return [.. Of(sound).Intersect(Of(damaged), StringComparer.Ordinal)];
    }

    /// <summary>From the lowest key on; at a place that cannot be read, on behind it.</summary>
    private int ByNumber(string table, string key, string[] columns, Func<Row, int> take)
    {
        var (taken, next) = (0, 0L);
        for (var holes = 0; holes < MaxHoles; holes++)
        {
            try
            {
                using var reader = damaged.ExecuteReader($"SELECT {string.Join(", ", columns)} FROM {table} WHERE {key} >= $next ORDER BY {key}", new { next });
                for (; reader.Read(); next++)
                {
                    next = reader.GetInt64(Array.IndexOf(columns, key));
                    taken += TakeOrSkip(new Row(reader, columns), take);
                }
                return taken;
            }
            catch (SqliteException)
            {
                if (FindReadable(table, key, next + 1) is not { } readable)
                    return taken;
                next = readable;
            }
        }
        return taken;
    }

    /// <summary>The first key at or above this one that can be looked up, sought in growing steps and then between the last two.</summary>
    private long? FindReadable(string table, string key, long from)
    {
        var bad = from - 1;
        long? good = CanSeek(from) ? from : null;
        for (var step = 1L; good is null; step *= 2)
        {
            if (step > 1L << 40)
                return null;
            if (CanSeek(from + step))
                good = from + step;
            else
                bad = from + step;
        }
        while (good - bad > 1)
        {
            var middle = bad + ((good.Value - bad) / 2);
            if (CanSeek(middle))
                good = middle;
            else
                bad = middle;
        }
        return good;

        bool CanSeek(long number)
        {
            try
            {
                damaged.ExecuteScalar<long?>($"SELECT {key} FROM {table} WHERE {key} >= $number ORDER BY {key} LIMIT 1", new { number });
                return true;
            }
            catch (SqliteException)
            {
                return false;
            }
        }
    }

    /// <summary>From both ends, each up to what cannot be read.</summary>
    private int ByText(string table, string key, string[] columns, Func<Row, int> take)
    {
        var taken = 0;
        foreach (var direction in new[] { "ASC", "DESC" })
        {
            try
            {
                using var reader = damaged.ExecuteReader($"SELECT {string.Join(", ", columns)} FROM {table} ORDER BY {key.Replace(",", $" {direction},", StringComparison.Ordinal)} {direction}");
                while (reader.Read())
                    taken += TakeOrSkip(new Row(reader, columns), take);
                return taken;
            }
            catch (SqliteException)
            {
                // On from the other end.
            }
        }
        return taken;
    }

    /// <summary>A row that the sound database refuses, or whose columns are not what they should be, is no reason to give the next one up.</summary>
    private static int TakeOrSkip(Row row, Func<Row, int> take)
    {
        try
        {
            return take(row);
        }
        catch (SqliteException refused) when (refused.SqliteErrorCode is 19 or 20)   // constraint, type
        {
            return 0;
        }
        catch (InvalidCastException)
        {
            return 0;
        }
    }

    /// <summary>The row under a reader.</summary>
    private sealed class Row(System.Data.IDataReader reader, string[] columns)
    {
        public object this[string column] => reader.GetValue(Array.IndexOf(columns, column));

        public DynamicParameters Parameters()
        {
            var parameters = new DynamicParameters();
            foreach (var column in columns)
                parameters.Add(column, this[column] is DBNull ? null : this[column]);
            return parameters;
        }
    }
}
