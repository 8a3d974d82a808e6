using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using QMoi.Functions.Stores;

namespace QMoi.Tests.Functions;

/// <summary>A stolen database tells nothing of the deliveries in it; the key can be changed, and a forgotten one loses nothing.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class Encryption : IDisposable
{
    private static readonly string Old = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly string Young = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_stolen_database_holds_no_readable_delivery_and_no_key()
    {
        await ReceiveAsync(With(null), "readable");
        await ReceiveAsync(With(Old), "secret");
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(folder.FullName, "qmoi.db")}"))
        {
            connection.Open();
            Assert.Contains("qmoi/fix/readable", Encoding.UTF8.GetString(StoredBody.Readable.TryRead(BodyOf(connection, "readable"))!), StringComparison.Ordinal);
            Assert.Throws<KeyMissingException>(() => StoredBody.Readable.TryRead(BodyOf(connection, "secret")));
            Assert.Throws<KeyMissingException>(() => new StoredBody([RandomNumberGenerator.GetBytes(32)]).TryRead(BodyOf(connection, "secret")));
            Assert.Contains("qmoi/fix/secret", Encoding.UTF8.GetString(new StoredBody([Convert.FromBase64String(Old)]).TryRead(BodyOf(connection, "secret"))!), StringComparison.Ordinal);
        }
        foreach (var file in folder.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file.FullName, TestContext.Current.CancellationToken);
            Assert.True(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Old)) < 0 && bytes.AsSpan().IndexOf(Convert.FromBase64String(Old)) < 0, file.FullName);
        }
    }

    [Fact]
    public async Task A_key_is_changed_in_two_steps_and_one_that_is_forgotten_stops_the_start()
    {
        await ReceiveAsync(With(Old), "one");
        foreach (var forgotten in new[] { null, Young })
        {
            var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", folder.FullName], With(forgotten));
            Assert.Equal(2, exitCode);
            Assert.Matches("Deliveries that wait were encrypted with a key that QMOI_ENCRYPTION_KEY does not name [(][0-9a-f]{8}[)]. Give that key as the second of two", error);
            Assert.Contains("QMOI_ENCRYPTION_KEY does not name", (await QmoiProcess.RunAsync(["doctor", "--data", folder.FullName], With(forgotten))).Out, StringComparison.Ordinal);
        }
        await ReceiveAsync(With($"{Young},{Old}"), "two");
        Assert.Contains("deliveries are encrypted", (await QmoiProcess.RunAsync(["doctor", "--data", folder.FullName], With($"{Young},{Old}"))).Out, StringComparison.Ordinal);
        await using (await QmoiProcess.ServeAsync(folder.FullName, With($"{Young},{Old}")))
            await IgnoredAsync(2);
        await using (var later = await QmoiProcess.ServeAsync(folder.FullName, With(Young)))
            Assert.StartsWith("ready", await later.ReadyAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("c2hvcnQ=")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,,not base64")]
    public async Task A_wrong_key_is_named_and_not_shown(string key)
    {
        var (exitCode, _, error) = await QmoiProcess.RunAsync(["serve", "--urls", "http://127.0.0.1:0", "--data", folder.FullName], With(key));
        Assert.Equal(2, exitCode);
        Assert.Contains("QMOI_ENCRYPTION_KEY: the value given is not valid; wanted: one or two keys, each base64 of 32 bytes", error, StringComparison.Ordinal);
        Assert.DoesNotContain(key, error, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> With(string? key)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["GITHUB_WEBHOOK_SECRET"] = SignedPost.Secret };
        if (key is not null)
            environment["QMOI_ENCRYPTION_KEY"] = key;
        return environment;
    }

    /// <summary>A process that only receives, so that the delivery waits.</summary>
    private async Task ReceiveAsync(Dictionary<string, string> environment, string id)
    {
        await using var qmoi = await QmoiProcess.ServeAsync(folder.FullName, environment, "--role", "web");
        Assert.Equal(HttpStatusCode.Accepted, await SignedPost.WorkedAsync(qmoi.Url, id));
    }

    /// <summary>So many deliveries were worked; it turned out that nothing is to be done about them.</summary>
    private Task IgnoredAsync(int count) => Waiting.UntilAsync(async () => (await QmoiProcess.DeliveriesAsync(folder.FullName)).Count(row => row.State == "ignored") >= count);

    private static byte[] BodyOf(SqliteConnection connection, string id)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT body FROM deliveries WHERE delivery_id = $id";
        command.Parameters.AddWithValue("$id", id);
        return (byte[])command.ExecuteScalar()!;
    }
}
