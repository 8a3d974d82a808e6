using System.Text;
using Microsoft.Data.Sqlite;
using QMoi.Simulator;
using QMoi.Tests.Fixers;

namespace QMoi.Tests.Scenarios;

/// <summary>A job prints what it should not; the bot passes nothing of it on and keeps nothing of it.</summary>
public sealed class SecretsInLogs
{
    [Theory, InlineData("gitlab"), InlineData("github")]
    public async Task Secrets_that_a_job_prints_are_in_no_comment_merge_request_or_row(string forge)
    {
        await using var world = await World.StartAsync();
        var tokens = RedactorTests.Tokens().Select(row => row.Data).ToList();
        var repository = await world.RepositoryAsync(forge, World.Script);
        await world.SettleAsync();
        // One that is explained, one that is repaired, and one that nobody knows: each quotes its lines.
        var printed = string.Join('\n', tokens.Select(token => $"error: cannot log in with {token}"));
        await repository.FailPipelineAsync("main", "unknown", $"$ ./deploy.sh\n{printed}\nERROR: Job failed: exit code 1\n");
        await repository.FailPipelineAsync("main", "known", $"$ ./check.sh {tokens[0]}\n{printed}\n/bin/bash: line 1: ./check.sh: Permission denied\nERROR: Job failed: exit code 126\n");
        await world.SettleAsync();

        var told = repository.CommitComments.Select(comment => comment.Body).Concat(repository.MergeRequests.SelectMany(request => (string[])[request.Title, request.Body])).ToList();
        foreach (var request in repository.MergeRequests)
            told.AddRange(await repository.CommitMessagesAsync(request.SourceBranch));
        Assert.NotEmpty(repository.MergeRequests);
        Assert.Contains(told, text => text.Contains("[REDACTED]", StringComparison.Ordinal));
        var kept = Rows(Path.Combine(world.DataFolder, "qmoi.db"));
        Assert.Contains("[REDACTED]", kept, StringComparison.Ordinal);
        foreach (var token in tokens)
            Assert.DoesNotContain(told.Append(kept), text => text.Contains(token[6..], StringComparison.Ordinal));
    }

    private static string Rows(string database)
    {
        var text = new StringBuilder();
        using var connection = new SqliteConnection($"Data Source={database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        foreach (var sql in (string[])["SELECT summary || details || coalesce(patch_diff, '') || failure_signature || coalesce(job_name, '') FROM attempts", "SELECT key || coalesce(result, '') FROM effects", "SELECT coalesce(result, '') FROM deliveries"])
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // words of this test
            command.CommandText = sql;
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            while (reader.Read())
                text.Append(reader.GetString(0)).Append('\n');
        }
        return text.ToString();
    }
}
