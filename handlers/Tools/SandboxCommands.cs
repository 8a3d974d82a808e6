namespace QMoi.Handlers.Tools;

/// <summary>The commands by which this program serves inside its own sandboxes. Nobody types them; the program's entry point asks here before anything else.</summary>
public static class SandboxCommands
{
    /// <summary>The exit code where the first argument is such a command; <c>null</c>, at once, where it is not.</summary>
    public static async Task<int?> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => arguments switch
    {
        [ToolForward.Verb, ..] => await ToolForward.RunAsync([.. arguments.Skip(1)], cancellationToken),
        [ToolEnter.Verb, ..] => ToolEnter.Run([.. arguments.Skip(1)]),
        _ => null,
    };
}
