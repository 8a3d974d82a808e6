using System.Text.Json;

namespace QMoi.Functions.Commands.Diagnose;

/// <summary>For scripts: an array with one object for each log. The names in it are public.</summary>
internal static class JsonReport
{
    public static string Of(IReadOnlyList<LogJson> logs) => JsonSerializer.Serialize(logs, OutputJson.Readable.IReadOnlyListLogJson) + "\n";
}
