namespace QMoi.Fixers.Git;

/// <summary>Changes the line ends of the files that the log names from Windows to LF. Declines files that .gitattributes or their kind want with Windows line ends.</summary>
public sealed class GitCrlfFixer : IFixer
{
    private static readonly string[] WindowsKinds = [".bat", ".cmd", ".sln", ".vcxproj", ".reg"];

    public string FailureId => "git-crlf";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var attributes = await TextFile.ReadAsync(checkout, ".gitattributes", cancellationToken);
        var edits = new SortedDictionary<string, FileEdit>(StringComparer.Ordinal);
        foreach (var named in diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Select(name => name.Trim('\'', '"', '.').TrimEnd(':')).Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await checkout.ReadAsync(path, cancellationToken) is not { } file)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            var kind = Array.Find(WindowsKinds, one => path.EndsWith(one, StringComparison.OrdinalIgnoreCase));
            if (kind is not null || attributes?.Lines.Any(line => line.Contains("eol=crlf", StringComparison.Ordinal) && path.EndsWith(line.Split(' ', '\t')[0].TrimStart('*'), StringComparison.Ordinal)) == true)
                return new FixResult.Declined($"`{path}` is meant to have Windows line ends");
            if (file.Content.Span.Contains((byte)0) || file.Content.Span.IndexOf("\r\n"u8) < 0)
                continue;
            edits[path] = new FileEdit.Write(path, file.Content, WithLf(file.Content.Span));
        }

        return edits.Count == 0
            ? new FixResult.Declined("the log names no file that has Windows line ends")
            : new FixResult.Fixed(new Patch([.. edits.Values]), $"Changed the line ends of {string.Join(", ", edits.Keys.Take(10).Select(path => $"`{path}`"))}{(edits.Count > 10 ? " and others" : "")} to LF.");
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
