[assembly: AssemblyFixture(typeof(QMoi.Tests.Stores.SharedPostgres))]

namespace QMoi.Tests.Stores;

/// <summary>The one server that all tests share; a database each. Started with the first test that wants it.</summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresCluster>> Cluster = new(() => PostgresCluster.StartAsync());

    /// <summary>The URL of a new, empty database. Skips the test where there is no PostgreSQL on this machine.</summary>
    public static async Task<string> DatabaseAsync() => (await ClusterAsync()).CreateDatabase();

    public static Task<PostgresCluster> ClusterAsync()
    {
        SkipWhereMissing();
        return Cluster.Value;
    }

    public static void SkipWhereMissing()
    {
        const string missing = "PostgreSQL is not on this machine: install postgresql-15 (./test.sh does so as root)";
        // Where CI says that it is CI, a machine without it is a mistake and no reason to pass over half of the promises.
        Assert.False(!PostgresCluster.IsPossible && Environment.GetEnvironmentVariable("CI") == "true", missing);
        Assert.SkipUnless(PostgresCluster.IsPossible, missing);
    }

    public async ValueTask DisposeAsync()
    {
        if (Cluster.IsValueCreated)
            await (await Cluster.Value).DisposeAsync();
    }
}

