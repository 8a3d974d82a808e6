using System.Runtime.InteropServices;

namespace QMoi.Handlers.Tools;

/// <summary>How this very program is started again, as the first process of a sandbox.</summary>
internal sealed class Launcher
{
    public const string Inside = "/run/launcher";

    private readonly Lazy<string> folder;

    private Launcher(IReadOnlyList<string> command)
    {
        Command = command;
        folder = new Lazy<string>(() => CopyProgram(command[^1]));
    }

    /// <summary>Outside, followed by a hidden verb.</summary>
    public IReadOnlyList<string> Command { get; }

    /// <summary>The same inside, where <see cref="Folder"/> is shown as <see cref="Inside"/>.</summary>
    public IReadOnlyList<string> CommandInside => [.. Command.SkipLast(1), $"{Inside}/{Path.GetFileName(Command[^1])}"];

    /// <summary>A copy of the program's code alone, made once: beside the real one lie settings with secrets.</summary>
    public string Folder => folder.Value;

    /// <summary>Where the .NET runtime that runs us lies.</summary>
    public static string RuntimeFolder => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));

    /// <param name="command">The setting; the last word is the file of the program. <c>null</c>: as this process was started.</param>
    public static Launcher Of(IReadOnlyList<string>? command)
    {
        if (command is { Count: > 0 }) return new Launcher(command);
        var process = Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own program.");
        return Path.GetFileNameWithoutExtension(process) == "dotnet"
            ? new Launcher([process, Path.GetFullPath(Environment.GetCommandLineArgs()[0])])
            : new Launcher([process]);
    }

    private static string CopyProgram(string program)
    {
        var from = Path.GetDirectoryName(program)!;
        var to = Directory.CreateTempSubdirectory("qmoi-launcher-").FullName;
        foreach (var file in Directory.EnumerateFiles(from).Where(file => IsCode(file, program)))
        {
            var copy = Path.Combine(to, Path.GetFileName(file));
            File.Copy(file, copy);
            Open(copy);
        }
        Open(to);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Git.Folders.Remove(to);
        return to;
    }

    // The sandbox's user has to read it; it is code alone.
    private static void Open(string path)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
    }

    // No .deps.json: without it the host takes every assembly beside the program, with it the copy would have to be complete.
    private static bool IsCode(string file, string program) =>
        file == program || Path.GetExtension(file) is ".dll" or ".so" || file.EndsWith(".runtimeconfig.json", StringComparison.Ordinal);
}
