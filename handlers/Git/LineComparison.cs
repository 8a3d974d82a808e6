using DiffPlex;

namespace QMoi.Handlers.Git;

/// <summary>Old lines and the new ones in their place; one of the two may be none.</summary>
internal sealed record LineBlock(int OldStart, int OldCount, int NewStart, int NewCount);

/// <summary>
/// What differs between two texts, line by line: the finest answer where that is quick, which takes as long as lines times differences. Where it is not, the texts are cut
/// at the lines that each of them has once, in their order, and what lies between is compared for itself; what still is too much is one block.
/// </summary>
internal sealed class LineComparison
{
    /// <summary>Steps of one comparison: some ten milliseconds.</summary>
    private const int MaxSteps = 3_000_000;

    /// <summary>More differences than this take more steps than that.</summary>
    private const int MaxDifferences = 2_400;

    private const int Deepest = 40;

    private readonly string[] oldLines;
    private readonly string[] newLines;
    private readonly int[] oldIds;
    private readonly int[] newIds;
    private readonly List<LineBlock> blocks = [];

    /// <summary>What all comparisons of one pair of texts may take together.</summary>
    private long steps;

    private LineComparison(string[] oldLines, string[] newLines)
    {
        (this.oldLines, this.newLines) = (oldLines, newLines);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        (oldIds, newIds) = (IdsOf(oldLines, ids), IdsOf(newLines, ids));
        steps = (4L * MaxSteps) + (8L * (oldLines.Length + newLines.Length));
    }

    /// <param name="oldLines">Each with its line end.</param>
    /// <param name="newLines">The same.</param>
    /// <returns>In their order, with at least one equal line between two of them.</returns>
    public static IReadOnlyList<LineBlock> Of(string[] oldLines, string[] newLines)
    {
        var comparison = new LineComparison(oldLines, newLines);
        comparison.Compare(0, oldLines.Length, 0, newLines.Length, depth: 0);
        return comparison.blocks;
    }

    private static int[] IdsOf(string[] lines, Dictionary<string, int> ids) => Array.ConvertAll(lines, line => ids.TryGetValue(line, out var id) ? id : ids[line] = ids.Count);

    private void Compare(int oldStart, int oldEnd, int newStart, int newEnd, int depth)
    {
        for (; oldStart < oldEnd && newStart < newEnd && oldIds[oldStart] == newIds[newStart]; oldStart++) newStart++;
        for (; oldEnd > oldStart && newEnd > newStart && oldIds[oldEnd - 1] == newIds[newEnd - 1]; oldEnd--) newEnd--;
        if (oldStart == oldEnd && newStart == newEnd) return;
        if (oldStart == oldEnd || newStart == newEnd)
            blocks.Add(new LineBlock(oldStart, oldEnd - oldStart, newStart, newEnd - newStart));
        else if (IsQuick(oldIds.AsSpan(oldStart..oldEnd), newIds.AsSpan(newStart..newEnd)))
            CompareFinely(oldStart, oldEnd, newStart, newEnd);
        else if (depth < Deepest && Anchors(oldStart, oldEnd, newStart, newEnd) is { Count: > 0 } anchors)
            CompareBetween(anchors, oldStart, oldEnd, newStart, newEnd, depth);
        else
            blocks.Add(new LineBlock(oldStart, oldEnd - oldStart, newStart, newEnd - newStart));
    }

    private void CompareFinely(int oldStart, int oldEnd, int newStart, int newEnd)
    {
        var result = new Differ().CreateCustomDiffs(
            string.Concat(oldLines[oldStart..oldEnd]), string.Concat(newLines[newStart..newEnd]), ignoreWhiteSpace: false, ignoreCase: false, chunker: UnifiedDiff.SplitLines);
        foreach (var block in result.DiffBlocks)
            blocks.Add(new LineBlock(oldStart + block.DeleteStartA, block.DeleteCountA, newStart + block.InsertStartB, block.InsertCountB));
    }

    private void CompareBetween(List<(int Old, int New)> anchors, int oldStart, int oldEnd, int newStart, int newEnd, int depth)
    {
        foreach (var (old, @new) in anchors)
        {
            Compare(oldStart, old, newStart, @new, depth + 1);
            (oldStart, newStart) = (old + 1, @new + 1);
        }
        Compare(oldStart, oldEnd, newStart, newEnd, depth + 1);
    }

    /// <summary>Whether the shortest way from one to the other (Myers 1986, An O(ND) difference algorithm) is found within the steps.</summary>
    private bool IsQuick(ReadOnlySpan<int> old, ReadOnlySpan<int> @new)
    {
        if (Math.Abs(old.Length - @new.Length) > MaxDifferences)
            return false;
        var most = Math.Min(MaxDifferences, old.Length + @new.Length);
        var farthest = new int[(2 * most) + 3];
        var left = Math.Min(steps, MaxSteps);
        var given = left;
        for (var differences = 0; differences <= most && left > 0; differences++)
        {
            for (var diagonal = -differences; diagonal <= differences && left > 0; diagonal += 2)
            {
                var at = most + 1 + diagonal;
                var x = diagonal == -differences || (diagonal != differences && farthest[at - 1] < farthest[at + 1]) ? farthest[at + 1] : farthest[at - 1] + 1;
                var start = x;
                // Beyond either end there is nothing to go on with.
                while (x < old.Length && x - diagonal < @new.Length && x - diagonal >= 0 && old[x] == @new[x - diagonal]) x++;
                farthest[at] = x;
                left -= 1 + x - start;
                if (x >= old.Length && x - diagonal >= @new.Length)
                {
                    steps -= given - left;
                    return true;
                }
            }
        }
        steps -= given - left;
        return false;
    }

    /// <summary>Lines that both have once, the longest row of them that stands in the same order in both.</summary>
    private List<(int Old, int New)> Anchors(int oldStart, int oldEnd, int newStart, int newEnd)
    {
        steps -= oldEnd - oldStart + newEnd - newStart;
        if (steps <= 0)
            return [];
        var places = new Dictionary<int, (int Old, int New)>();
        const int many = -2;
        for (var at = oldStart; at < oldEnd; at++)
            places[oldIds[at]] = places.ContainsKey(oldIds[at]) ? (many, -1) : (at, -1);
        for (var at = newStart; at < newEnd; at++)
            if (places.TryGetValue(newIds[at], out var place))
                places[newIds[at]] = (place.Old, place.New == -1 ? at : many);
        return Ascending([.. places.Values.Where(place => place is { Old: >= 0, New: >= 0 }).OrderBy(place => place.Old)]);
    }

    /// <summary>The longest row in which the second number grows as the first one does (patience sorting).</summary>
    private static List<(int Old, int New)> Ascending(List<(int Old, int New)> places)
    {
        var ends = new List<int>(); // of the row of each length, the place with the lowest second number
        var before = new int[places.Count];
        for (var at = 0; at < places.Count; at++)
        {
            var (low, high) = (0, ends.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (places[ends[middle]].New < places[at].New) low = middle + 1;
                else high = middle;
            }
            before[at] = low == 0 ? -1 : ends[low - 1];
            if (low == ends.Count) ends.Add(at);
            else ends[low] = at;
        }
        var row = new List<(int Old, int New)>();
        for (var at = ends.Count == 0 ? -1 : ends[^1]; at >= 0; at = before[at]) row.Add(places[at]);
        row.Reverse();
        return row;
    }
}
