using Microsoft.Data.Sqlite;

namespace QMoi.Tests.Functions;

/// <summary><c>qmoi admin</c>, as an admin types it.</summary>
public sealed class AdminCommandTests : IDisposable
{
    private readonly DirectoryInfo data = Directory.CreateTempSubdirectory("qmoi-test-");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        data.Delete(recursive: true);
    }

    [Fact]
    public async Task Every_act_is_written_down_with_who_did_it_and_the_chain_holds()
    {
        foreach (var act in (string[])["emergency_stop", "resume", "stop_all_modules", "start_all_modules", "optimize_system", "backup_system"])
            Assert.Equal(0, (await AdminAsync(act, "--by", "ada")).ExitCode);
        var (exitCode, output, _) = await AdminAsync("verify_audit");
        Assert.Equal((0, "6 rows, each as it was written.\n"), (exitCode, output));
        var log = await File.ReadAllTextAsync(Assert.Single(Directory.GetFiles(Path.Combine(data.FullName, "logs"), "audit*.log")));
        Assert.Equal(6, log.Split('\n').Count(line => line.Contains(" by ada: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("edited", "UPDATE audit SET actor = 'bob' WHERE sequence = 2", "row 2 (resume) is not what was written")]
    [InlineData("deleted", "DELETE FROM audit WHERE sequence = 2", "row 2 is missing")]
    [InlineData("inserted", "INSERT INTO audit SELECT 5, at, 'bob', act, details, hash FROM audit WHERE sequence = 4", "row 5")]
    [InlineData("reordered", "UPDATE audit SET sequence = -2 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = -2", "row 2 (stop_all_modules) is not what was written")]
    [InlineData("cut off", "DELETE FROM audit WHERE sequence > 2", "rows 3 to 4 are missing at the end")]
    [InlineData("cut off with its head", "DELETE FROM audit WHERE sequence > 2; UPDATE controls SET value = (SELECT sequence || ' ' || hash FROM audit WHERE sequence = 2) WHERE name = 'audit_head'", "rows 3 to 4 are missing at the end")]
    public async Task A_row_that_was(string what, string sql, string said)
    {
        foreach (var act in (string[])["emergency_stop", "resume", "stop_all_modules", "start_all_modules"])
            await AdminAsync(act);
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(data.FullName, "qmoi.db")}"))
        {
            connection.Open();
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
        var (exitCode, output, _) = await AdminAsync("verify_audit");
        Assert.True(exitCode == 1, what);
        Assert.Contains(said, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_is_tried_and_restored_and_what_was_there_is_kept()
    {
        Assert.Equal(0, (await AdminAsync("backup_system")).ExitCode);
        var drilled = await AdminAsync("restore_system", "--drill");
        Assert.Contains("can be restored: 0 deliveries and 0 attempts, sound", drilled.Out, StringComparison.Ordinal);
        await AdminAsync("emergency_stop", "--by", "ada");
        var (exitCode, output, _) = await AdminAsync("restore_system");

        Assert.Equal(0, exitCode);
        Assert.Contains("is kept as qmoi.db.replaced-", output, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(data.FullName, "qmoi.db.replaced-*"), file => !file.EndsWith("-wal", StringComparison.Ordinal) && !file.EndsWith("-shm", StringComparison.Ordinal));
        // The backup knows nothing of the stop.
        Assert.Contains("stays stopped, by ada", output, StringComparison.Ordinal);
        Assert.Contains("STOPPED by ada", (await AdminAsync("run_health_check")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await AdminAsync("verify_audit")).ExitCode);
    }

    [Theory]
    [InlineData(2, "there is no such backup", "restore_system", "--from", "/nowhere/qmoi.db")]
    [InlineData(2, "There is no backup in", "restore_system")]
    [InlineData(2, "--by: ' '", "resume", "--by", " ")]
    [InlineData(2, "--help", "make_coffee")]
    public async Task What_cannot_be_is_said_in_one_line(int exitCode, string said, params string[] arguments)
    {
        var run = await AdminAsync(arguments);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(said, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backups_made_at_the_same_time_do_not_meet()
    {
        Assert.Equal(0, (await AdminAsync("backup_system")).ExitCode);
        var abandoned = Path.Combine(data.FullName, "backups", "unfinished-of-one-who-was-killed.db");
        await File.WriteAllTextAsync(abandoned, "", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(abandoned, DateTime.UtcNow.AddDays(-2));
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AdminAsync("backup_system")));
        Assert.All(runs, run => Assert.Equal((0, ""), (run.ExitCode, run.Error)));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(data.FullName, "backups")), file => !Path.GetFileName(file).StartsWith("qmoi-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_is_in_use_is_not_replaced()
    {
        await using var serving = await QmoiProcess.ServeAsync(data.FullName, new Dictionary<string, string>(StringComparer.Ordinal));
        Assert.Equal(0, (await AdminAsync("backup_system")).ExitCode);
        var (exitCode, _, error) = await AdminAsync("restore_system");
        Assert.Equal(2, exitCode);
        Assert.Contains("stop that one first", error, StringComparison.Ordinal);
    }

    private Task<(int ExitCode, string Out, string Error)> AdminAsync(params string[] arguments) => QmoiProcess.RunAsync(["admin", .. arguments, "--data", data.FullName]);
}
