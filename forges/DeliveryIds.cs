using System.Buffers;

namespace QMoi.Forges;

internal static class DeliveryIds
{
    private const int MaxLength = 200;
    private static readonly SearchValues<char> EventCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Printable ASCII without spaces, 1 to 200 characters.</summary>
    public static bool IsSane(string? id) => id is { Length: > 0 and <= MaxLength } && !id.AsSpan().ContainsAnyExceptInRange('!', '~');

    public static bool IsEventName(string? name) => name is { Length: > 0 and <= 64 } && !name.AsSpan().ContainsAnyExcept(EventCharacters);
}
