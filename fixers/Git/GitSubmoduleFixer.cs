using System.Text.RegularExpressions;

namespace QMoi.Fixers.Git;

/// <summary>
/// Changes the address of a submodule from ssh to https in .gitmodules, where the job has no ssh key: runners clone over https. Declines where the remote lacks the repository or the commit.
/// </summary>
public sealed partial class GitSubmoduleFixer : IFixer
{
    public string FailureId => "git-submodule";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var urls = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("url")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        if (!diagnosis.Matches.Any(match => match.Captures.ContainsKey("refusal")) || urls.Count == 0 || !urls.TrueForAll(url => Ssh().IsMatch(url)))
            return new FixResult.Declined("the submodule does not fail for want of an ssh key; whether its address or its commit is wrong is not told");
        if (await TextFile.ReadAsync(checkout, ".gitmodules", cancellationToken) is not { } file)
            return new FixResult.Declined("there is no .gitmodules");
        var changed = new List<string>();
        for (var number = 1; number <= file.Count; number++)
        {
            if (Url().Match(file[number]) is not { Success: true } line || Ssh().Match(line.Groups["url"].Value) is not { Success: true } ssh)
                continue;
            // The others would fail next, for the same reason.
            var host = ssh.Groups["host"].Value;
            if (!urls.Exists(url => Ssh().Match(url).Groups["host"].Value == host))
                continue;
            var https = $"https://{host}/{ssh.Groups["path"].Value.TrimStart('/')}";
            file[number] = file[number][..line.Groups["url"].Index] + https + file[number][(line.Groups["url"].Index + line.Groups["url"].Length)..];
            changed.Add($"`{https}`");
        }

        return changed.Count == 0
            ? new FixResult.Declined(".gitmodules does not have that address; a submodule's own submodule may")
            : new FixResult.Fixed(new Patch([file.ToEdit()]), $"Changed the address of {(changed.Count == 1 ? "a submodule" : "submodules")} to {string.Join(", ", changed)}, which needs no ssh key.");
    }

    [GeneratedRegex(@"^\s*url\s*=\s*(?<url>\S+)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Url();

    [GeneratedRegex(@"^(?:ssh://)?git@(?<host>[A-Za-z0-9.-]+)[:/](?<path>[^\s:][^\s]*)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Ssh();
}
