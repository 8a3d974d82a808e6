using System.Buffers;
using System.Globalization;

namespace QMoi.Forges;

internal static class DeliveryIds
{
    private const int MaxLength = 200;
    private static readonly SearchValues<char> EventCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Printable ASCII without spaces, 1 to 200 characters.</summary>
    public static bool IsSane(string? id) => id is { Length: > 0 and <= MaxLength } && !id.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>Of a repository or group: digits, above 0.</summary>
    public static bool TryNumber(string? text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;

    public static bool IsEventName(string? name) => name is { Length: > 0 and <= 64 } && !name.AsSpan().ContainsAnyExcept(EventCharacters);
}
