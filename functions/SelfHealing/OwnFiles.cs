using System.Globalization;

namespace QMoi.Functions.SelfHealing;

/// <summary>The files and folders of the data folder: made so that only the bot's user can read them, replaced as a whole or not at all.</summary>
internal static class OwnFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>A folder that exists stays as it is.</summary>
    public static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, OwnerOnly);
    }

    /// <summary>False where the content is there already.</summary>
    public static bool Replace(string file, ReadOnlySpan<byte> content)
    {
        if (File.Exists(file) && content.SequenceEqual(File.ReadAllBytes(file)))
            return false;
        MakeFolder(Path.GetDirectoryName(file)!);
        var half = $"{file}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var stream = new FileStream(half, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(half, file, overwrite: true);
            return true;
        }
        catch
        {
            File.Delete(half);
            throw;
        }
    }

    /// <summary>Where what gives way is kept: beside itself, with the reason and the time in its name.</summary>
    public static string KeptAs(string file, TimeProvider clock, string why = "damaged")
    {
        var kept = $"{file}.{why}-{Stamp(clock.GetUtcNow())}";
        for (var number = 2; File.Exists(kept); number++)
            kept = $"{file}.{why}-{Stamp(clock.GetUtcNow())}-{number}";
        return kept;
    }

    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A time as people read it.</summary>
    public static string Said(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string WrittenAt(string file) => Said(new DateTimeOffset(File.GetLastWriteTimeUtc(file)));

    public static bool IsOpenToOthers(string folder) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & Others) != UnixFileMode.None;

    public static void CloseToOthers(string folder)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) & ~Others);
    }
}
