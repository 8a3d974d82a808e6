using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers;

/// <summary>The way from a stranger's text to YAML: what is no YAML, or far more of it than people write, is told and never thrown.</summary>
public static class OutsideYaml
{
    private const int Deepest = 100;
    private const long MostNodes = 200_000;

    /// <returns><c>null</c> with the mistake where it cannot be read, or where it is nested too deeply or grows through its aliases.</returns>
    public static IReadOnlyList<YamlDocument>? Read(string text, out YamlMistake? mistake)
    {
        try
        {
            mistake = TooMuch(text);
            return mistake is null ? ReadTrusted(text) : null;
        }
        catch (Exception exception) when (MistakeOf(exception) is { } found)
        {
            mistake = found;
            return null;
        }
    }

    /// <summary>Without looking how much it is.</summary>
    internal static IReadOnlyList<YamlDocument> ReadTrusted(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return [.. yaml.Documents];
    }

    /// <summary>What an exception of YamlDotNet says about the text; <c>null</c> for any other exception.</summary>
    /// <remarks>Version 16.3 answers some broken texts with whatever its insides throw: InvalidOperationException, ArgumentException for the tag <c>!!**</c>.</remarks>
    public static YamlMistake? MistakeOf(Exception exception) => exception switch
    {
        YamlException known => new YamlMistake(known.Start.Line, known.Message),
        InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException or KeyNotFoundException or NullReferenceException => new YamlMistake(1, "it cannot be read"),
        _ => null,
    };

    private static YamlMistake? TooMuch(string text)
    {
        var parser = new Parser(new StringReader(text));
        var sizes = new Dictionary<AnchorName, long>();
        var open = new Stack<(AnchorName Anchor, long Size)>([(AnchorName.Empty, 0)]);
        while (parser.MoveNext())
        {
            long size;
            switch (parser.Current)
            {
                case MappingStart or SequenceStart:
                    if (open.Count > Deepest)
                        return new YamlMistake(parser.Current.Start.Line, "it is nested too deeply");
                    open.Push((((NodeEvent)parser.Current).Anchor, 1));
                    continue;
                case MappingEnd or SequenceEnd:
                    (var anchor, size) = open.Pop();
                    if (!anchor.IsEmpty)
                        sizes[anchor] = size;
                    break;
                case Scalar scalar:
                    size = 1;
                    if (!scalar.Anchor.IsEmpty)
                        sizes[scalar.Anchor] = size;
                    break;
                case AnchorAlias alias:
                    if (open.Any(one => one.Anchor == alias.Value))
                        return new YamlMistake(alias.Start.Line, "an alias stands in what it is an alias of");
                    size = sizes.GetValueOrDefault(alias.Value, 1);
                    break;
                default:
                    continue;
            }

            var (holder, sum) = open.Pop();
            if (sum + size > MostNodes)
                return new YamlMistake(parser.Current.Start.Line, $"with its aliases it has more than {MostNodes} values");
            open.Push((holder, sum + size));
        }

        return null;
    }
}

/// <param name="Line">From 1; 1 where the parser does not tell.</param>
/// <param name="Reason">For people; may hold words of the text.</param>
public sealed record YamlMistake(long Line, string Reason);
