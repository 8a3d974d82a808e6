namespace QMoi.Fixers.Shell;

/// <summary>Scripts with Windows line endings, which no interpreter finds. Changes them to LF; unsafe for files that are no scripts.</summary>
public sealed class ShellCrlfScriptFixer : IFixer
{
    public string FailureId => "shell-crlf-script";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var scripts = new SortedDictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        foreach (var named in Names(diagnosis))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } path && await checkout.ReadAsync(path, cancellationToken) is { } file && IsCrlfScript(file))
                scripts.TryAdd(path, file.Content);
        }

        if (scripts.Count == 0)
            return new FixResult.Declined("no script that the log names has Windows line endings and begins with `#!` or ends in `.sh`");
        var edits = scripts.Select(script => (FileEdit)new FileEdit.Write(script.Key, script.Value, WithLf(script.Value.Span))).ToList();
        return new FixResult.Fixed(new Patch(edits), $"Changed the line endings of {string.Join(", ", scripts.Keys.Select(path => $"`{path}`"))} to LF.");
    }

    private static IEnumerable<string> Names(Diagnosis diagnosis)
    {
        var named = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>();
        // Some messages name only the interpreter; then the command that ran names the script.
        var words = (diagnosis.Job.FailedCommand ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word.Contains('/', StringComparison.Ordinal) || word.EndsWith(".sh", StringComparison.Ordinal));
        return named.Concat(words.Select(word => word.Trim('"', '\'', ';'))).Distinct(StringComparer.Ordinal).Take(20);
    }

    private static bool IsCrlfScript(RepositoryFile file)
    {
        var content = file.Content.Span;
        return content.IndexOf("\r\n"u8) >= 0 && !content.Contains((byte)0) && (content.StartsWith("#!"u8) || file.Path.EndsWith(".sh", StringComparison.Ordinal));
    }

    private static byte[] WithLf(ReadOnlySpan<byte> content)
    {
        var kept = new List<byte>(content.Length);
        for (var index = 0; index < content.Length; index++)
            if (content[index] != '\r' || index + 1 == content.Length || content[index + 1] != '\n')
                kept.Add(content[index]);
        return [.. kept];
    }
}
