using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.GitHub;

/// <summary>
/// Writes to <c>$GITHUB_OUTPUT</c>, <c>$GITHUB_STATE</c>, <c>$GITHUB_ENV</c> and <c>$GITHUB_PATH</c> in place of the retired workflow commands, in the shell lines of workflows, of the
/// repository's own actions and of the script that failed. Declines where another language prints them, and in PowerShell.
/// </summary>
public sealed partial class GhaDeprecatedCommandsFixer : IFixer
{
    private const int MostFiles = 50;

    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["set-output"] = "GITHUB_OUTPUT", ["save-state"] = "GITHUB_STATE", ["set-env"] = "GITHUB_ENV", ["add-path"] = "GITHUB_PATH",
    };

    public string FailureId => "gha-deprecated-commands";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var edits = new List<FileEdit>();
        foreach (var path in await PathsAsync(diagnosis, checkout, cancellationToken))
        {
            if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file)
                continue;
            for (var number = 1; number <= file.Count; number++)
            {
                if (file[number].TrimStart().StartsWith('#') || !Command().IsMatch(file[number]))
                    continue;
                if (IsPowerShell(file, number))
                    return new FixResult.Declined($"`{path}`, line {number}, is PowerShell");
                var line = Print().Replace(file[number], match => Written(match));
                if (Command().IsMatch(line))
                    return new FixResult.Declined($"`{path}`, line {number}, prints the command in a way that is not edited");
                file[number] = line;
            }

            if (file.IsChanged)
                edits.Add(file.ToEdit());
        }

        return edits.Count == 0
            ? new FixResult.Declined("no workflow, and no script that the log names, prints such a command; an action does, and a newer version of it may not")
            : new FixResult.Fixed(new Patch(edits), $"Wrote to the runner's files in place of retired commands in {string.Join(", ", edits.Select(edit => $"`{edit.Path}`"))}.");
    }

    private static string Written(Match match)
    {
        var file = Files[match.Groups["command"].Value];
        var name = match.Groups["name"].Success ? match.Groups["name"].Value + "=" : "";
        var (quote, value) = (match.Groups["quote"].Value, match.Groups["value"].Value.TrimEnd());
        return $"{match.Groups["print"].Value}{quote}{name}{value}{quote}{match.Groups["arguments"].Value.TrimEnd()} >> \"${file}\"{match.Groups["rest"].Value}";
    }

    private static async Task<IReadOnlyList<string>> PathsAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        foreach (var entry in await checkout.ListAsync(CiFiles.Workflows, cancellationToken))
            if (!entry.IsFolder && IsYaml(entry.Path))
                paths.Add(entry.Path);
        foreach (var action in await checkout.ListAsync(".github/actions", cancellationToken))
            if (action.IsFolder)
                paths.AddRange((await checkout.ListAsync(action.Path, cancellationToken)).Where(entry => !entry.IsFolder).Select(entry => entry.Path).Where(path => IsYaml(path) || path.EndsWith(".sh", StringComparison.Ordinal)));
        foreach (var word in (diagnosis.Job.FailedCommand ?? "").Split([' ', '\n', '\t', '"', '\'', ';', '&'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.Contains('/', StringComparison.Ordinal) || word.EndsWith(".sh", StringComparison.Ordinal)).Take(20))
            if (await CheckoutPaths.FindAsync(checkout, word, cancellationToken) is { } script)
                paths.Add(script);
        return [.. paths.Distinct(StringComparer.Ordinal).Take(MostFiles)];
    }

    private static bool IsYaml(string path) => path.EndsWith(".yml", StringComparison.Ordinal) || path.EndsWith(".yaml", StringComparison.Ordinal);

    // The shell of a step stands beside its script, above or below.
    private static bool IsPowerShell(TextFile file, int number)
    {
        if (file[number].Contains("Write-", StringComparison.Ordinal) || file[number].Contains("$env:", StringComparison.Ordinal) || file.Path.EndsWith(".ps1", StringComparison.Ordinal))
            return true;
        if (!IsYaml(file.Path))
            return false;
        foreach (var step in (int[])[-1, 1])
        {
            for (var other = number + step; file.Has(other); other += step)
            {
                var text = file[other].Trim();
                if (text.StartsWith("shell:", StringComparison.Ordinal) || text.StartsWith("- shell:", StringComparison.Ordinal))
                    return text.EndsWith("pwsh", StringComparison.Ordinal) || text.EndsWith("powershell", StringComparison.Ordinal) || text.EndsWith("cmd", StringComparison.Ordinal) || text.EndsWith("python", StringComparison.Ordinal);
                if (text.StartsWith("- ", StringComparison.Ordinal))
                    break;
            }
        }

        return false;
    }

    [GeneratedRegex("::(?:set-output|save-state|set-env|add-path)\\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Command();

    // echo "::set-output name=x::$y" and printf "::set-output name=x::%s\n" "$y", with what follows the command on its line.
    [GeneratedRegex(
        """
        (?<print>\b(?:echo(?: +-[neE]+)?|printf(?= +["'])) +)(?:(?<quote>["'])::(?<command>set-output|save-state|set-env|add-path)(?: +name=(?<name>[A-Za-z_][\w-]*))?::(?<value>(?:[^"'\\$]|\\.|\$(?!\()|\$\([^()]*\)|(?!\k<quote>)["'])*)\k<quote>(?<arguments>(?: +(?:"[^"]*"|\$\w+))*)|(?<quote>)::(?<command>set-output|save-state|set-env|add-path)(?: +name=(?<name>[A-Za-z_][\w-]*))?::(?<value>[^"'`;&|<>#]+|\$\([^()]*\)|"[^"]*"))(?<rest> *(?:$|&&.*|\|\|.*|;.*| \#.*))
        """, RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Print();
}
