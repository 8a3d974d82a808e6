using QMoi.Functions.Settings;
using QMoi.Functions.Telemetry;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Filters;

namespace QMoi.Functions;

/// <summary>
/// Where the program's own log goes: standard error, and in the data folder <c>logs/qmoi.log</c>, <c>error.log</c> (daily, 14 kept), <c>audit.log</c> (monthly, all kept) and
/// <c>notification.log</c> (daily, 90 kept). A file is there from its first entry on.
/// </summary>
public static class Logging
{
    /// <summary>The category of what people did; see <see cref="Control.AuditChain"/>.</summary>
    public const string Audit = "QMoi.Audit";

    /// <summary>The category of what people were told.</summary>
    public const string Notification = "QMoi.Notification";

    private const long LargestFile = 256 << 20;

    /// <param name="console">Commands that people type take <see cref="ConsoleLog.Text"/>.</param>
    public static ILoggerFactory Create(BotSettings settings, ConsoleLog console)
    {
        var logs = Path.Combine(settings.DataFolder, "logs");
        var clean = LogGate.Of(settings);
        var line = new LogLine(clean, "yyyy-MM-ddTHH:mm:ss.fffzzz", hasIds: true);
        var isJson = console == ConsoleLog.Json || (console == ConsoleLog.Auto && Commands.Terminal.IsErrorRedirected);
        Serilog.Formatting.ITextFormatter shown = isJson ? new LogJson(clean) : new LogLine(clean, "HH:mm:ss", hasIds: false);
        var logger = new LoggerConfiguration()
            .MinimumLevel.Debug()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            // Says once more, with its stack, what the exception that follows says.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting", LogEventLevel.Fatal)
            .Enrich.FromLogContext()
            .WriteTo.Logger(other => other.Filter.ByExcluding(Matching.FromSource(Audit)).Filter.ByExcluding(Matching.FromSource(Notification))
                .WriteTo.Console(shown, LogEventLevel.Information, standardErrorFromLevel: LogEventLevel.Verbose))
            .WriteTo.Async(file => file.File(line, Path.Combine(logs, "qmoi.log"), LogEventLevel.Debug, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: LargestFile, rollOnFileSizeLimit: true))
            .WriteTo.Async(file => file.File(line, Path.Combine(logs, "error.log"), LogEventLevel.Error, rollingInterval: RollingInterval.Day, retainedFileCountLimit: 14, fileSizeLimitBytes: LargestFile, rollOnFileSizeLimit: true))
            .WriteTo.Logger(audit => audit.Filter.ByIncludingOnly(Matching.FromSource(Audit))
                .WriteTo.File(new AuditLine(clean), Path.Combine(logs, "audit.log"), rollingInterval: RollingInterval.Month, retainedFileCountLimit: null))
            .WriteTo.Logger(told => told.Filter.ByIncludingOnly(Matching.FromSource(Notification))
                .WriteTo.File(line, Path.Combine(logs, "notification.log"), rollingInterval: RollingInterval.Day, retainedFileCountLimit: 90, fileSizeLimitBytes: LargestFile, rollOnFileSizeLimit: true))
            .CreateLogger();
        return new SerilogLoggerFactory(logger, dispose: true);
    }
}
