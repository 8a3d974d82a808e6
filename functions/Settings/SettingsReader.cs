using System.Collections;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using QMoi.Fixers;
using QMoi.Functions.Stores.Postgres;
using QMoi.Handlers.Events;
using QMoi.Handlers.Repair;

namespace QMoi.Functions.Settings;

/// <summary>
/// Reads settings in this order, the later one wins: <c>appsettings.json</c> beside the program, <c>qmoi.json</c> in the data folder, environment variables
/// <c>QMOI__Section__Key</c>, and the plain names that people already have (<c>GITLAB_TOKEN</c>).
/// </summary>
public static class SettingsReader
{
    private const int MinSecretLength = 16;

    private delegate BotSettings Apply(BotSettings settings, string value);

    private sealed record Setting(string Key, string? PlainName, bool IsSecret, string Range, Apply Apply);

    private static readonly IReadOnlyList<Setting> Known =
    [
        new("Data", null, false, "a folder", (s, v) => s with { DataFolder = NotEmpty(v) }),
        new("Catalogue", null, false, "a folder", (s, v) => s with { CatalogueFolder = NotEmpty(v) }),
        new("GitHub:ApiUrl", "GITHUB_API_URL", false, "an http(s) URL", (s, v) => s with { GitHub = s.GitHub with { ApiUrl = Url(v) } }),
        new("GitHub:Token", "GITHUB_TOKEN", true, "a token without spaces", (s, v) => s with { GitHub = s.GitHub with { Token = Token(v) } }),
        new("GitHub:AppId", "GITHUB_APP_ID", false, "a whole number above 0", (s, v) => s with { GitHub = s.GitHub with { AppId = Whole(v, 1, long.MaxValue) } }),
        new("GitHub:AppPrivateKey", "GITHUB_APP_PRIVATE_KEY", true, "an RSA key in PEM form", (s, v) => s with { GitHub = s.GitHub with { PrivateKeyPem = Pem(v) } }),
        new("GitHub:AppPrivateKeyPath", "GITHUB_APP_PRIVATE_KEY_PATH", false, "a file that holds an RSA key in PEM form", (s, v) => s with { GitHub = s.GitHub with { PrivateKeyPem = Pem(File.ReadAllText(v)) } }),
        new("GitHub:WebhookSecret", "GITHUB_WEBHOOK_SECRET", true, $"one or two secrets of at least {MinSecretLength} characters, separated by a comma", (s, v) => s with { GitHubSecrets = s.GitHubSecrets with { Secrets = Secrets(v) } }),
        new("GitLab:ApiUrl", "GITLAB_API_URL", false, "an http(s) URL", (s, v) => s with { GitLab = s.GitLab with { ApiUrl = Url(v) } }),
        new("GitLab:Token", "GITLAB_TOKEN", true, "a token without spaces", (s, v) => s with { GitLab = s.GitLab with { Token = Token(v) } }),
        new("GitLab:WebhookSecret", "GITLAB_WEBHOOK_SECRET", true, $"one or two secrets of at least {MinSecretLength} characters, separated by a comma", (s, v) => s with { GitLabSecrets = s.GitLabSecrets with { Secrets = Secrets(v) } }),
        new("GitLab:WebhookSigningToken", "GITLAB_WEBHOOK_SIGNING_TOKEN", true, "one or two of whsec_ and base64 of 32 bytes, separated by a comma", (s, v) => s with { GitLabSecrets = s.GitLabSecrets with { SigningTokens = SigningTokens(v) } }),
        new("Repair:MaxAttempts", null, false, "1 to 2", (s, v) => s with { Repair = s.Repair with { MaxAttempts = (int)Whole(v, 1, 2) } }),
        new("Repair:MaxRetries", null, false, "0 to 3", (s, v) => s with { Repair = s.Repair with { MaxRetries = (int)Whole(v, 0, 3) } }),
        new("Repair:MaxRetriesPerDay", null, false, "0 to 10000", (s, v) => s with { Repair = s.Repair with { MaxRetriesPerDay = (int)Whole(v, 0, 10_000) } }),
        new("Repair:MaxRetryWait", null, false, "00:00:00 to 02:00:00", (s, v) => s with { Repair = s.Repair with { MaxRetryWait = Time(v, TimeSpan.Zero, TimeSpan.FromHours(2)) } }),
        new("Repair:IncidentRepositories", null, false, "2 to 1000", (s, v) => s with { Repair = s.Repair with { IncidentRepositories = (int)Whole(v, 2, 1000) } }),
        new("Repair:Verify", null, false, "needed, always or never", (s, v) => s with { Repair = s.Repair with { Verify = OneOf<VerifyMode>(v) } }),
        new("Repair:MinConfidence", null, false, "0 to 1", (s, v) => s with { Repair = s.Repair with { MinConfidence = Number(v, 0, 1) } }),
        new("Repair:MaxJobsPerPipeline", null, false, "1 to 50", (s, v) => s with { Repair = s.Repair with { MaxJobsPerPipeline = (int)Whole(v, 1, 50) } }),
        new("Receive:ReplyTimeout", null, false, "00:00:01 to 00:00:09", (s, v) => s with { ReplyTimeout = Time(v, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)) }),
        new("Api:AdminToken", "QMOI_ADMIN_TOKEN", true, $"one or two tokens of at least {MinSecretLength} characters, separated by a comma", (s, v) => s with { AdminTokens = Secrets(v) }),
        new("Store:DatabaseUrl", "DATABASE_URL", true, PostgresUrl.Wanted, (s, v) => s with { DatabaseUrl = Database(v) }),
        new("Store:EncryptionKey", "QMOI_ENCRYPTION_KEY", true, "one or two keys, each base64 of 32 bytes (openssl rand -base64 32), separated by a comma", (s, v) => s with { EncryptionKeys = Keys32(v) }),
        new("Store:KeyFolder", null, false, "a folder of its own, outside the data folder", (s, v) => s with { KeyFolder = Path.GetFullPath(NotEmpty(v)) }),
        new("Store:KeepDays", null, false, "0 (for ever) or 8 to 3650", (s, v) => s with { KeepDeliveries = v.Trim() == "0" ? null : TimeSpan.FromDays(Whole(v, 8, 3650)) }),
        new("Work:Workers", null, false, "1 to 64", (s, v) => s with { Work = s.Work with { Workers = (int)Whole(v, 1, 64) } }),
        new("Work:HandlerTimeout", null, false, "00:00:10 to 02:00:00", (s, v) => s with { Work = s.Work with { HandlerTimeout = Time(v, TimeSpan.FromSeconds(10), TimeSpan.FromHours(2)) } }),
        new("Telemetry:OtlpEndpoint", "OTEL_EXPORTER_OTLP_ENDPOINT", false, "an http(s) URL", (s, v) => s with { Telemetry = s.Telemetry with { OtlpEndpoint = Url(v) } }),
        new("Telemetry:OtlpProtocol", "OTEL_EXPORTER_OTLP_PROTOCOL", false, "grpc or http/protobuf", (s, v) => s with { Telemetry = s.Telemetry with { OtlpProtocol = Otlp(v) } }),
        new("Telemetry:ServiceName", "OTEL_SERVICE_NAME", false, "1 to 100 letters, digits and . _ -", (s, v) => s with { Telemetry = s.Telemetry with { ServiceName = Name(v) } }),
        new("Log:Console", null, false, "auto, text or json", (s, v) => s with { ConsoleLog = OneOf<ConsoleLog>(v) }),
        new("Sweep:Every", null, false, "00:01:00 to 01:00:00", (s, v) => s with { Sweep = s.Sweep with { Every = Time(v, TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)) } }),
        new("Sandbox:Registries", null, false, "host or host:port, separated by commas; empty for none", (s, v) => s with { Sandbox = s.Sandbox with { Registries = Hosts(v) } }),
    ];

    /// <summary>Every key that can be set, with its plain name where it has one.</summary>
    public static IEnumerable<(string Key, string? PlainName, string Range)> Keys => Known.Select(setting => (setting.Key, setting.PlainName, setting.Range));

    /// <param name="dataFolder">From the command line; wins over everything.</param>
    /// <exception cref="SettingsException">An unknown key or a value out of range.</exception>
    public static BotSettings Read(IDictionary environment, string? dataFolder, string programFolder) => Read(environment, dataFolder, programFolder, FromDisk);

    /// <param name="readOwn">Given the path of <c>qmoi.json</c>, its bytes; <c>null</c> where there is none.</param>
    /// <exception cref="BrokenSettingsFileException">A file is not JSON.</exception>
    internal static BotSettings Read(IDictionary environment, string? dataFolder, string programFolder, Func<string, byte[]?> readOwn)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in environment)
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        if (dataFolder is not null && dataFolder.Trim().Length == 0)
            throw new SettingsException("--data: '' is not valid; wanted: a folder.");
        var settings = new BotSettings();
        var shipped = FromFile(Path.Combine(programFolder, "appsettings.json"), FromDisk);
        var data = dataFolder ?? variables.GetValueOrDefault("QMOI__Data") ?? shipped.GetValueOrDefault("Data") ?? settings.DataFolder;
        var own = Path.Combine(data, "qmoi.json");
        var fromOwn = FromFile(own, readOwn);
        if (fromOwn.ContainsKey("Data"))
            throw new SettingsException($"Data in {own} is not a setting there: the file lies in the data folder. Set it with --data or QMOI__Data.");
        var fromEnvironment = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in variables.Where(variable => variable.Key.StartsWith("QMOI__", StringComparison.Ordinal)))
            if (!fromEnvironment.TryAdd(name["QMOI__".Length..].Replace("__", ":", StringComparison.Ordinal), value))
                throw new SettingsException($"{name} is set twice in the environment, once in other letters; keep one of them.");

        foreach (var (source, values) in new[] { ("appsettings.json", shipped), (own, fromOwn), ("the environment", fromEnvironment) })
            foreach (var (key, value) in values)
                settings = Set(settings, Find(key, source), source == "the environment" ? "QMOI__" + key.Replace(":", "__", StringComparison.Ordinal) : $"{key} in {source}", value);
        foreach (var setting in Known.Where(setting => setting.PlainName is not null))
            if (variables.TryGetValue(setting.PlainName!, out var value) && value.Length > 0)
                settings = Set(settings, setting, setting.PlainName!, value);

        if (settings.GitHub is { AppId: not null, PrivateKeyPem: null })
            throw new SettingsException("GITHUB_APP_ID is set but GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_PATH is not; an App needs both.");
        if (settings.GitHub is { AppId: null, PrivateKeyPem: not null })
            throw new SettingsException("GITHUB_APP_PRIVATE_KEY or GITHUB_APP_PRIVATE_KEY_PATH is set but GITHUB_APP_ID is not; an App needs both.");
        return settings with { DataFolder = Path.GetFullPath(data), KeyFolder = KeyFolder(settings.KeyFolder, Path.GetFullPath(data)) };
    }

    /// <summary>A data folder that is the user's home holds the usual place: then there is none.</summary>
    private static string? KeyFolder(string? folder, string data) => folder is null || !IsWithin(data, folder) ? folder
        : folder == new BotSettings().KeyFolder ? null
        : throw new SettingsException($"Store:KeyFolder: '{Shown(folder)}' is not valid; wanted: a folder of its own, outside the data folder.");

    private static bool IsWithin(string folder, string path) =>
        Path.GetRelativePath(folder, path) is var way && !Path.IsPathRooted(way) && way != ".." && !way.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static BotSettings Set(BotSettings settings, Setting setting, string name, string value)
    {
        try
        {
            return setting.Apply(settings, value);
        }
        catch (Exception exception) when (exception is FormatException or OverflowException or ArgumentException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SettingsException($"{name}: {(setting.IsSecret ? "the value given" : $"'{Shown(value)}'")} is not valid; wanted: {setting.Range}.");
        }
    }

    private static Setting Find(string key, string source) =>
        Known.FirstOrDefault(setting => setting.Key.Equals(key, StringComparison.OrdinalIgnoreCase))
        ?? throw new SettingsException($"{key} in {source} is not a setting; did you mean {Spelling.Nearest(key, Known.Select(setting => setting.Key))}?");

    internal static byte[]? FromDisk(string file) => File.Exists(file) ? File.ReadAllBytes(file) : null;

    private static Dictionary<string, string> FromFile(string file, Func<string, byte[]?> read)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            if (read(file) is not { } bytes)
                return values;
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 8 });
            Flatten("", document.RootElement, values);
            return values;
        }
        catch (JsonException broken)
        {
            // The reader adds the place in its own words, counted from 0.
            var reason = broken.Message.Split(" LineNumber:", 2)[0];
            throw new BrokenSettingsFileException(file, (broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1, reason);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{file} cannot be read: {exception.Message}");
        }
    }

    private static void Flatten(string prefix, JsonElement element, Dictionary<string, string> values)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
                Flatten(prefix.Length == 0 ? property.Name : $"{prefix}:{property.Name}", property.Value, values);
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            values[prefix] = string.Join(',', element.EnumerateArray().Select(item => item.ToString()));
        }
        else
        {
            values[prefix] = element.ToString();
        }
    }

    private static string NotEmpty(string value) => value.Trim().Length > 0 ? value.Trim() : throw new FormatException();

    private static Uri Url(string value) =>
        Uri.TryCreate(value.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0 ? url : throw new FormatException();

    private static OtlpProtocol Otlp(string value) => value.Trim() switch { "grpc" => OtlpProtocol.Grpc, "http/protobuf" => OtlpProtocol.HttpProtobuf, _ => throw new FormatException() };

    private static string Name(string value) =>
        value.Trim() is { Length: > 0 and <= 100 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? name : throw new FormatException();

    private static string Token(string value) => value.Trim() is { Length: > 0 } token && !token.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) ? token : throw new FormatException();

    private static string Database(string value)
    {
        PostgresUrl.Parse(value);
        return value;
    }

    private static string Pem(string value)
    {
        var pem = value.Replace("\\n", "\n", StringComparison.Ordinal);
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        key.ExportParameters(includePrivateParameters: true);   // throws for a public key
        return pem;
    }

    private static string[] Hosts(string value)
    {
        var hosts = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return Array.TrueForAll(hosts, host => Uri.TryCreate($"https://{host}", UriKind.Absolute, out var url) && url is { PathAndQuery: "/", UserInfo: "", Fragment: "" } && !host.EndsWith('/'))
            ? hosts : throw new FormatException();
    }

    private static string[] Secrets(string value)
    {
        var secrets = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return secrets.Length is 1 or 2 && secrets.All(secret => secret.Length >= MinSecretLength) ? secrets : throw new FormatException();
    }

    private static string[] SigningTokens(string value)
    {
        var tokens = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return tokens.Length is 1 or 2 && tokens.All(token => token.StartsWith("whsec_", StringComparison.Ordinal) && Convert.FromBase64String(token["whsec_".Length..]).Length == 32)
            ? tokens : throw new FormatException();
    }

    private static byte[][] Keys32(string value)
    {
        byte[][] keys = [.. value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Convert.FromBase64String)];
        return keys.Length is 1 or 2 && Array.TrueForAll(keys, key => key.Length == 32) ? keys : throw new FormatException();
    }

    private static T OneOf<T>(string value) where T : struct, Enum => char.IsLetter(value.FirstOrDefault()) && Enum.TryParse<T>(value, ignoreCase: true, out var parsed) ? parsed : throw new FormatException();

    private static long Whole(string value, long min, long max) =>
        long.Parse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) is var number && number >= min && number <= max ? number : throw new FormatException();

    private static double Number(string value, double min, double max) =>
        double.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture) is var number && number >= min && number <= max ? number : throw new FormatException();

    private static TimeSpan Time(string value, TimeSpan min, TimeSpan max) =>
        TimeSpan.Parse(value, CultureInfo.InvariantCulture) is var time && time >= min && time <= max ? time : throw new FormatException();

    private static string Shown(string value) => new([.. value.Where(c => !char.IsControl(c)).Take(80)]);
}
