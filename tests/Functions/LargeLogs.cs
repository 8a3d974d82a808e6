using System.Globalization;
using System.Text;
using System.Text.Json;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Functions;

/// <summary>Memory and time of <c>qmoi diagnose</c> do not grow with what a log holds.</summary>
public sealed class LargeLogs : IDisposable
{
    // The runtime, the catalogue and one block of the log; a process that kept the log would end with an out-of-memory error.
    private const int HeapLimit = 64 * 1024 * 1024;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("qmoi-test-");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Two_hundred_megabytes_are_read_in_a_heap_of_sixty_four()
    {
        var healthy = string.Concat(Enumerable.Range(0, 20_000).Select(line => line % 40 == 0
            ? $"warning: retrying fetch {line}, error code was temporary, connection refused\n"
            : $"\u001B[36mcompiling module {line} of the library\u001B[0m with options -O2 -g -Wall -Wextra\n"));
        var (piece, count) = (Encoding.UTF8.GetBytes(healthy), 120);
        var file = Path.Combine(folder.FullName, "job.log");
        await using (var stream = File.Create(file))
        {
            for (var copy = 0; copy < count; copy++)
                await stream.WriteAsync(piece, Token);
            await stream.WriteAsync("$ npx tsc\nsrc/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\nERROR: Job failed: exit code 2\n"u8.ToArray(), Token);
        }

        var first = await DiagnoseAsync(file);
        Assert.True(new FileInfo(file).Length > 190_000_000);
        Assert.Equal(("tsc-type-error", (20_000 * count) + 2), (first.GetProperty("id").GetString(), first.GetProperty("rootCause").GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task One_line_of_a_hundred_megabytes_is_read_in_a_heap_of_sixty_four()
    {
        var file = Path.Combine(folder.FullName, "line.log");
        await using (var stream = File.Create(file))
        {
            var noise = Encoding.ASCII.GetBytes(new string('x', 1_000_000));
            await stream.WriteAsync("npm error Missing: left-pad@1.3.0 from lock file "u8.ToArray(), Token);
            for (var copy = 0; copy < 100; copy++)
                await stream.WriteAsync(noise, Token);
            await stream.WriteAsync(" the end\n"u8.ToArray(), Token);
        }

        var first = await DiagnoseAsync(file);
        Assert.Equal("npm-ci-lockfile-out-of-sync", first.GetProperty("id").GetString());
        Assert.InRange(first.GetProperty("rootCause").GetProperty("text").GetString()!.Length, 40, 600);
    }

    [Fact]
    public async Task A_log_made_to_be_remembered_is_read_in_a_heap_of_sixty_four()
    {
        // Long lines of every known failure, each in a step of its own that fails: all that a scan keeps for later, as often as it goes.
        var lines = Catalogue.Embedded.Entries.SelectMany(entry => entry.Sample.Split('\n')).Where(line => line.Length > 0).Select(line => line + " " + new string('y', 3000)).ToList();
        var file = Path.Combine(folder.FullName, "hostile.log");
        await using (var writer = File.CreateText(file))
        {
            for (var round = 0; round < 40; round++)
                foreach (var line in lines)
                    await writer.WriteAsync($"$ step {round}\nerror: before\n{line}\n{line}\nThe command \"step\" exited with 1.\n");
        }

        Assert.True(new FileInfo(file).Length > 100_000_000);
        await DiagnoseAsync(file, mayBeUnknown: true);
    }

    [Fact]
    public async Task A_heading_that_is_missing_is_not_looked_for_again_and_again()
    {
        var file = Path.Combine(folder.FullName, "findings.log");
        await File.WriteAllTextAsync(file, "$ npx eslint .\n" + string.Concat(Enumerable.Range(1, 200_000).Select(line => $"  {line}:1  error  Missing semicolon  semi\n")) + "ERROR: Job failed: exit code 1\n", Token);
        Assert.Equal("eslint-errors", (await DiagnoseAsync(file)).GetProperty("id").GetString());
    }

    private static async Task<JsonElement> DiagnoseAsync(string file, bool mayBeUnknown = false)
    {
        var limit = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_GCHeapHardLimit"] = HeapLimit.ToString("X", CultureInfo.InvariantCulture) };
        var (exitCode, output, error) = await QmoiProcess.RunAsync(["diagnose", "--format", "json", file], limit);
        Assert.True(exitCode == 0 || (mayBeUnknown && exitCode == 3), $"{exitCode}: {error}");
        using var json = JsonDocument.Parse(output);
        return json.RootElement[0].GetProperty("diagnoses")[0].Clone();
    }
}
