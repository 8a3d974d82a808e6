namespace QMoi.Fixers;

/// <summary>A glob that stands for one path, whatever is in its name.</summary>
public static class ExactGlob
{
    public static string Of(string path) => path.Replace("*", "\\*", StringComparison.Ordinal).Replace("?", "\\?", StringComparison.Ordinal);
}
