using System.Reflection;

namespace QMoi.Functions.Stores;

/// <summary>The numbered steps of a schema, <c>migrations/NNNN-name.sql</c>, forward only. The number of the last one is the schema's version.</summary>
internal static class SchemaSteps
{
    private static readonly Assembly Program = Assembly.GetExecutingAssembly();

    /// <param name="database"><c>sqlite</c> or <c>postgres</c>.</param>
    public static IReadOnlyList<string> Of(string database) =>
        [.. Program.GetManifestResourceNames().Where(name => name.StartsWith($"migrations/{database}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public static string Sql(string step)
    {
        using var stream = Program.GetManifestResourceStream(step)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public static string TooNew(string database, long version, int known) =>
        $"The database {database} has schema {version}, this program knows {known}. Use the newer program, or restore a backup made by this one.";
}
