namespace QMoi.Fixers.Diagnosing;

/// <summary>The texts that all signatures, the structure of logs and error lines are known by, and what to try where one is found.</summary>
internal sealed class SignatureIndex
{
    private readonly (int Entry, int Signature)[][] _usersOf;
    private readonly Signature[] _signatures;
    private readonly LiteralSet?[] _found;
    private readonly int _firstErrorWord;
    private readonly int _firstKeyword;

    internal SignatureIndex(IReadOnlyList<CatalogueEntry> entries)
    {
        Entries = entries;
        List<(string Text, bool IgnoresCase)> literals = [.. LogStructure.Marks.Select(mark => (mark, false))];
        _firstErrorWord = literals.Count;
        literals.AddRange(ErrorLines.Words.Select(word => (word, true)));
        _firstKeyword = literals.Count;
        List<List<(int, int)>> users = [.. literals.Select(_ => new List<(int, int)>())];
        List<(int Entry, Signature Signature)> signatures = [];
        List<(int, int)> byCommand = [];
        var ids = new Dictionary<(string, bool), int>();
        for (var entry = 0; entry < entries.Count; entry++)
        {
            foreach (var signature in entries[entry].Signatures)
            {
                if (signature.HasCommand)
                    byCommand.Add((entry, signatures.Count));

                signatures.Add((entry, signature));
            }
        }

        var usersOf = signatures.SelectMany(user => user.Signature.Literals.SelectMany(set => set.Texts).Distinct(StringComparer.Ordinal)).CountBy(text => text, StringComparer.Ordinal)
            .ToDictionary(StringComparer.Ordinal);
        _found = [.. signatures.Select(user => Rarest(user.Signature, usersOf))];
        for (var id = 0; id < signatures.Count; id++)
        {
            foreach (var keyword in _found[id]?.Texts ?? [])
            {
                var key = (keyword, _found[id]!.IgnoresCase);
                if (!ids.TryGetValue(key, out var literal))
                {
                    literal = ids[key] = literals.Count;
                    literals.Add(key);
                    users.Add([]);
                }

                users[literal].Add((signatures[id].Entry, id));
            }
        }

        Finder = new LiteralFinder(literals);
        ByCommand = [.. byCommand];
        _signatures = [.. signatures.Select(user => user.Signature)];
        _usersOf = [.. users.Select(list => list.ToArray())];
    }

    internal IReadOnlyList<CatalogueEntry> Entries { get; }

    internal LiteralFinder Finder { get; }

    /// <summary>Signatures that are tried on every line of certain commands.</summary>
    internal IReadOnlyList<(int Entry, int Signature)> ByCommand { get; }

    internal int SignatureCount => _signatures.Length;

    /// <summary>The mark of <see cref="LogStructure.Marks"/> that a literal is, or -1.</summary>
    internal int MarkOf(int literal) => literal < _firstErrorWord ? literal : -1;

    internal bool IsErrorWord(int literal) => literal >= _firstErrorWord && literal < _firstKeyword;

    internal ReadOnlySpan<(int Entry, int Signature)> UsersOf(int literal) => _usersOf[literal];

    internal Signature Signature(int id) => _signatures[id];

    /// <summary>False where the line, in which a literal of the signature was found, lacks another text that the signature demands.</summary>
    internal bool IsPossible(int signature, ReadOnlySpan<byte> line) => _signatures[signature].IsPossible(line, _found[signature]);

    // The set that the fewest signatures share: of two thousand patterns with "error: " in them hardly one is tried for a line with it. Then the longest.
    private static LiteralSet? Rarest(Signature signature, Dictionary<string, int> usersOf) => signature.Literals
        .Where(set => set.Shortest >= LiteralFinder.ShortestText)
        .OrderBy(set => int.Log2(set.Texts.Max(text => usersOf[text])) - (Math.Min(set.Shortest, 20) / 4) + (set.Texts.Any(CommonText.IsCommon) ? 4 : 0)).ThenByDescending(set => set.Shortest).FirstOrDefault();
}
