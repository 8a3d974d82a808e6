using Dapper;
using Npgsql;

namespace QMoi.Functions.Stores.Postgres;

/// <summary>Each step is a row of <c>qmoi_schema</c>, and one transaction with it. Of many processes that start at once one takes the steps.</summary>
internal static class PostgresSchema
{
    /// <summary>Any number that nobody else uses: "qmoi" in ASCII.</summary>
    private const long AdvisoryLock = 0x716d6f69;

    /// <exception cref="StoreUnusableException">It is of a newer version.</exception>
    /// <exception cref="PostgresException">A step failed; it left nothing behind, and the steps before it stay.</exception>
    public static void Update(NpgsqlConnection connection, string database)
    {
        var steps = SchemaSteps.Of("postgres");
        // Without a look at anything that needs rights: a database that is up to date can be used by somebody who may not change it.
        if (Version(connection) is var version && version == steps.Count)
            return;
        if (version > steps.Count)
            throw new StoreUnusableException(SchemaSteps.TooNew(database, version, steps.Count));
        connection.Execute("SELECT pg_advisory_lock(@AdvisoryLock)", new { AdvisoryLock }, commandTimeout: 0);
        try
        {
            for (var number = Version(connection); number < steps.Count; number++)
            {
                using var transaction = connection.BeginTransaction();
                connection.Execute("CREATE TABLE IF NOT EXISTS qmoi_schema (version bigint PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now())");
                connection.Execute(SchemaSteps.Sql(steps[(int)number]), commandTimeout: 0);
                connection.Execute("INSERT INTO qmoi_schema (version) VALUES (@version)", new { version = number + 1 });
                transaction.Commit();
            }
        }
        finally
        {
            connection.Execute("SELECT pg_advisory_unlock(@AdvisoryLock)", new { AdvisoryLock });
        }
    }

    /// <exception cref="StoreUnusableException">It cannot be reached.</exception>
    public static long VersionOf(string url)
    {
        var target = PostgresUrl.Parse(url);
        try
        {
            using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(target.ConnectionString) { Pooling = false, Timeout = 5 }.ConnectionString);
            connection.Open();
            return Version(connection);
        }
        catch (Exception exception) when (PostgresErrors.IsTrouble(exception))
        {
            throw PostgresErrors.Unusable(exception, target);
        }
    }

    private static long Version(NpgsqlConnection connection) =>
        connection.ExecuteScalar<bool>("SELECT to_regclass('qmoi_schema') IS NOT NULL") ? connection.ExecuteScalar<long>("SELECT coalesce(max(version), 0) FROM qmoi_schema") : 0;
}
