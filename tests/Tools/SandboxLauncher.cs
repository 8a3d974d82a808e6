using System.Runtime.CompilerServices;
using QMoi.Handlers.Tools;

namespace QMoi.Tests.Tools;

/// <summary>Lets this very test program serve as the launcher inside a sandbox, as the bot's own executable does.</summary>
internal static class SandboxLauncher
{
    public static IReadOnlyList<string> Command => [Path.ChangeExtension(typeof(SandboxLauncher).Assembly.Location, null)];

    [ModuleInitializer]
    internal static void Serve()
    {
        // Before any test framework: a module initializer runs when the program starts.
        var exitCode = SandboxCommands.RunAsync([.. Environment.GetCommandLineArgs().Skip(1)], CancellationToken.None).GetAwaiter().GetResult();
        if (exitCode is { } code) Environment.Exit(code);
    }
}
