using System.Collections;
using System.Globalization;
using QMoi.Functions.Settings;

namespace QMoi.Functions.AzureFunctions;

/// <summary>
/// The Azure Functions host that started this process as its custom handler, if one did. It tells by its environment where it expects an answer; the same executable and
/// the same command (<c>qmoi serve</c>) serve in both worlds.
/// </summary>
/// <param name="Url">Where the host asks, on loopback.</param>
public sealed record FunctionsHost(string Url)
{
    private const string Port = "FUNCTIONS_CUSTOMHANDLER_PORT";

    /// <summary>What hosts before version 3 said.</summary>
    private const string OldPort = "FUNCTIONS_HTTPWORKER_PORT";

    /// <summary>The data folder of an app is read only and gone with its instance, so what is kept there (own log, catalogue) may as well be temporary.</summary>
    public static string DataFolder { get; } = Path.Combine(Path.GetTempPath(), "qmoi");

    /// <summary><c>null</c> where the process was started by anybody else.</summary>
    /// <exception cref="SettingsException">The port is none.</exception>
    public static FunctionsHost? Find(IDictionary environment)
    {
        foreach (var name in (string[])[Port, OldPort])
        {
            if (environment[name] is not string { Length: > 0 } value)
                continue;
            return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue
                ? new FunctionsHost($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}")
                : throw new SettingsException($"{name}: '{value}' is not valid; wanted: 1 to 65535, as the Azure Functions host sets it.");
        }
        return null;
    }

    /// <exception cref="SettingsException">They cannot be used there.</exception>
    public static void Check(BotSettings settings)
    {
        if (settings.DatabaseUrl is null)
            throw new SettingsException("DATABASE_URL is not set. On Azure Functions instances share no disk and lose theirs, so deliveries have to be kept in PostgreSQL: wanted is a postgres:// URL.");
    }
}
