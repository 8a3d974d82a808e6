using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace QMoi.Fixers.Ci;

/// <summary>Files are written by strangers: a file that holds itself, is nested without end or grows through its aliases is not read at all.</summary>
internal static class YamlBounds
{
    private const int Deepest = 100;
    private const long MostNodes = 200_000;

    /// <exception cref="YamlException">It is not valid YAML.</exception>
    public static bool IsModest(string text)
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
                        return false;
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
                        return false;
                    size = sizes.GetValueOrDefault(alias.Value, 1);
                    break;
                default:
                    continue;
            }

            var (holder, sum) = open.Pop();
            if (sum + size > MostNodes)
                return false;
            open.Push((holder, sum + size));
        }

        return true;
    }
}
