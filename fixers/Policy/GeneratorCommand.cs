using System.Text.Json;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Policy;

/// <summary>
/// A command that writes generated files, as a log or a CI file names it. Only what the repository itself holds is run: a script of it, a target of its Makefile, a script of its package.json.
/// </summary>
internal static partial class GeneratorCommand
{
    /// <summary>The run for a command, or the reason why it is not run.</summary>
    public static async Task<(IReadOnlyList<ToolCommand>? Commands, string? Reason)> FindAsync(string text, ICheckout checkout, CancellationToken cancellationToken)
    {
        var command = Tail().Replace(text.Trim(), "").TrimEnd('.', ',', ';', ':', ')', ']', '!', ' ');
        if (ShellWords.Split(command) is not { } words)
            return (null, $"`{command}` is more than a program and its arguments");
        if (words is ["poetry" or "pipenv" or "uv" or "hatch", "run", _, ..])
            words = [.. words.Skip(2)];
        if (words.Count > 20 || words.Any(word => word.StartsWith('/') || word.Split('/', '=').Contains("..", StringComparer.Ordinal)))
            return (null, $"`{command}` reaches outside of the repository");

        return words[0] switch
        {
            "python" or "python3" => await PythonAsync(words, checkout, cancellationToken),
            "node" or "sh" or "bash" or "perl" or "ruby" or "php" => await ScriptAsync(words, checkout, cancellationToken),
            "make" => await MakeAsync(words, checkout, cancellationToken),
            "npm" or "yarn" or "pnpm" => await PackageAsync(words, checkout, cancellationToken),
            "go" when words is ["go", "generate", ..] or ["go", "run", ['.', '/', ..], ..] => ([new ToolCommand(words, NeedsRegistry: true)], null),
            "dotnet" when words is ["dotnet", "run", ..] => ([new ToolCommand(words, NeedsRegistry: true)], null),
            var program when program.Contains('/', StringComparison.Ordinal) => await OwnAsync(words, checkout, cancellationToken),
            var program => (null, $"`{program}` is not among the programs that are run for this"),
        };
    }

    private static async Task<(IReadOnlyList<ToolCommand>?, string?)> PythonAsync(IReadOnlyList<string> words, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (words is [_, "-m", var module, ..])
        {
            var path = module.Replace('.', '/');
            return await checkout.ReadAsync(path + ".py", cancellationToken) is not null || await checkout.ReadAsync(path + "/__main__.py", cancellationToken) is not null
                ? ([new ToolCommand(["python3", .. words.Skip(1)])], null)
                : (null, $"the module `{module}` is not one of the repository");
        }

        return await ScriptAsync(["python3", .. words.Skip(1)], checkout, cancellationToken);
    }

    private static async Task<(IReadOnlyList<ToolCommand>?, string?)> ScriptAsync(IReadOnlyList<string> words, ICheckout checkout, CancellationToken cancellationToken) =>
        words.Count > 1 && words[1][0] != '-' && await checkout.ReadAsync(Clean(words[1]), cancellationToken) is not null
            ? ([new ToolCommand(words)], null)
            : (null, $"`{string.Join(' ', words.Take(2))}` runs no file of the repository");

    private static async Task<(IReadOnlyList<ToolCommand>?, string?)> OwnAsync(IReadOnlyList<string> words, ICheckout checkout, CancellationToken cancellationToken) =>
        await checkout.ReadAsync(Clean(words[0]), cancellationToken) is { IsExecutable: not false } file && file.Content.Span.StartsWith("#!"u8)
            ? ([new ToolCommand(words)], null)
            : (null, $"`{words[0]}` is no executable script of the repository");

    private static async Task<(IReadOnlyList<ToolCommand>?, string?)> MakeAsync(IReadOnlyList<string> words, ICheckout checkout, CancellationToken cancellationToken)
    {
        var isElsewhere = words is [_, "-C", _, ..];
        var folder = isElsewhere ? Clean(words[2]).TrimEnd('/') : "";
        var targets = words.Skip(isElsewhere ? 3 : 1).ToList();
        string[] names = ["GNUmakefile", "makefile", "Makefile"];
        foreach (var name in names)
        {
            if (await TextFile.ReadAsync(checkout, CheckoutPaths.Join(folder, name), cancellationToken) is not { } makefile)
                continue;
            var known = makefile.Lines.Select(line => Rule().Match(line)).Where(match => match.Success)
                .SelectMany(match => match.Groups["targets"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToHashSet(StringComparer.Ordinal);
            var unknown = targets.Where(target => !known.Contains(target)).ToList();
            return targets.Count > 0 && unknown.Count == 0 ? ([new ToolCommand(words)], null) : (null, $"`{makefile.Path}` has no rule for `{string.Join(' ', unknown)}`");
        }

        return (null, "there is no Makefile where the command would look for it");
    }

    private static async Task<(IReadOnlyList<ToolCommand>?, string?)> PackageAsync(IReadOnlyList<string> words, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (words is not ([_, "run" or "run-script", _] or ["yarn" or "pnpm", _]))
            return (null, $"`{string.Join(' ', words)}` runs no script of package.json");
        var script = words[^1];
        if (await checkout.ReadAsync("package.json", cancellationToken) is not { } package || !HasScript(package.Content, script, out var hasPackages))
            return (null, $"package.json has no script `{script}`");
        var run = new ToolCommand(["npm", "run", script]);
        if (!hasPackages)
            return ([run], null);
        return await checkout.ReadAsync("package-lock.json", cancellationToken) is null
            ? (null, "there is no package-lock.json to install the packages from that the script may need")
            : ([new ToolCommand(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], NeedsRegistry: true), run], null);
    }

    private static bool HasScript(ReadOnlyMemory<byte> package, string script, out bool hasPackages)
    {
        hasPackages = false;
        try
        {
            using var document = JsonDocument.Parse(package.Span.StartsWith("\ufeff"u8) ? package[3..] : package);
            var root = document.RootElement;
            bool Has(string key) => root.TryGetProperty(key, out var packages) && packages.ValueKind == JsonValueKind.Object && packages.EnumerateObject().Any();
            if (root.ValueKind != JsonValueKind.Object)
                return false;
            hasPackages = Has("dependencies") || Has("devDependencies");
            return root.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object && scripts.TryGetProperty(script, out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Clean(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;

    // What a sentence goes on with.
    [GeneratedRegex(@"(?i)(?:[.,;:]?\s+(?:and|to|then|again|before|locally|on|in order|from|first|so|or)\b.*|[.;,]\s+[A-Z].*|\s*\([^)]*\)?\s*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tail();

    [GeneratedRegex(@"^(?<targets>[\w./-]+(?:\s+[\w./-]+)*)\s*::?(?:[^=]|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Rule();
}
