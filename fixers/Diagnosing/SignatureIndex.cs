namespace QMoi.Fixers.Diagnosing;

/// <summary>The texts that all signatures, the structure of logs and error lines are known by, and what to try where one is found.</summary>
internal sealed class SignatureIndex
{
    private readonly (int Entry, int Signature)[][] _usersOf;
    private readonly Signature[] _signatures;
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
        List<Signature> signatures = [];
        List<(int, int)> byCommand = [];
        var ids = new Dictionary<(string, bool), int>();
        for (var entry = 0; entry < entries.Count; entry++)
        {
            foreach (var signature in entries[entry].Signatures)
            {
                foreach (var keyword in signature.Keywords)
                {
                    if (!ids.TryGetValue((keyword, signature.IgnoresCase), out var id))
                    {
                        id = ids[(keyword, signature.IgnoresCase)] = literals.Count;
                        literals.Add((keyword, signature.IgnoresCase));
                        users.Add([]);
                    }

                    users[id].Add((entry, signatures.Count));
                }

                if (signature.HasCommand)
                    byCommand.Add((entry, signatures.Count));

                signatures.Add(signature);
            }
        }

        Finder = new LiteralFinder(literals);
        ByCommand = [.. byCommand];
        _signatures = [.. signatures];
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
}
