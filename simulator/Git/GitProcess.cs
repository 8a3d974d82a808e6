using System.Diagnostics;
using System.Text;

namespace QMoi.Simulator;

internal sealed record GitResult(int ExitCode, byte[] Output, string Error)
{
    public string Text => Encoding.UTF8.GetString(Output);
    public string Line => Text.TrimEnd('\n');
}

internal sealed class GitFailedException(string command, string error) : Exception($"git {command}: {error}");

internal static class GitProcess
{
    public static async Task<GitResult> RunAsync(string folder, IEnumerable<string> arguments, ReadOnlyMemory<byte> input = default,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(folder, arguments, environment);
        var error = process.StandardError.ReadToEndAsync();
        var output = ReadAllAsync(process.StandardOutput.BaseStream);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // git stopped reading; its exit code and message say why
        }
        await process.WaitForExitAsync();
        return new GitResult(process.ExitCode, await output, await error);
    }

    public static Process Start(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in ScrubbedEnvironment)
            start.Environment[name] = value;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException("git did not start");
    }

    /// <summary>Nothing of the machine's or the user's git configuration may change what the forge does.</summary>
    public static IReadOnlyDictionary<string, string> ScrubbedEnvironment { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
        ["LC_ALL"] = "C",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_CONFIG_COUNT"] = "3",
        ["GIT_CONFIG_KEY_0"] = "core.hooksPath",
        ["GIT_CONFIG_VALUE_0"] = "/dev/null",
        ["GIT_CONFIG_KEY_1"] = "advice.detachedHead",
        ["GIT_CONFIG_VALUE_1"] = "false",
        ["GIT_CONFIG_KEY_2"] = "maintenance.auto",
        ["GIT_CONFIG_VALUE_2"] = "false",
    };

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }
}
