using System.Text.Json;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>For scripts: an array with one object for each log. The names in it are public.</summary>
internal static class JsonReport
{
    private const int Utf8 = 65001;

    /// <summary>Text beyond ASCII is left readable where it arrives as UTF-8, which JSON has to be; else it is escaped.</summary>
    public static string Of(IReadOnlyList<LogJson> logs) =>
        JsonSerializer.Serialize(logs, (Terminal.Out.Encoding.CodePage == Utf8 ? OutputJson.Readable : OutputJson.Default).IReadOnlyListLogJson) + "\n";
}
