using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace QMoi.Functions.Stores.Sqlite;

/// <summary>Numbered steps, forward only; the number of the last one is the database's <c>user_version</c>.</summary>
internal static class SqliteSchema
{
    private static readonly Assembly Program = Assembly.GetExecutingAssembly();

    private static List<string> Steps() => [.. Program.GetManifestResourceNames().Where(name => name.StartsWith("migrations/sqlite/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public static void Update(SqliteConnection connection, string file)
    {
        var steps = Steps();
        var version = connection.ExecuteScalar<long>("PRAGMA user_version");
        if (version > steps.Count)
            throw new StoreUnusableException($"The database {file} has schema {version}, this program knows {steps.Count}. Use the newer program, or restore a backup made by this one.");
        for (var number = (int)version; number < steps.Count; number++)
        {
            using var stream = Program.GetManifestResourceStream(steps[number])!;
            using var reader = new StreamReader(stream);
            using var transaction = connection.BeginTransaction();
            connection.Execute(reader.ReadToEnd(), transaction: transaction);
            connection.Execute($"PRAGMA user_version={number + 1}", transaction: transaction);
            transaction.Commit();
        }
    }
}
