using Dapper;
using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>The number of the last step taken is the database's <c>user_version</c>.</summary>
internal static class SqliteSchema
{
    /// <summary>Before anything else is done with a connection that may make the file. A delivery takes some 2.5 KB: three to a page of 8 KB, where one of 4 KB would hold one. A database that is there keeps its pages.</summary>
    public const string Pages = "PRAGMA page_size=8192";

    public static void Update(SqliteConnection connection, string file)
    {
        var steps = SchemaSteps.Of("sqlite");
        var version = connection.ExecuteScalar<long>("PRAGMA user_version");
        if (version > steps.Count)
            throw new StoreUnusableException(SchemaSteps.TooNew(file, version, steps.Count));
        for (var number = (int)version; number < steps.Count; number++)
        {
            using var transaction = connection.BeginTransaction();
            try
            {
                connection.Execute(SchemaSteps.Sql(steps[number]), transaction: transaction);
                connection.Execute($"PRAGMA user_version={number + 1}", transaction: transaction);
            }
            catch (SqliteException step) when (step.SqliteErrorCode == Error)
            {
                throw new StoreUnusableException($"The database {file} cannot be brought up to date: {SqliteFiles.Words(step)}. What failed was undone; correct the cause and start again.", step);
            }
            transaction.Commit();
        }
    }

    /// <summary>SQLITE_ERROR: what the step asks for does not fit what is there, as opposed to a full disk or a damaged file.</summary>
    private const int Error = 1;
}
