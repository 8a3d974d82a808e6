using QMoi.Fixers.Diagnosing;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Settings;

namespace QMoi.Functions;

/// <summary>A file of the admin's catalogue folder that is not as it must be, and what is used instead.</summary>
internal sealed record RefusedFile(string Name, string Problem, string Instead)
{
    public override string ToString() => $"catalogue: {Problem} ({Instead})";
}

/// <summary>The catalogue that is in force: the embedded one with what the admin added.</summary>
internal static class KnownFailures
{
    /// <param name="refused">Told about each file of the admin's folder that is not used as it is.</param>
    public static Catalogue Load(BotSettings settings, Action<RefusedFile> refused)
    {
        var broken = new List<CatalogueException>();
        var catalogue = Catalogue.WithFolder(FolderOf(settings), broken.Add);
        if (broken.Count == 0)
            return catalogue;
        var copies = broken.ToDictionary(bad => bad.File, bad => CopyOf(settings, bad.File), StringComparer.Ordinal);
        var used = copies.Where(copy => File.Exists(copy.Value)).Select(copy => Path.GetFileName(copy.Value)).ToHashSet(StringComparer.Ordinal);
        if (used.Count > 0)
            catalogue = WithCopies(FilesOf(settings).Select(file => copies.GetValueOrDefault(file, file)).Where(File.Exists), unusable => used.Remove(unusable));
        foreach (var bad in broken)
        {
            var name = Path.GetFileName(bad.File);
            refused(new RefusedFile(name, bad.Message, used.Contains(name)
                ? $"its last good copy, kept {OwnFiles.WrittenAt(copies[bad.File])}, is used"
                : "this file is left out, the others are used"));
        }
        return catalogue;
    }

    /// <summary>There is something to look at beyond what the bot is delivered with.</summary>
    public static bool HasOwn(BotSettings settings) => FilesOf(settings).Length > 0;

    /// <summary>What can be read is the last good version from now on; the copy of a file that is gone goes too.</summary>
    public static void Keep(BotSettings settings)
    {
        var files = FilesOf(settings);
        foreach (var file in files)
        {
            try
            {
                var text = File.ReadAllText(file);
                Catalogue.Load([(file, text)]);
                OwnFiles.Replace(CopyOf(settings, file), System.Text.Encoding.UTF8.GetBytes(text));
            }
            catch (Exception told) when (told is CatalogueException or IOException or UnauthorizedAccessException)
            {
                // When it was loaded; its copy stays.
            }
        }
        var names = files.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        foreach (var copy in Files(CopyFolder(settings)).Where(copy => !names.Contains(Path.GetFileName(copy))))
            File.Delete(copy);
    }

    /// <summary>A catalogue is read from one folder, and the order of the names decides; so the good files and the copies are put into one.</summary>
    private static Catalogue WithCopies(IEnumerable<string> files, Action<string> unusable)
    {
        var mixed = Directory.CreateTempSubdirectory("qmoi-catalogue-");
        try
        {
            foreach (var file in files)
                File.Copy(file, Path.Combine(mixed.FullName, Path.GetFileName(file)));
            return Catalogue.WithFolder(mixed.FullName, bad => unusable(Path.GetFileName(bad.File)));
        }
        finally
        {
            mixed.Delete(recursive: true);
        }
    }

    public static string FolderOf(BotSettings settings) => settings.CatalogueFolder ?? Path.Combine(settings.DataFolder, "catalogue");

    private static string[] FilesOf(BotSettings settings) => Files(FolderOf(settings));

    private static string[] Files(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder, "*.yaml") : [];

    private static string CopyFolder(BotSettings settings) => Path.Combine(settings.DataFolder, LastGoodSettings.Folder, "catalogue");

    private static string CopyOf(BotSettings settings, string file) => Path.Combine(CopyFolder(settings), Path.GetFileName(file));
}
