using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Ci;

/// <summary>The version of a toolchain in a CI file: in the names of images and the inputs of set-up actions.</summary>
internal static class CiToolchain
{
    /// <summary>Raises the version wherever the file names it, if it names one only and that is too low.</summary>
    /// <param name="pattern">Finds the places; its group <c>version</c> is replaced. What it finds with a group <c>fixed</c> cannot be raised.</param>
    /// <param name="name">Of the toolchain, for people.</param>
    public static async Task<FixResult> RaiseAsync(Diagnosis diagnosis, ICheckout checkout, Regex pattern, string name, decimal wanted, string text, CancellationToken cancellationToken)
    {
        var path = diagnosis.Job.CiFile ?? ".gitlab-ci.yml";
        if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file)
            return new FixResult.Declined($"`{path}`, which says what the job runs in, is not there");
        var found = new List<(int Line, Group Version)>();
        for (var number = 1; number <= file.Count; number++)
        {
            if (file[number].TrimStart().StartsWith('#'))
                continue;
            foreach (Match match in pattern.Matches(file[number]))
            {
                if (match.Groups["fixed"].Success)
                    return new FixResult.Declined($"`{path}`, line {number}, names the version of {name} in a way that is not raised mechanically");
                found.Add((number, match.Groups["version"]));
            }
        }

        var versions = found.Select(place => place.Version.Value).Distinct(StringComparer.Ordinal).ToList();
        if (versions is not [var version] || !decimal.TryParse(version, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var have))
            return new FixResult.Declined(versions.Count == 0 ? $"`{path}` does not name the version of {name} that the job runs" : $"`{path}` names more than one version of {name}");
        if (have >= wanted)
            return new FixResult.Declined($"`{path}` names {name} {version} already, which is not too low");
        foreach (var (line, place) in Enumerable.Reverse(found))
            file[line] = file[line].Remove(place.Index, place.Length).Insert(place.Index, text);
        return new FixResult.Fixed(new Patch([file.ToEdit()]), $"Raised {name} from {version} to {text} in `{path}`.");
    }
}
