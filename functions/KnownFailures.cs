using QMoi.Fixers.Diagnosing;
using QMoi.Functions.Settings;

namespace QMoi.Functions;

/// <summary>The catalogue that is in force: the embedded one with what the admin added.</summary>
internal static class KnownFailures
{
    /// <param name="refused">Told about each file of the admin's folder that is left out, and why.</param>
    public static Catalogue Load(BotSettings settings, Action<string> refused) => Catalogue.WithFolder(
        settings.CatalogueFolder ?? Path.Combine(settings.DataFolder, "catalogue"),
        bad => refused($"catalogue: {bad.Message} (this file is left out, the others are used)"));
}
