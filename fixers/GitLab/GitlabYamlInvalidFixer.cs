using System.Globalization;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.GitLab;

/// <summary>Makes a .gitlab-ci.yml valid YAML again where one small edit does, and the result is a CI file that makes sense; declines where none or more than one does.</summary>
public sealed class GitlabYamlInvalidFixer : IFixer
{
    public string FailureId => "gitlab-yaml-invalid";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var path = diagnosis.Captures.GetValueOrDefault("file") is { } named && await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is { } found ? found : diagnosis.Job.CiFile ?? ".gitlab-ci.yml";
        if (await checkout.ReadAsync(path, cancellationToken) is not { } file)
            return new FixResult.Declined($"there is no `{path}`");
        return YamlRepair.Repair(file, int.TryParse(diagnosis.Captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line) ? line : null);
    }
}
