using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Npm;

namespace QMoi.Fixers.JavaScript;

/// <summary>Lets the project's own Biome apply its safe fixes and its format to the files that the log names. Unsafe fixes stay off.</summary>
public sealed partial class BiomeCheckFixer : IFixer
{
    public string FailureId => "biome-check";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var verb = diagnosis.Captures.GetValueOrDefault("verb") ?? Verb().Match(diagnosis.Job.FailedCommand ?? "").Groups["verb"].Value;
        var option = await IsOldAsync(diagnosis, checkout, cancellationToken) ? "--apply" : "--write";
        if (verb == "format")
            option = "--write";
        // Exit code 1: problems remain that have no safe fix. What was repaired is still right.
        return await JavaScriptTool.RunAsync("biome", [verb is "format" or "lint" ? verb : "check", option], files, [1], diagnosis, checkout, cancellationToken);
    }

    // Up to 1.7 the option was called --apply.
    private static async Task<bool> IsOldAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is { Package: var package } && Old().Match(package.RangeOf("@biomejs/biome") ?? "") is { Success: true } old
        && int.Parse(old.Groups["minor"].Value, CultureInfo.InvariantCulture) < 8 && !old.Value.StartsWith('^');

    [GeneratedRegex(@"\bbiome\s+(?<verb>check|ci|format|lint)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Verb();

    [GeneratedRegex(@"^[~^]?1\.(?<minor>\d{1,4})\.", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Old();
}
