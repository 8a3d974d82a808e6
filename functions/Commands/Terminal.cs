#pragma warning disable RS0030 // The one place that writes to the terminal.
using Spectre.Console;

namespace QMoi.Functions.Commands;

/// <summary>Standard output is for results, standard error for everything else.</summary>
internal static class Terminal
{
    public static TextWriter Out => Console.Out;
    public static TextWriter Error => Console.Error;

    /// <summary>Standard error goes to a file or another program, not to a person.</summary>
    public static bool IsErrorRedirected => Console.IsErrorRedirected;

    public static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>For people, on standard error or standard output; without colour where it is not a terminal.</summary>
    public static IAnsiConsole Rich(bool onStandardError)
    {
        var isRedirected = onStandardError ? Console.IsErrorRedirected : Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(onStandardError ? Console.Error : Console.Out),
        });
        if (isRedirected)
            console.Profile.Width = 200;
        return console;
    }
}
