using System.Text.RegularExpressions;

namespace QMoi.Fixers.Docker;

/// <summary>
/// Findings of hadolint that one small edit settles: a flag that is missing, a command of apt, ADD for COPY, words for the JSON form, caches that stay in the image.
/// Unsafe for the others (versions to be pinned, users, shells: decisions), and for findings of ShellCheck.
/// </summary>
public sealed partial class HadolintViolationFixer : IFixer
{
    private static readonly string[] Levels = ["style", "info", "warning", "error"];

    public string FailureId => "hadolint-violation";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var threshold = await ThresholdAsync(diagnosis, checkout, cancellationToken);
        var failing = diagnosis with { Matches = [.. diagnosis.Matches.Where(match => Array.IndexOf(Levels, match.Captures.GetValueOrDefault("level") ?? "error") >= threshold)] };
        return await NamedPlaces.EditAsync(failing, checkout, Repair, files => $"Corrected what hadolint reports in {files}.", cancellationToken);
    }

    // What lies below does not fail the job.
    private static async Task<int> ThresholdAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var match = Threshold().Match(diagnosis.Job.FailedCommand ?? "");
        foreach (var name in (string[])[".hadolint.yaml", ".hadolint.yml"])
            if (!match.Success && await TextFile.ReadAsync(checkout, name, cancellationToken) is { } settings)
                match = settings.Lines.Select(line => Threshold().Match(line)).FirstOrDefault(found => found.Success) ?? match;
        return match.Success ? Math.Max(0, Array.IndexOf(Levels, match.Groups["level"].Value)) : 0;
    }

    private static string? Repair(NamedPlaces.Place place)
    {
        var rule = place.Capture("rule") ?? "";
        var isDone = rule switch
        {
            "DL3014" => Change(place, AptInstall(), " -y"),
            "DL3030" => Change(place, YumInstall(), " -y"),
            "DL3038" => Change(place, DnfInstall(), " -y"),
            "DL3019" => Change(place, ApkAdd(), " --no-cache"),
            "DL3042" => Change(place, PipInstall(), " --no-cache-dir"),
            "DL3027" => Replace(place, Apt(), "apt-get"),
            "DL3020" => Replace(place, Add(), "COPY"),
            "DL3009" => Append(place, "rm -rf /var/lib/apt/lists/*"),
            "DL3032" => Append(place, "yum clean all"),
            "DL3040" => Append(place, "dnf clean all"),
            "DL3060" => Append(place, "yarn cache clean"),
            "DL3025" => ToJson(place),
            "DL4000" => ToLabel(place),
            _ => false,
        };
        return isDone ? null : $"`{place.File.Path}`, line {place.Line}: {rule} is not repaired mechanically here";
    }

    // After the command, wherever the instruction has it without the flag.
    private static bool Change(NamedPlaces.Place place, Regex command, string flag)
    {
        var isDone = false;
        for (var number = place.Line; number <= Dockerfiles.EndOf(place.File, place.Line); number++)
        {
            if (place.File[number].TrimStart().StartsWith('#'))
                continue;
            foreach (var match in command.Matches(place.File[number]).Reverse())
            {
                if (place.File[number][match.Index..].Split(["&&", ";", "|"], StringSplitOptions.None)[0].Contains(flag, StringComparison.Ordinal))
                    continue;
                place.File[number] = place.File[number].Insert(match.Index + match.Length, flag);
                isDone = true;
            }
        }

        return isDone;
    }

    private static bool Replace(NamedPlaces.Place place, Regex wrong, string right)
    {
        var isDone = false;
        for (var number = place.Line; number <= Dockerfiles.EndOf(place.File, place.Line); number++)
        {
            foreach (var match in wrong.Matches(place.File[number]).Reverse())
            {
                var word = match.Groups["word"];
                place.File[number] = place.File[number].Remove(word.Index, word.Length).Insert(word.Index, char.IsAsciiLetterLower(word.Value[0]) ? right.ToLowerInvariant() : right);
                isDone = true;
            }
        }

        return isDone;
    }

    private static bool Append(NamedPlaces.Place place, string command)
    {
        var end = Dockerfiles.EndOf(place.File, place.Line);
        var text = place.File[end];
        if (text.Trim().Length == 0 || text.Contains('#', StringComparison.Ordinal) || place.Text.Contains("<<", StringComparison.Ordinal) || !Run().IsMatch(place.Text) || place.Text.TrimStart()[3..].TrimStart().StartsWith('['))
            return false;
        if (end == place.Line)
        {
            place.File[end] = $"{text.TrimEnd()} && {command}";
            return true;
        }

        place.File[end] = text.TrimEnd() + " \\";
        place.File.Insert(end + 1, $"{place.File.Indent(end)}&& {command}");
        return true;
    }

    // Only words that the shell would pass on as they are.
    private static bool ToJson(NamedPlaces.Place place)
    {
        if (PlainWords().Match(place.Text) is not { Success: true } match)
            return false;
        var words = match.Groups["words"].Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        place.File[place.Line] = $"{match.Groups["instruction"].Value} [{string.Join(", ", words.Select(word => $"\"{word}\""))}]";
        return true;
    }

    private static bool ToLabel(NamedPlaces.Place place)
    {
        if (Maintainer().Match(place.Text) is not { Success: true } match)
            return false;
        place.File[place.Line] = $"LABEL maintainer=\"{match.Groups["name"].Value}\"";
        return true;
    }

    [GeneratedRegex("""failure-threshold[=:\s]+["']?(?<level>error|warning|info|style)""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Threshold();

    [GeneratedRegex(@"\bapt-get\s+(?:-\S+\s+)*install\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex AptInstall();

    [GeneratedRegex(@"\byum\s+(?:local)?install\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex YumInstall();

    [GeneratedRegex(@"\bdnf\s+install\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DnfInstall();

    [GeneratedRegex(@"\bapk\s+(?:--update\s+)?add\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ApkAdd();

    [GeneratedRegex(@"\bpip3?\s+install\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PipInstall();

    [GeneratedRegex(@"(?:^|[\s;&])(?<word>apt)\s+(?=(?:-\S+\s+)*(?:install|update|upgrade|remove|clean|purge|autoremove)\b)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Apt();

    [GeneratedRegex(@"^\s*(?<word>ADD|add)\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Add();

    [GeneratedRegex(@"^\s*RUN\s", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Run();

    [GeneratedRegex(@"^(?<instruction>\s*(?:CMD|ENTRYPOINT))\s+(?<words>[\w./:=@,+-]+(?:[ \t]+[\w./:=@,+-]+)*)\s*$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex PlainWords();

    [GeneratedRegex("""^\s*MAINTAINER\s+["']?(?<name>[^"'$\\]+?)["']?\s*$""", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Maintainer();
}
