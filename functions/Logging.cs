using System.Globalization;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Filters;

namespace QMoi.Functions;

/// <summary>Where the program's own log goes: standard error, and in the data folder <c>logs/qmoi.log</c>, <c>error.log</c> (daily, 14 kept) and <c>audit.log</c> (monthly, all kept).</summary>
internal static class Logging
{
    /// <summary>The category of what people did; see <see cref="Control.AuditChain"/>.</summary>
    public const string Audit = "QMoi.Audit";

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
            .WriteTo.Logger(console => console.Filter.ByExcluding(Matching.FromSource(Audit)).WriteTo.Console(LogEventLevel.Information, "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}", CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose))
            .WriteTo.Async(file => file.File(Path.Combine(logs, "qmoi.log"), LogEventLevel.Debug, Line, CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: 256 << 20, rollOnFileSizeLimit: true))
            .WriteTo.Async(file => file.File(Path.Combine(logs, "error.log"), LogEventLevel.Error, Line, CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14))
            .WriteTo.Logger(audit => audit.Filter.ByIncludingOnly(Matching.FromSource(Audit)).WriteTo.File(
                Path.Combine(logs, "audit.log"), outputTemplate: "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Message:lj}{NewLine}", formatProvider: CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Month, retainedFileCountLimit: null))
            .CreateLogger();
        return new SerilogLoggerFactory(logger, dispose: true);
    }
}
