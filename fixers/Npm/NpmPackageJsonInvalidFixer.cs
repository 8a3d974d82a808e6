using System.Text;
using System.Text.Json;

namespace QMoi.Fixers.Npm;

/// <summary>Repairs a package.json that one small edit makes valid, and only one.</summary>
public sealed class NpmPackageJsonInvalidFixer : IFixer
{
    private const int MostCandidates = 4000;
    private const int LongestFile = 256 * 1024;

    public string FailureId => "npm-package-json-invalid";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var broken = new List<RepositoryFile>();
        await CheckoutPaths.FoldersAsync(
            checkout,
            async folder =>
            {
                if (await checkout.ReadAsync(CheckoutPaths.Join(folder, "package.json"), cancellationToken) is { } file && !Parses(WithoutMark(file.Content)))
                    broken.Add(file);
                return false;
            },
            cancellationToken);
        if (broken is not [var package])
            return new FixResult.Declined(broken.Count == 0 ? "every package.json of the repository is valid JSON" : "more than one package.json is not valid JSON");
        if (package.Content.Length > LongestFile)
            return new FixResult.Declined($"`{package.Path}` is too long to be tried out");

        var repairs = Candidates(package.Content).Where(candidate => Parses(WithoutMark(candidate.Content))).DistinctBy(candidate => Convert.ToBase64String(candidate.Content.Span)).Take(2).ToList();
        return repairs switch
        {
            [] => new FixResult.Declined($"no single comma or bracket makes `{package.Path}` valid JSON"),
            [var only] => new FixResult.Fixed(new Patch([new FileEdit.Write(package.Path, package.Content, only.Content)]), $"{only.What} in `{package.Path}`."),
            _ => new FixResult.Declined($"more than one small edit would make `{package.Path}` valid JSON"),
        };
    }

    internal static IEnumerable<(ReadOnlyMemory<byte> Content, string What)> Candidates(ReadOnlyMemory<byte> content)
    {
        var tokens = Tokens(content.Span);
        var trailing = new List<int>();
        for (var index = 0; index + 1 < tokens.Count; index++)
            if (tokens[index].Kind == ',' && tokens[index + 1].Kind is '}' or ']')
                trailing.Add(tokens[index].Start);
        if (trailing.Count > 0)
            yield return (Without(content, trailing), trailing.Count == 1 ? "Removed a comma before a closing bracket" : "Removed the commas before closing brackets");

        var tried = 0;
        for (var index = 0; index + 1 < tokens.Count && tried < MostCandidates; index++)
        {
            if (tokens[index].Kind is not ('"' or 'v' or '}' or ']') || tokens[index + 1].Kind is not ('"' or 'v' or '{' or '['))
                continue;
            tried++;
            yield return (Inserted(content, tokens[index].End, ","), "Added a comma that was missing");
        }

        if (Unclosed(tokens) is { } closing)
        {
            var newLine = content.Span.IndexOf("\r\n"u8) >= 0 ? "\r\n" : "\n";
            var end = tokens[^1].End;
            yield return (Inserted(content, end, content.Span[..end].Contains((byte)'\n') ? newLine + closing : closing), "Added the closing bracket that was missing");
        }
    }

    private static string? Unclosed(List<Token> tokens)
    {
        var open = new Stack<char>();
        foreach (var token in tokens)
        {
            if (token.Kind is '{' or '[')
                open.Push(token.Kind);
            else if (token.Kind is '}' or ']' && (!open.TryPop(out var opened) || opened != (token.Kind == '}' ? '{' : '[')))
                return null;
        }

        return open.Count == 1 ? open.Peek() == '{' ? "}" : "]" : null;
    }

    /// <summary>Brackets, commas, colons, strings (<c>"</c>) and other words (<c>v</c>) with where they stand; a broken string ends the list.</summary>
    private static List<Token> Tokens(ReadOnlySpan<byte> json)
    {
        var tokens = new List<Token>();
        var index = WithoutMark(json);
        while (index < json.Length)
        {
            var kind = (char)json[index];
            var start = index++;
            if (char.IsWhiteSpace(kind))
                continue;
            if (kind == '"')
            {
                while (index < json.Length && json[index] is not ((byte)'"' or (byte)'\n'))
                    index += json[index] == '\\' ? 2 : 1;
                if (index >= json.Length || json[index] == '\n')
                    break;
                index++;
            }
            else if (kind is not ('{' or '}' or '[' or ']' or ',' or ':'))
            {
                kind = 'v';
                while (index < json.Length && (char.IsAsciiLetterOrDigit((char)json[index]) || json[index] is (byte)'.' or (byte)'+' or (byte)'-'))
                    index++;
            }

            tokens.Add(new Token(kind, start, index));
        }

        return tokens;
    }

    private static int WithoutMark(ReadOnlySpan<byte> content) => content.StartsWith("\ufeff"u8) ? 3 : 0;

    private static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> content) => content[WithoutMark(content.Span)..];

    private static byte[] Inserted(ReadOnlyMemory<byte> content, int at, string text) => [.. content.Span[..at], .. Encoding.UTF8.GetBytes(text), .. content.Span[at..]];

    private static byte[] Without(ReadOnlyMemory<byte> content, List<int> places)
    {
        var kept = content.ToArray().ToList();
        foreach (var place in Enumerable.Reverse(places))
            kept.RemoveAt(place);
        return [.. kept];
    }

    private static bool Parses(ReadOnlyMemory<byte> content)
    {
        try
        {
            // A key given twice is how a wrong guess shows.
            using var document = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private readonly record struct Token(char Kind, int Start, int End);
}
