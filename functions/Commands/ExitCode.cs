namespace QMoi.Functions.Commands;

/// <summary>What every command ends with.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUse = 2;
    public const int Declined = 3;
    public const int NotFound = 4;
    public const int Retry = 10;
    public const int Interrupted = 130;
}

/// <summary>Ends a command with one line on standard error and this code.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
