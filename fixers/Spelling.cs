namespace QMoi.Fixers;

/// <summary>How alike two names are spelt, for "did you mean" and for misspelt names.</summary>
public static class Spelling
{
    /// <summary>Edit distance (Levenshtein): how many letters to insert, drop or change. Names are short, so the plain table is enough.</summary>
    public static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }

    /// <summary>The known name that is spelt most like the one given, without regard to case.</summary>
    public static string Nearest(string name, IEnumerable<string> known) => known.MinBy(candidate => Distance(candidate.ToUpperInvariant(), name.ToUpperInvariant()))!;
}
