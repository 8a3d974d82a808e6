using System.CommandLine;
using System.CommandLine.Parsing;
using QMoi.Functions.Settings;
using QMoi.Functions.Stores;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.Commands;

/// <summary>The commands of <c>qmoi</c>, and how each of them ends.</summary>
internal static class CommandLine
{
    /// <summary>After SIGTERM what is in hand may finish for so long; what does not is taken up at the next start.</summary>
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(string[] arguments)
    {
        // What the sandbox starts inside itself is this program again, before anything else is set up.
        if (await SandboxCommands.RunAsync(arguments, CancellationToken.None) is { } inside)
            return inside;

        var root = new RootCommand("QMoi repairs failed CI pipelines on GitLab and GitHub.")
        {
            ServeCommand.Create(), DemoCommand.Create(), SimCommand.Create(), DiagnoseCommand.Create(), FixCommand.Create(),
            ReplayCommand.Create(), DeliveriesCommand.Create(), InstallCommand.Create(), DoctorCommand.Create(), CatalogCommand.Create(), AdminCommand.Create(),
        };
        root.SetAction(_ => root.Parse(["--help"]).Invoke());
        // Examples belong to a command's own help, not to the list of all commands.
        if (root.Subcommands.FirstOrDefault(command => arguments.Length > 0 && command.Name == arguments[0]) is { } chosen && Examples.TryGetValue(chosen, out var examples))
            chosen.Description += $"\n\nExamples:\n{string.Join('\n', examples.Select(example => "  " + example))}";
        var parsed = root.Parse(arguments);
        if (parsed.Errors is [var error, ..])
        {
            await Terminal.Error.WriteLineAsync($"qmoi: {string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))} See '{WayTo(parsed.CommandResult)} --help'.");
            return ExitCode.WrongUse;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = DrainLimit });
        }
        catch (CommandException ended)
        {
            return await EndAsync(ended.ExitCode, ended.Message);
        }
        catch (SettingsException wrong)
        {
            return await EndAsync(ExitCode.WrongUse, wrong.Message);
        }
        catch (StoreUnusableException unusable)
        {
            return await EndAsync(ExitCode.WrongUse, unusable.Message);
        }
        catch (StoreUnavailableException unavailable)
        {
            return await EndAsync(ExitCode.Failed, unavailable.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    private static string WayTo(CommandResult chosen) => chosen.Parent is CommandResult above ? $"{WayTo(above)} {chosen.Command.Name}" : "qmoi";

    private static readonly Dictionary<Command, string[]> Examples = [];

    /// <summary>A command with its examples below the description in its <c>--help</c>.</summary>
    public static Command Command(string name, string description, params string[] examples)
    {
        var command = new Command(name, description);
        Examples[command] = examples;
        return command;
    }

    public static Option<string?> DataOption() => new("--data") { Description = "Data folder (default ./data, or QMOI__Data)", HelpName = "DIR" };

    public static Option<bool> JsonOption() => new("--json") { Description = "Write JSON to standard output" };

    /// <summary>Addresses to listen on: plain http, nothing after the port. TLS is the business of the proxy in front.</summary>
    public static void AcceptOnlyHttp(Option<string> option) => option.Validators.Add(result =>
    {
        var urls = result.GetValueOrDefault<string>();
        if (!urls.Split(';').All(url => Uri.TryCreate(url.Replace("*", "any", StringComparison.Ordinal).Replace("+", "any", StringComparison.Ordinal), UriKind.Absolute, out var uri)
            && uri is { Scheme: "http", PathAndQuery: "/", Fragment: "", UserInfo: "" }))
            result.AddError($"{option.Name}: '{urls}' cannot be listened on; wanted is http://ADDRESS:PORT such as http://127.0.0.1:8080.");
    });

    public static BotSettings Settings(string? dataFolder) => SettingsReader.Read(Environment.GetEnvironmentVariables(), dataFolder, AppContext.BaseDirectory);

    private static async Task<int> EndAsync(int exitCode, string message)
    {
        await Terminal.Error.WriteLineAsync("qmoi: " + message.ReplaceLineEndings(" "));
        return exitCode;
    }
}
