using System.Globalization;

namespace QMoi.Fixers.DotNet;

/// <summary>Versions of NuGet packages: up to four numbers, then what is before a release.</summary>
internal static class PackageVersions
{
    public static int Compare(string one, string other)
    {
        var (left, right) = (Parse(one), Parse(other));
        for (var index = 0; index < 4; index++)
            if (left.Numbers[index] != right.Numbers[index])
                return left.Numbers[index].CompareTo(right.Numbers[index]);
        return (left.Before.Length, right.Before.Length) switch
        {
            (0, 0) => 0,
            (0, _) => 1,
            (_, 0) => -1,
            _ => string.Compare(left.Before, right.Before, StringComparison.OrdinalIgnoreCase),
        };
    }

    private static (long[] Numbers, string Before) Parse(string version)
    {
        var plain = version.Split('+')[0];
        var dash = plain.IndexOf('-', StringComparison.Ordinal);
        var numbers = new long[4];
        var parts = (dash < 0 ? plain : plain[..dash]).Split('.');
        for (var index = 0; index < Math.Min(4, parts.Length); index++)
            _ = long.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[index]);
        return (numbers, dash < 0 ? "" : plain[(dash + 1)..]);
    }
}
