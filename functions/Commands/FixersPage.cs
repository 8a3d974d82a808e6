using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Functions.Commands;

/// <summary>What QMoi repairs by rules, as a page: the words are those of each fixer's class.</summary>
internal static partial class FixersPage
{
    public static string Write(Catalogue catalogue)
    {
        var words = Words();
        var fixers = FixerIndex.All.Select(fixer => (Fixer: fixer, Entry: catalogue.Find(fixer.FailureId))).Where(pair => pair.Entry is not null).ToList();
        var page = new StringBuilder("# What QMoi repairs by rules\n\nMade by `qmoi catalog --fixers`; each fixer is a class in `fixers/`, its cases lie in `tests/cases/`. What else is known: [failures.md](failures.md).\n\n")
            .Append($"{fixers.Count} fixers, none of which needs a model. `fix.rules` in `.qmoi.yml` switches single ones off.\n");
        foreach (var group in fixers.GroupBy(pair => pair.Entry!.Ecosystem).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            page.Append($"\n## {group.Key}\n\n| fixer | failure | what it does |\n| --- | --- | --- |\n");
            foreach (var (fixer, entry) in group)
                page.Append($"| `{fixer.FailureId}` | {Cell(entry!.Title)} | {Cell(words.GetValueOrDefault(fixer.GetType().FullName!, ""))} |\n");
        }
        return page.ToString();
    }

    /// <summary>Summaries by the full name of their class; empty where the file is not beside the program.</summary>
    public static IReadOnlyDictionary<string, string> Words()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "QMoi.Fixers.xml");
        if (!File.Exists(file))
            return new Dictionary<string, string>(StringComparer.Ordinal);
        using var reader = XmlReader.Create(file, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        return XDocument.Load(reader).Descendants("member")
            .Select(member => (Name: (string?)member.Attribute("name") ?? "", Text: string.Join(' ', member.Elements().Where(part => part.Name.LocalName is "summary" or "remarks").Select(Plain))))
            .Where(member => member.Name.StartsWith("T:", StringComparison.Ordinal))
            .ToDictionary(member => member.Name[2..], member => member.Text, StringComparer.Ordinal);
    }

    private static string Plain(XElement part)
    {
        var text = string.Concat(part.DescendantNodes().Select(node => node switch
        {
            XText { Parent.Name.LocalName: "c" } code => $"`{code.Value}`",
            XText plain => plain.Value,
            XElement { Name.LocalName: "see" } see => $"`{((string?)see.Attribute("cref") ?? (string?)see.Attribute("langword") ?? "").Split('.', ':')[^1]}`",
            _ => "",
        }));
        return Blanks().Replace(text, " ").Trim();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Blanks();
}
