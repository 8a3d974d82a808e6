namespace QMoi.Fixers.Go;

/// <summary>Lets go write go.mod and go.sum, and the vendor folder where there is one.</summary>
internal static class GoModTidy
{
    public static async Task<FixResult> RunAsync(Diagnosis diagnosis, ICheckout checkout, string? folder, CancellationToken cancellationToken)
    {
        if ((folder ?? await GoFolders.FindAsync(diagnosis, checkout, cancellationToken)) is not { } module)
            return new FixResult.Declined("there is not exactly one go.mod that the command can have meant");
        string Inside(string path) => CheckoutPaths.Join(module, path);
        if (await checkout.ReadAsync(Inside("go.mod"), cancellationToken) is null)
            return new FixResult.Declined($"`{Inside("go.mod")}` is not a file of the repository");
        List<ToolCommand> commands = [new ToolCommand(["go", "mod", "tidy"], NeedsRegistry: true)];
        List<string> mayChange = [Inside("go.mod"), Inside("go.sum")];
        if (await checkout.ReadAsync(Inside("vendor/modules.txt"), cancellationToken) is not null)
        {
            commands.Add(new ToolCommand(["go", "mod", "vendor"], NeedsRegistry: true));
            mayChange.Add(Inside("vendor/**"));
        }

        return new FixResult.NeedsTool(new ToolRun(commands, module, $"Ran `go mod tidy` on `{Inside("go.mod")}`."), mayChange);
    }
}
