using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A job on GitLab lacks what an earlier job declares as its artifact, because its list of <c>needs</c> or <c>dependencies</c> leaves that job out.</summary>
internal static class MissingArtifacts
{
    /// <returns><c>null</c> where that is not the cause.</returns>
    public static FixResult? Repair(CiJob job, string path)
    {
        if (job.File.IsGitHub)
            return null;
        var makers = job.File.Jobs.Where(other => other.Name != job.Name && !other.Name.StartsWith('.') && Makes(other, path)).ToList();
        if (makers.Count == 0)
            return null;
        if (makers is not [var maker])
            return new FixResult.Declined($"`{path}` is an artifact of {string.Join(", ", makers.Select(other => $"`{other.Name}`"))}; which of them `{job.Name}` should need is not told");
        if (StageOf(maker) is not { } made || StageOf(job) is not { } used || made > used)
            return new FixResult.Declined($"`{path}` is an artifact of `{maker.Name}`, which does not run before `{job.Name}`");
        if (Needs(maker, job.Name, [maker.Name]))
            return new FixResult.Declined($"`{path}` is an artifact of `{maker.Name}`, which itself needs `{job.Name}`");

        var lists = ((string[])["needs", "dependencies"]).Where(key => Resolve(job, key) is not null).ToList();
        if (lists.Count == 0)
            return made < used
                ? new FixResult.Declined($"`{job.Name}` gets the artifacts of `{maker.Name}` as it is; the script of `{maker.Name}` did not make `{path}`, or it has expired")
                : new FixResult.Declined($"`{job.Name}` and `{maker.Name}`, which makes `{path}`, run in the same stage");
        foreach (var key in lists)
        {
            if (job.Child(key) is not YamlSequenceNode list)
                return new FixResult.Declined($"the `{key}` of `{job.Name}` come from a template");
            if (list.Children.FirstOrDefault(item => NameIn(item) == maker.Name) is { } there)
            {
                if (YamlText.Child(there, "artifacts") is not YamlScalarNode { Value: "false" } without)
                    continue;
                if (!job.Yaml.TryReplace(without, "true"))
                    return NotEdited(job, key);
                continue;
            }

            var name = YamlText.IsPlain(maker.Name) ? maker.Name : $"\"{maker.Name}\"";
            var item = list.Children.Count > 0 && list.Children.All(one => one is YamlMappingNode) ? $"job: {name}" : name;
            if (maker.Name.Any(letter => letter is '"' or '\\') || !job.Yaml.TryAddItem(list, item))
                return NotEdited(job, key);
        }

        return job.Yaml.HasEdits
            ? job.File.ToResult($"Added `{maker.Name}`, which makes `{path}`, to what `{job.Name}` needs in `{job.File.Path}`.")
            : new FixResult.Declined($"`{job.Name}` needs `{maker.Name}` already; its script did not make `{path}`, or its artifacts have expired");
    }

    private static FixResult.Declined NotEdited(CiJob job, string key) => new($"the `{key}` of `{job.Name}` in `{job.File.Path}` are written in a way that is not edited");

    private static bool Makes(CiJob job, string path) =>
        YamlText.Child(Resolve(job, "artifacts"), "paths") is YamlSequenceNode paths && paths.Select(YamlText.Value).OfType<string>().Any(declared => Covers(declared, path));

    // dist, dist/, ./dist/**, dist/*.tar and $CI_PROJECT_DIR/dist all bring dist/x.
    private static bool Covers(string declared, string path)
    {
        var pattern = declared.Trim();
        foreach (var start in (string[])["$CI_PROJECT_DIR/", "${CI_PROJECT_DIR}/", "./", "/"])
            if (pattern.StartsWith(start, StringComparison.Ordinal))
                pattern = pattern[start.Length..];
        var fixedPart = pattern.Split('/').TakeWhile(part => !part.AsSpan().ContainsAny("*?[{$")).ToList();
        var folder = string.Join('/', fixedPart).TrimEnd('/');
        if (folder.Length == 0)
            return false;
        if (fixedPart.Count == pattern.Split('/').Length)
            return path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal) || folder.StartsWith(path + "/", StringComparison.Ordinal);
        // The log may name the folder, or a file in it.
        return path == folder || (path.StartsWith(folder + "/", StringComparison.Ordinal) && (pattern.EndsWith('*') || pattern[pattern.LastIndexOf('*')..].TrimStart('*') is var end && path.EndsWith(end, StringComparison.Ordinal)));
    }

    private static bool Needs(CiJob job, string name, HashSet<string> seen) =>
        Resolve(job, "needs") is YamlSequenceNode list
        && list.Select(NameIn).OfType<string>().Any(needed => needed == name
            || (seen.Add(needed) && job.File.Jobs.FirstOrDefault(other => other.Name == needed) is { } other && Needs(other, name, seen)));

    private static int? StageOf(CiJob job)
    {
        var stage = YamlText.Value(Resolve(job, "stage")) ?? "test";
        if (stage is ".pre" or ".post")
            return stage == ".pre" ? -1 : int.MaxValue;
        var stages = YamlText.Child(job.Yaml.Root, "stages") is YamlSequenceNode list ? [.. list.Select(YamlText.Value)] : new List<string?> { "build", "test", "deploy" };
        return stages.IndexOf(stage) is >= 0 and var index ? index : null;
    }

    private static string? NameIn(YamlNode item) => YamlText.Value(item) ?? (YamlText.Child(item, "pipeline") is null && YamlText.Child(item, "project") is null ? YamlText.Value(YamlText.Child(item, "job")) : null);

    /// <summary>What a job says itself, or the templates of the same file that it extends.</summary>
    public static YamlNode? Resolve(CiJob job, string key, int depth = 0)
    {
        if (job.Child(key) is { } own)
            return own;
        if (depth > 10)
            return null;
        IEnumerable<string?> parents = job.Child("extends") switch
        {
            YamlScalarNode one => [one.Value],
            YamlSequenceNode many => many.Reverse().Select(YamlText.Value),
            _ => [],
        };
        return parents.Select(parent => job.File.Jobs.FirstOrDefault(other => other.Name == parent)).OfType<CiJob>().Select(parent => Resolve(parent, key, depth + 1)).FirstOrDefault(node => node is not null);
    }
}
