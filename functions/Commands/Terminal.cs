#pragma warning disable RS0030 // The one place that writes to the terminal.
using Spectre.Console;

namespace QMoi.Functions.Commands;

/// <summary>Standard output is for results, standard error for everything else.</summary>
internal static class Terminal
{
    public static TextWriter Out => Console.Out;
    public static TextWriter Error => Console.Error;

    public static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>For people, on standard error or standard output; without colour where it is not a terminal.</summary>
    public static IAnsiConsole Rich(bool onStandardError)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(onStandardError ? Console.Error : Console.Out) });
        if (onStandardError ? Console.IsErrorRedirected : Console.IsOutputRedirected)
            console.Profile.Width = 180;
        return console;
    }
}
