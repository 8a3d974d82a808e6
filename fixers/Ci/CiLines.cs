using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>Puts commands before the one that failed.</summary>
internal static class CiLines
{
    /// <summary>On GitLab lines of the script, on GitHub a step of its own; <c>false</c> where the job is written in a way that is not edited.</summary>
    /// <param name="commands">They need no quotes in YAML.</param>
    public static bool TryInsert(CiJob job, string? failed, string name, params IReadOnlyList<string> commands)
    {
        var index = CiFiles.IndexOfCommand(job, failed);
        if (index < 0)
            return false;
        return job.File.IsGitHub ? TryInsertStep(job, index, name, commands) : TryInsertLines(job, job.Script.ElementAt(index), commands);
    }

    private static bool TryInsertLines(CiJob job, YamlScalarNode before, IReadOnlyList<string> commands)
    {
        var line = (int)before.Start.Line;
        var text = job.Yaml.Line(line);
        var indent = text.Length - text.TrimStart(' ').Length;
        if (text[indent..].StartsWith("- ", StringComparison.Ordinal) && text[(indent + 2)..].TrimStart(' ').Length == text.Length - (before.Start.Column - 1))
        {
            job.Yaml.InsertLines(line - 1, commands.Select(command => $"{text[..indent]}- {command}"));
            return true;
        }

        // script: [make, make test]
        if (job.Node.Children.Values.OfType<YamlSequenceNode>().FirstOrDefault(one => one.Style == SequenceStyle.Flow && one.Children.Contains(before)) is not { } list || list.Start.Line != list.End.Line)
            return false;
        job.Yaml.Insert((int)before.Start.Index, string.Concat(commands.Select(command => $"'{command}', ")));
        return true;
    }

    private static bool TryInsertStep(CiJob job, int index, string name, IReadOnlyList<string> commands)
    {
        var line = (int)job.Steps.ElementAt(index).Start.Line;
        var text = job.Yaml.Line(line);
        var indent = text.Length - text.TrimStart(' ').Length;
        if (!text[indent..].StartsWith("- ", StringComparison.Ordinal))
            return false;
        var blank = text[..indent];
        job.Yaml.InsertLines(line - 1, commands.Count == 1
            ? [$"{blank}- name: {name}", $"{blank}  run: {commands[0]}"]
            : [$"{blank}- name: {name}", $"{blank}  run: |", .. commands.Select(command => $"{blank}    {command}")]);
        return true;
    }
}
