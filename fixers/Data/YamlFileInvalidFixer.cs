using System.Globalization;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Data;

/// <summary>Makes a YAML file valid again where one small edit does, and only one. Declines templates that are YAML only after they were filled in.</summary>
public sealed class YamlFileInvalidFixer : IFixer
{
    public string FailureId => "yaml-file-invalid";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var broken = await BrokenFiles.FindAsync(
            diagnosis, checkout, path => path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase), file => !YamlRepair.IsValid(file.Content), cancellationToken);
        if (broken is not [var file])
            return new FixResult.Declined(broken.Count == 0 ? "every YAML file of the repository is valid as far as can be told" : $"{broken.Count} YAML files are not valid");
        var line = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("line")).LastOrDefault(one => one is not null);
        return YamlRepair.Repair(file, int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null);
    }
}
