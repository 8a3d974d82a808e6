using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Functions.Control;

/// <summary>Looks whether anything in the audit was edited, deleted, inserted, reordered or cut off.</summary>
public static partial class AuditChain
{
    /// <param name="logFolder">Where <c>audit.log</c> of this machine lies: the same rows, out of the database's reach.</param>
    /// <returns>How many rows there are, and what is wrong with them in words; nothing when all is as it was written.</returns>
    public static async Task<(long Rows, IReadOnlyList<string> Problems)> VerifyAsync(ControlTable control, string logFolder, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        var logged = ReadLogs(logFolder);
        var head = await control.HeadAsync(cancellationToken);
        var (rows, expected, previous) = (0L, 1L, "");
        await foreach (var row in control.AuditAsync(cancellationToken))
        {
            rows++;
            if (row.Sequence != expected)
                problems.Add(row.Sequence > expected ? $"{Rows(expected, row.Sequence - 1)} missing" : $"row {row.Sequence} does not belong there");
            // After a gap the chain cannot be followed, but each later row still has to fit the one before it.
            else if (row.Hash != ControlTable.HashOf(previous, row.Sequence, row.At, row.Actor, row.Act, row.Details))
                problems.Add($"row {row.Sequence} ({row.Act}) is not what was written, or another stood before it");
            if (logged.TryGetValue(row.Sequence, out var known) && known != row.Hash)
                problems.Add($"row {row.Sequence} ({row.Act}) differs from audit.log");
            (expected, previous) = (row.Sequence + 1, row.Hash);
        }
        var last = Math.Max(head.Sequence, logged.Count == 0 ? 0 : logged.Keys.Max());
        if (expected <= last)
            problems.Add($"{Rows(expected, last)} missing at the end");
        else if (head.Sequence != expected - 1 || (rows > 0 && head.Hash != previous))
            problems.Add($"the last row is {expected - 1}, but {head.Sequence} was written down as the last");
        return (rows, problems);
    }

    private static string Rows(long from, long to) => from == to ? $"row {from} is" : $"rows {from} to {to} are";

    /// <summary>Files are removed when they are old; what is there has to fit.</summary>
    private static Dictionary<long, string> ReadLogs(string folder)
    {
        var found = new Dictionary<long, string>();
        if (!Directory.Exists(folder))
            return found;
        foreach (var file in Directory.GetFiles(folder, "audit*.log").Order(StringComparer.Ordinal))
            foreach (var line in File.ReadLines(file))
            {
                if (Logged().Match(line) is not { Success: true } match)
                    continue;
                var sequence = long.Parse(match.Groups["sequence"].Value, CultureInfo.InvariantCulture);
                // A restored database goes on from where its backup was.
                if (match.Groups["act"].Value == "restore_system")
                    foreach (var gone in found.Keys.Where(key => key > sequence).ToList())
                        found.Remove(gone);
                found[sequence] = match.Groups["hash"].Value;
            }
        return found;
    }

    [GeneratedRegex(@"^\S+ (?<act>[a-z_]+) by .* #(?<sequence>[0-9]{1,18}) (?<hash>[0-9a-f]{64})$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Logged();
}
