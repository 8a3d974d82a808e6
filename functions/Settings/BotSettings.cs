using QMoi.Forges;
using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;
using QMoi.Handlers.Tools;

namespace QMoi.Functions.Settings;

/// <summary>Everything an admin may set, checked before a port opens.</summary>
public sealed record BotSettings
{
    /// <summary>Database, logs and <c>qmoi.json</c> live here. Default <c>./data</c>.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>Folder of further catalogue files. Default <c>catalogue</c> in the data folder; it need not exist.</summary>
    public string? CatalogueFolder { get; init; }

    public GitHubSettings GitHub { get; init; } = new(new Uri("https://api.github.com"));
    public GitLabSettings GitLab { get; init; } = new(new Uri("https://gitlab.com/api/v4"));
    public WebhookSecrets GitHubSecrets { get; init; } = new([], []);
    public WebhookSecrets GitLabSecrets { get; init; } = new([], []);
    public RepairSettings Repair { get; init; } = new();
    public SandboxSettings Sandbox { get; init; } = new();
    public WorkSettings Work { get; init; } = new();
    public TelemetrySettings Telemetry { get; init; } = new();

    /// <summary>How <c>qmoi serve</c> writes its log to standard error.</summary>
    public ConsoleLog ConsoleLog { get; init; }

    public SweepSettings Sweep { get; init; } = new();

    /// <summary>Let in to <c>/api/qmoi/</c>; one, or two while it is being changed. Secret. Empty: it answers on loopback only.</summary>
    public IReadOnlyList<string> AdminTokens { get; init; } = [];

    /// <summary>The PostgreSQL database that several processes share, as <c>DATABASE_URL</c> names it; <c>null</c>: SQLite in the data folder. Secret.</summary>
    public string? DatabaseUrl { get; init; }

    /// <summary>Keys of 32 bytes that stored deliveries are encrypted with: the first encrypts, a second one is being replaced by it. Secret. Empty: they are stored as they came.</summary>
    public IReadOnlyList<byte[]> EncryptionKeys { get; init; } = [];

    /// <summary>Where the key lies that credentials in the store are encrypted with while <see cref="EncryptionKeys"/> is empty; <c>null</c>: the user has no folder for it.</summary>
    public string? KeyFolder { get; init; } =
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } folder ? Path.Combine(folder, "qmoi") : null;

    /// <summary>For what repositories run: it sees nothing of the bot's own.</summary>
    public SandboxSettings SandboxWithoutSecrets => Sandbox with { HiddenFolders = [DataFolder, .. KeyFolder is null ? [] : new[] { KeyFolder }, .. Sandbox.HiddenFolders] };

    /// <summary>So long finished deliveries are kept; <c>null</c>: for ever. Default 30 days, at least 8: until then the forge may send one again (GitLab for 7 days), and it must be known.</summary>
    public TimeSpan? KeepDeliveries { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Longest time to store a delivery and answer. Default 5 s, 1 s to 9 s: forges give up after 10 s.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

public sealed record WorkSettings
{
    /// <summary>Deliveries worked at the same time, of different repositories. Default: four a core, since most of the time is waiting for a forge; 1 to 64.</summary>
    public int Workers { get; init; } = Math.Clamp(4 * Environment.ProcessorCount, 4, 64);

    /// <summary>A delivery that takes longer is cut and tried again. Default 15 minutes, 10 s to 2 h.</summary>
    public TimeSpan HandlerTimeout { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>Where traces and metrics go.</summary>
public sealed record TelemetrySettings
{
    /// <summary>A collector that speaks OTLP; <c>null</c>: nothing is recorded and nothing is sent.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>How it is spoken to; <c>null</c>: gRPC on port 4317, which is its port everywhere, HTTP on all others.</summary>
    public OtlpProtocol? OtlpProtocol { get; init; }

    /// <summary>Under which name the bot shows up there. Default <c>qmoi</c>.</summary>
    public string ServiceName { get; init; } = "qmoi";

    public bool IsGrpc(Uri endpoint) => OtlpProtocol is { } chosen ? chosen == Settings.OtlpProtocol.Grpc : endpoint.Port == 4317;
}

public enum OtlpProtocol { Grpc, HttpProtobuf }

public enum ConsoleLog
{
    /// <summary>Text on a terminal, JSON elsewhere.</summary>
    Auto,
    Text,
    Json,
}

public sealed record SweepSettings
{
    /// <summary>How often missed deliveries are looked for. Default 5 minutes, 1 minute to 1 hour; with more than 15 a webhook that GitLab has switched off is told later than promised.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>A setting that cannot be used; the message names it, its value (never a secret's) and the valid range.</summary>
public class SettingsException(string message) : Exception(message);

/// <summary>A settings file is not JSON: half written, or half edited. Line and position (in bytes) count from 1.</summary>
public sealed class BrokenSettingsFileException(string file, long line, long position, string reason)
    : SettingsException($"{file} is not valid JSON at line {line}, position {position}: {reason}")
{
    public string File { get; } = file;
    public long Line { get; } = line;
    public long Position { get; } = position;
}
