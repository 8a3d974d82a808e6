using System.Collections;
using QMoi.Functions.Settings;

namespace QMoi.Functions.SelfHealing;

/// <summary>
/// The settings of a bot that has to start: where <c>qmoi.json</c> is not JSON (a torn write, half an edit), its copy from the last good start is used. An unknown
/// key or a value out of range is a person's mistake and no damage: it stops the start.
/// </summary>
internal sealed class LastGoodSettings
{
    public const string Folder = "last-good";

    private readonly (string File, byte[] Content)? own;

    private LastGoodSettings(BotSettings settings, (string File, byte[] Content)? own) => (Settings, this.own) = (settings, own);

    public BotSettings Settings { get; }

    /// <exception cref="SettingsException">As <see cref="SettingsReader"/>; also for a broken file of which there is no good copy.</exception>
    public static LastGoodSettings Read(IDictionary environment, string? dataFolder, string programFolder, SafeMode safeMode)
    {
        (string File, byte[] Content)? read = null;
        try
        {
            var settings = SettingsReader.Read(environment, dataFolder, programFolder, file =>
            {
                var content = SettingsReader.FromDisk(file);
                read = content is null ? null : (file, content);
                return content;
            });
            return new LastGoodSettings(settings, read);
        }
        catch (BrokenSettingsFileException broken) when (read?.File == broken.File && File.Exists(CopyOf(broken.File)))
        {
            return new LastGoodSettings(ReadCopy(environment, dataFolder, programFolder, broken, safeMode), own: null);
        }
    }

    private static BotSettings ReadCopy(IDictionary environment, string? dataFolder, string programFolder, BrokenSettingsFileException broken, SafeMode safeMode)
    {
        var copy = CopyOf(broken.File);
        try
        {
            var settings = SettingsReader.Read(environment, dataFolder, programFolder, _ => SettingsReader.FromDisk(copy));
            safeMode.Set(
                "settings", $"qmoi.json is not valid JSON at line {broken.Line}, position {broken.Position}",
                $"the copy of the last good start (kept {OwnFiles.WrittenAt(copy)}) is used. Correct the file and start again, or run 'qmoi doctor --fix'");
            return settings;
        }
        catch (SettingsException unusable)
        {
            throw new SettingsException($"{broken.Message} Its last good copy cannot be used either: {unusable.Message}");
        }
    }

    /// <summary>After a good start: what was read is the last good version from now on. Nothing happens where a copy is in use.</summary>
    public void Keep()
    {
        if (own is { } read)
            OwnFiles.Replace(CopyOf(read.File), read.Content);
    }

    /// <summary>Puts the last good copy in the place of a broken file, which is kept. Returns the name under which it is.</summary>
    public static string PutBack(string brokenFile, TimeProvider clock)
    {
        var kept = OwnFiles.KeptAs(brokenFile, clock);
        File.Copy(brokenFile, kept);
        OwnFiles.Replace(brokenFile, File.ReadAllBytes(CopyOf(brokenFile)));
        return Path.GetFileName(kept);
    }

    public static string CopyOf(string file) => Path.Combine(Path.GetDirectoryName(file)!, Folder, Path.GetFileName(file));
}
