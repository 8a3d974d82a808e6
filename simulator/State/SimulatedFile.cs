using System.Text;

namespace QMoi.Simulator;

public sealed record SimulatedFile(byte[] Content, bool Executable = false)
{
    public static SimulatedFile Text(string text, bool executable = false) => new(Encoding.UTF8.GetBytes(text), executable);

    /// <summary>Every file below a folder, by its path relative to it.</summary>
    public static IReadOnlyDictionary<string, SimulatedFile> FromFolder(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(
            file => Path.GetRelativePath(folder, file).Replace('\\', '/'),
            file => new SimulatedFile(File.ReadAllBytes(file), !OperatingSystem.IsWindows() && File.GetUnixFileMode(file).HasFlag(UnixFileMode.UserExecute)),
            StringComparer.Ordinal);
}
