using System.Text;

namespace QMoi.Handlers.Settings;

/// <summary>The repository's <c>.qmoi.yml</c>, read from the default branch only. Absent: everything here has its default.</summary>
public sealed record RepositorySettings
{
    public const string Path = ".qmoi.yml";

    private const int MaxBytes = 64 * 1024;

    public static RepositorySettings Default { get; } = new();

    public bool Enabled { get; init; } = true;

    /// <summary>Say what would be done, do nothing.</summary>
    public bool DryRun { get; init; }

    public RetryRules Retry { get; init; } = RetryRules.Default;

    public FixRules Fix { get; init; } = FixRules.Default;

    /// <summary>Why the file cannot be used, with line and remedy; <c>null</c> when it can. A file with a mistake means: explain only.</summary>
    public string? Problem { get; init; }

    /// <summary>Never throws: a file that cannot be understood gives <see cref="Problem"/>.</summary>
    public static RepositorySettings Parse(ReadOnlyMemory<byte>? file)
    {
        if (file is not { Length: > 0 } bytes)
            return Default;
        if (bytes.Length > MaxBytes)
            return Broken($"it has {bytes.Length} bytes; at most {MaxBytes} are read");
        try
        {
            var text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(bytes.Span).TrimStart('\uFEFF');
            // YAML ends at a NUL: what stands behind it would not be read, and nobody would be told.
            if (text.IndexOf('\0', StringComparison.Ordinal) is var nul and >= 0)
                return Broken($"line {text.AsSpan(0, nul).Count('\n') + 1}: it holds a NUL character");
            return YamlValue.Read(text) is { } root ? Read(root) : Default;
        }
        catch (DecoderFallbackException)
        {
            return Broken("it is not UTF-8 text");
        }
        catch (SettingsFileException exception)
        {
            return Broken(exception.Message);
        }
    }

    private static RepositorySettings Read(YamlValue root)
    {
        // Not read yet: extends, commands, mirror, notify, llm.
        var keys = root.Map("version", "extends", "enabled", "dry_run", "retry", "fix", "commands", "mirror", "notify", "llm");
        if (keys["version"] is { } version && version.Text() != "1")
            throw version.Wrong("only 1 is known");
        return new()
        {
            Enabled = keys["enabled"]?.Switch() ?? Default.Enabled,
            DryRun = keys["dry_run"]?.Switch() ?? Default.DryRun,
            Retry = keys["retry"] is { } retry ? RetryRules.Read(retry) : Default.Retry,
            Fix = keys["fix"] is { } fix ? FixRules.Read(fix) : Default.Fix,
        };
    }

    private static RepositorySettings Broken(string problem) => Default with { Problem = $"{Path}: {problem}" };
}
