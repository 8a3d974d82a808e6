using QMoi.Fixers.Policy;

namespace QMoi.Fixers.Ruby;

/// <summary>Lets Bundler bring Gemfile.lock in line with the Gemfile; locked versions stay where they still fit.</summary>
public sealed class BundlerFrozenFixer : IFixer
{
    public string FailureId => "bundler-frozen";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (await ProjectFolder.FindAsync(diagnosis, checkout, ["Gemfile", "Gemfile.lock"], cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one folder with Gemfile and Gemfile.lock that the command can have meant");
        var path = CheckoutPaths.Join(folder, "Gemfile.lock");
        return new FixResult.NeedsTool(new ToolRun([new ToolCommand(["bundle", "lock"], NeedsRegistry: true)], folder, $"Brought `{path}` in line with the Gemfile."), [path]);
    }
}
