using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Functions.Stores.Sqlite;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.Control;

/// <summary>Backups that a person asks for: of the file, or of the server's database by its own tools.</summary>
internal static class SystemBackup
{
    private const string Counts = "SELECT (SELECT count(*) FROM deliveries) AS deliveries, (SELECT count(*) FROM attempts) AS attempts";

    private static readonly TimeSpan Longest = TimeSpan.FromHours(6);

    /// <returns>The file.</returns>
    /// <exception cref="StoreUnusableException">It cannot be made.</exception>
    public static async Task<string> MakeAsync(BotSettings settings, string? to, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (to is not null && File.Exists(to))
            throw new StoreUnusableException($"{to} exists already; name another file with --to.");
        var folder = Path.Combine(settings.DataFolder, "backups");
        if (settings.DatabaseUrl is { } url)
        {
            OwnFiles.MakeFolder(folder);
            var file = Path.GetFullPath(to ?? Path.Combine(folder, $"qmoi-{OwnFiles.Stamp(clock.GetUtcNow())}.pgdump"));
            await RunAsync(url, "pg_dump", ["--format=custom", "--no-owner", "--no-privileges", "--file", file], clock, cancellationToken);
            return file;
        }
        try
        {
            // Opened, so that a schema of an earlier version is brought up to date first.
            await using var store = SqliteStore.Open(settings.DataFolder, clock);
            var backup = store.Files.Backups.Make(store.Files.Database, clock.GetUtcNow()).File;
            if (to is null)
                return backup;
            File.Copy(backup, to);
            return Path.GetFullPath(to);
        }
        catch (Exception failed) when (failed is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The database cannot be backed up: {failed.Message}", failed);
        }
    }

    /// <returns>What was done, for people.</returns>
    /// <exception cref="StoreUnusableException">It cannot be restored; nothing was changed.</exception>
    public static async Task<string> RestoreAsync(BotSettings settings, string? from, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (settings.DatabaseUrl is not { } url)
        {
            var (backup, kept) = SqliteRepair.RestoreFrom(settings.DataFolder, from, clock);
            return $"Restored from {backup}.{(kept is null ? "" : $" The database that was there is kept as {kept}.")} Forges are asked first before anything is done twice.";
        }
        var file = Newest(settings, from);
        // One transaction: all of it or nothing.
        await RunAsync(url, "pg_restore", ["--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", file], clock, cancellationToken, namesDatabase: true);
        return $"Restored from {file}. Forges are asked first before anything is done twice.";
    }

    /// <returns>What was found, for people.</returns>
    /// <exception cref="StoreUnusableException">It could not be restored.</exception>
    public static async Task<string> DrillAsync(BotSettings settings, string? from, TimeProvider clock, CancellationToken cancellationToken)
    {
        var start = clock.GetTimestamp();
        string file;
        (long Deliveries, long Attempts) found;
        if (settings.DatabaseUrl is { } url)
        {
            file = Newest(settings, from);
            found = await DrillAsync(url, file, clock, cancellationToken);
        }
        else
        {
            file = SqliteRepair.Find(new SqliteFiles(settings.DataFolder), from);
            found = await DrillAsync(file, clock, cancellationToken);
        }
        return string.Create(CultureInfo.InvariantCulture, $"{file} can be restored: {found.Deliveries} deliveries and {found.Attempts} attempts, sound, in {clock.GetElapsedTime(start).TotalSeconds:0.0} s. Nothing was changed.");
    }

