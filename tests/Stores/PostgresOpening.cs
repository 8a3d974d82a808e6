using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Functions.Stores.Postgres;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Stores;

/// <summary>A <c>DATABASE_URL</c> that does not work, and a database that cannot be used: one line that says why and what to do, and code 2.</summary>
public sealed class PostgresOpening : IAsyncLifetime
{
    private const string Password = "hunter2-is-secret";

    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");
    private PostgresCluster cluster = null!;

    public async ValueTask InitializeAsync() => cluster = await SharedPostgres.ClusterAsync();

    public ValueTask DisposeAsync()
    {
        data.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("http://127.0.0.1/qmoi")]
    [InlineData("postgres://127.0.0.1")]
    [InlineData("postgres://user:" + Password + "@127.0.0.1/qmoi?sslmode=sometimes")]
    [InlineData("postgres://user:" + Password + "@127.0.0.1/qmoi?colour=red")]
    [InlineData("postgres://user:" + Password + "@127.0.0.1/qmoi?connect_timeout=soon")]
    [InlineData("postgres://user:" + Password + "@127.0.0.1/qmoi?Maximum%20Pool%20Size=many")]
    [InlineData("postgres://user:" + Password + "@127.0.0.1:port/qmoi")]
    [InlineData("Host=127.0.0.1;Colour=red;Password=" + Password)]
    [InlineData("Host=127.0.0.1")]
    public async Task A_url_that_is_none_stops_the_start(string url) =>
        Assert.Contains("DATABASE_URL: the value given is not valid; wanted: postgres://USER:PASSWORD@HOST:PORT/DATABASE", await RefusedAsync(url), StringComparison.Ordinal);

    [Fact]
    public async Task Both_forms_of_a_url_open_the_database()
    {
        var url = cluster.CreateDatabase();
        foreach (var form in new[] { url + "?sslmode=disable&connect_timeout=3&application_name=test", url + "?Maximum%20Pool%20Size=5", url + "?Maximum+Pool+Size=5", PostgresCluster.Form(url), url.Replace("postgres://", "postgresql://", StringComparison.Ordinal) })
        {
            await using var store = PostgresStore.Open(form, TimeProvider.System);
            Assert.Null(await store.NextDueAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_named() =>
        Assert.Contains("The database qmoi at 127.0.0.1:1 cannot be reached: Connection refused. Check DATABASE_URL", await RefusedAsync($"postgres://user:{Password}@127.0.0.1:1/qmoi"), StringComparison.Ordinal);

    [Fact]
    public async Task A_database_that_is_not_there_is_named() =>
        Assert.Contains("There is no database nowhere at 127.0.0.1", await RefusedAsync(cluster.Url("nowhere")), StringComparison.Ordinal);

    [Fact]
    public async Task A_user_who_is_not_known_is_named_without_the_password() =>
        Assert.Contains("refuses user 'stranger'", await RefusedAsync(cluster.Url("postgres", "stranger:" + Password)), StringComparison.Ordinal);

    [Fact]
    public async Task A_wrong_password_is_named_and_not_shown()
    {
        PostgresCluster.Execute(cluster.Url("postgres"), $"CREATE ROLE {PostgresCluster.Guarded} LOGIN PASSWORD 'the-right-one'");
        Assert.Contains($"refuses user '{PostgresCluster.Guarded}': password authentication failed", await RefusedAsync(cluster.Url("postgres", $"{PostgresCluster.Guarded}:{Password}")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_there_are_few_connections_it_says_how_to_want_fewer_and_that_works()
    {
        var url = cluster.CreateDatabase();
        var database = new Uri(url).AbsolutePath[1..];
        await using (PostgresStore.Open(url, TimeProvider.System))
            PostgresCluster.Execute(url, $"CREATE ROLE few_{database} LOGIN CONNECTION LIMIT 0; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO few_{database}");
        var few = cluster.Url(database, "few_" + database);
        var line = await RefusedAsync(few);
        Assert.Contains("has no connection left: ", line, StringComparison.Ordinal);
        var option = line.Split('?')[1].Split('=')[0];
        // One to hear what is new.
        PostgresCluster.Execute(url, $"ALTER ROLE few_{database} CONNECTION LIMIT 3");
        await using var store = PostgresStore.Open($"{few}?{option}=2", TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.NextDueAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_right_that_is_missing_is_named_with_how_to_give_it()
    {
        var url = cluster.CreateDatabase();
        var database = new Uri(url).AbsolutePath[1..];
        PostgresCluster.Execute(url, $"CREATE ROLE poor_{database} LOGIN");
        Assert.Contains("permission denied for schema public. Grant it, such as GRANT USAGE, CREATE ON SCHEMA public TO", await RefusedAsync(cluster.Url(database, "poor_" + database)), StringComparison.Ordinal);
        // With the tables made by somebody else it needs no more than to use them.
        await using (PostgresStore.Open(url, TimeProvider.System))
            PostgresCluster.Execute(url, $"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO poor_{database}");
        await using var poor = PostgresStore.Open(cluster.Url(database, "poor_" + database), TimeProvider.System);
        Assert.Null(await poor.ClaimAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_newer_database_is_left_alone()
    {
        var url = cluster.CreateDatabase();
        await using (PostgresStore.Open(url, TimeProvider.System))
            PostgresCluster.Execute(url, "INSERT INTO qmoi_schema (version) VALUES (99)");
        Assert.Contains("has schema 99, this program knows", await RefusedAsync(url), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_of_the_schema_that_fails_leaves_nothing_behind()
    {
        var url = cluster.CreateDatabase();
        PostgresCluster.Execute(url, "CREATE TABLE effects (something text)");     // in the way of the last table of the step
        Assert.Contains("cannot be brought up to date: relation \"effects\" already exists (42P07). What failed was undone", await RefusedAsync(url), StringComparison.Ordinal);
        PostgresCluster.Execute(url, "DROP TABLE effects");
        await using var store = PostgresStore.Open(url, TimeProvider.System);
        Assert.Null(await store.NextDueAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Of_many_that_start_at_once_one_makes_the_schema()
    {
        var url = cluster.CreateDatabase();
        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PostgresStore.Open(url, TimeProvider.System))));
        foreach (var store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task The_doctor_looks_at_it()
    {
        var url = cluster.CreateDatabase();
        var (_, good, _) = await QmoiProcess.RunAsync(["doctor", "--data", data.FullName], Environment(url));
        Assert.Contains("ok    database: PostgreSQL answers", good, StringComparison.Ordinal);
        var (exitCode, bad, _) = await QmoiProcess.RunAsync(["doctor", "--data", data.FullName], Environment($"postgres://user:{Password}@127.0.0.1:1/qmoi"));
        Assert.Equal(1, exitCode);
        Assert.Contains("fail  database: The database qmoi at 127.0.0.1:1 cannot be reached", bad, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, bad, StringComparison.Ordinal);
    }

    private async Task<string> RefusedAsync(string url)
    {
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", data.FullName], Environment(url));
        Assert.True(exitCode == 2, error);
        Assert.Empty(output);
        Assert.DoesNotContain(Password, error, StringComparison.Ordinal);
        return Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static Dictionary<string, string> Environment(string url) => new(StringComparer.Ordinal) { ["DATABASE_URL"] = url };
}
