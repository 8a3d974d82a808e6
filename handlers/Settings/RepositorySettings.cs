using System.Text;
using QMoi.Fixers;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace QMoi.Handlers.Settings;

/// <summary>The repository's <c>.qmoi.yml</c>, read from the default branch only. Absent: everything here has its default.</summary>
public sealed record RepositorySettings
{
    public const string Path = ".qmoi.yml";

    private static readonly string[] Keys = ["version", "extends", "enabled", "dry_run", "retry", "fix", "commands", "mirror", "notify", "llm"];
    private const int MaxBytes = 64 * 1024;
    private const int MaxNodes = 5_000;

    public static RepositorySettings Default { get; } = new();

    public bool Enabled { get; init; } = true;

    /// <summary>Say what would be done, do nothing.</summary>
    public bool DryRun { get; init; }

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
            return Read(text);
        }
        catch (DecoderFallbackException)
        {
            return Broken("it is not UTF-8 text");
        }
        catch (YamlException exception)
        {
            return Broken($"line {exception.Start.Line}: {exception.InnerException?.Message ?? exception.Message}");
        }
        catch (SettingsFileException exception)
        {
            return Broken(exception.Message);
        }
        catch (InvalidOperationException)
        {
            // The YAML scanner's own word for some broken files.
            return Broken("it is not valid YAML");
        }
    }

    private static RepositorySettings Read(string text)
    {
        RefuseAliases(text);
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        if (stream.Documents.Count == 0)
            return Default;
        if (stream.Documents.Count > 1)
            throw new SettingsFileException("it holds more than one YAML document");
        if (stream.Documents[0].RootNode is not YamlMappingNode root)
            throw new SettingsFileException("line 1: keys and values are wanted at the top");

        var settings = Default;
        foreach (var (key, value) in root.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            settings = name switch
            {
                "enabled" => settings with { Enabled = Switch(name, value) },
                "dry_run" => settings with { DryRun = Switch(name, value) },
                "version" => (value as YamlScalarNode)?.Value == "1" ? settings : throw At(value, "version: only 1 is known"),
                "extends" or "retry" or "fix" or "commands" or "mirror" or "notify" or "llm" => settings,
                _ => throw At(key, $"unknown key '{OneLine(name)}'; did you mean '{Spelling.Nearest(name, Keys)}'?"),
            };
        }
        return settings;
    }

    /// <summary>An alias can blow a small file up; none is needed here. Read as events, before any tree is built.</summary>
    private static void RefuseAliases(string text)
    {
        var parser = new Parser(new StringReader(text));
        for (var nodes = 0; parser.MoveNext(); nodes++)
        {
            if (parser.Current is YamlDotNet.Core.Events.AnchorAlias alias)
                throw new SettingsFileException($"line {alias.Start.Line}: aliases are not read here");
            if (nodes > MaxNodes)
                throw new SettingsFileException($"it has more than {MaxNodes} entries");
        }
    }

    private static bool Switch(string name, YamlNode value) => (value as YamlScalarNode)?.Value switch
    {
        "true" => true,
        "false" => false,
        var other => throw At(value, $"{name}: '{OneLine(other ?? "a list or map")}' is not one of true, false"),
    };

    private static string OneLine(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(60)]);

    private static RepositorySettings Broken(string problem) => Default with { Problem = $"{Path}: {problem}" };

    private static SettingsFileException At(YamlNode node, string message) => new($"line {node.Start.Line}: {message}");

    private sealed class SettingsFileException(string message) : Exception(message);
}