    private static async Task<(long Deliveries, long Attempts)> DrillAsync(string file, TimeProvider clock, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("qmoi-drill-");
        try
        {
            File.Copy(file, Path.Combine(folder.FullName, "qmoi.db"));
            await using var store = SqliteStore.Open(folder.FullName, clock);
            if (await store.CheckAsync(cancellationToken) is [var problem, ..])
                throw new StoreUnusableException($"{file} is not sound: {problem}");
            return await store.ReadAsync(reading => reading.QuerySingleAsync<(long, long)>(Counts), cancellationToken);
        }
        finally
        {
            SqliteConnection.ClearAllPools();
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(long Deliveries, long Attempts)> DrillAsync(string url, string file, TimeProvider clock, CancellationToken cancellationToken)
    {
        var name = $"qmoi_drill_{Guid.NewGuid():N}";
        var place = new NpgsqlConnectionStringBuilder(PostgresUrl.Parse(url).ConnectionString) { Database = name, Pooling = false };
        await using var source = NpgsqlDataSource.Create(PostgresUrl.Parse(url));
        await ExecuteAsync(source, $"CREATE DATABASE {name}");
        try
        {
            await RunAsync(place.ConnectionString, "pg_restore", ["--no-owner", "--no-privileges", "--exit-on-error", file], clock, cancellationToken, namesDatabase: true);
            await using var restored = new NpgsqlConnection(place.ConnectionString);
            return await restored.QuerySingleAsync<(long, long)>(Counts);
        }
        finally
        {
            await ExecuteAsync(source, $"DROP DATABASE {name}");
        }
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync();
            await connection.ExecuteAsync(sql);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StoreUnusableException("The database's user may not make a database to try it in. Give it CREATEDB for the drill, or restore the file on another server by hand.", refused);
        }
    }

    /// <summary>The number of the schema's last step; 0 where there is no database yet.</summary>
    public static long SchemaVersion(BotSettings settings)
    {
        if (settings.DatabaseUrl is { } url)
            return PostgresSchema.VersionOf(url);
        var file = new SqliteFiles(settings.DataFolder).Database;
        if (!File.Exists(file))
            return 0;
        using var connection = new SqliteConnection(SqliteFiles.ConnectionString(file, SqliteOpenMode.ReadWrite, pooling: false));
        connection.Open();
        return connection.ExecuteScalar<long>("PRAGMA user_version");
    }

    private static string Newest(BotSettings settings, string? from)
    {
        var folder = Path.Combine(settings.DataFolder, "backups");
        if (from is not null)
            return File.Exists(from) ? from : throw new StoreUnusableException($"{from}: there is no such backup.");
        return (Directory.Exists(folder) ? Directory.GetFiles(folder, "qmoi-*.pgdump").Max(StringComparer.Ordinal) : null) ?? throw new StoreUnusableException($"There is no backup in {folder}.");
    }

    /// <summary>The password goes by the environment: arguments can be read by everybody on the machine.</summary>
    private static async Task RunAsync(string url, string tool, IReadOnlyList<string> arguments, TimeProvider clock, CancellationToken cancellationToken, bool namesDatabase = false)
    {
        var connection = PostgresUrl.Parse(url);
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (Programs.Find(tool, path) is not { } program)
            throw new StoreUnusableException($"{tool} is not found on PATH. Install the client tools of PostgreSQL (Debian: postgresql-client), or use your server's own backups.");
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = path, ["PGHOST"] = connection.Host!, ["PGPORT"] = connection.Port.ToString(CultureInfo.InvariantCulture), ["PGUSER"] = connection.Username ?? "", ["PGPASSWORD"] = connection.Password ?? "",
            ["PGDATABASE"] = connection.Database ?? "", ["PGSSLMODE"] = SslMode(connection.SslMode), ["PGCONNECT_TIMEOUT"] = "10",
        };
        IReadOnlyList<string> all = namesDatabase ? ["--dbname", connection.Database ?? "", .. arguments] : arguments;
        var result = await ChildProcess.RunAsync(new ChildSpec(program, all, Path.GetTempPath()) { Environment = variables, Timeout = Longest }, clock, cancellationToken);
        if (result is not ChildResult.Ran { Succeeded: true })
            throw new StoreUnusableException($"{tool} failed: {(result is ChildResult.Ran ran ? ran.Errors.Text.Trim() : ((ChildResult.Missing)result).Reason)}");
    }

    private static string SslMode(SslMode mode) => mode switch
    {
        Npgsql.SslMode.VerifyCA => "verify-ca",
        Npgsql.SslMode.VerifyFull => "verify-full",
        _ => mode.ToString().ToLowerInvariant(),
    };
}
