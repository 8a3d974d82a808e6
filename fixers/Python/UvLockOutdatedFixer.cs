using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Python;

/// <summary>Lets uv bring uv.lock in line with pyproject.toml; locked versions stay where they still fit.</summary>
public sealed class UvLockOutdatedFixer : IFixer
{
    public string FailureId => "uv-lock-outdated";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var isMissing = diagnosis.Matches.Any(match => match.Text.Contains("Unable to find lockfile", StringComparison.Ordinal));
        if (await ProjectFolder.FindAsync(diagnosis, checkout, isMissing ? ["pyproject.toml"] : ["pyproject.toml", "uv.lock"], cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with pyproject.toml and uv.lock that the command can have meant");
        var path = CheckoutPaths.Join(folder, "uv.lock");
        return new FixResult.NeedsTool(
            new ToolRun([new ToolCommand(["uv", "lock"], NeedsRegistry: true)], folder, isMissing ? $"Wrote `{path}`." : $"Brought `{path}` in line with pyproject.toml."), [path]);
    }
}
