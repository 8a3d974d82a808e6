using System.Globalization;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;

namespace QMoi.Functions;

/// <summary>Where the program's own log goes: standard error, and <c>logs/qmoi.log</c> and <c>logs/error.log</c> in the data folder (daily, 14 kept).</summary>
internal static class Logging
{
    private const string Line = "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Delivery} {Lane} {Message:lj}{NewLine}{Exception}";

    public static ILoggerFactory Create(string dataFolder)
    {
        var logs = Path.Combine(dataFolder, "logs");
        var logger = new LoggerConfiguration()
            .MinimumLevel.Debug()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            // Says once more, with its stack, what the exception that follows says.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal)
            .Enrich.FromLogContext()
            .WriteTo.Console(LogEventLevel.Information, "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}", CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose)
            .WriteTo.Async(file => file.File(Path.Combine(logs, "qmoi.log"), LogEventLevel.Debug, Line, CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: 256 << 20, rollOnFileSizeLimit: true))
            .WriteTo.Async(file => file.File(Path.Combine(logs, "error.log"), LogEventLevel.Error, Line, CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14))
            .CreateLogger();
        return new SerilogLoggerFactory(logger, dispose: true);
    }
}
