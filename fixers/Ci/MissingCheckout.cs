using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.Ci;

/// <summary>A job on GitHub uses files of the repository and has no actions/checkout step.</summary>
internal static class MissingCheckout
{
    private const string Action = "actions/checkout";

    /// <param name="path">What the job lacks; only a file or folder of the repository is brought by checking it out. <c>null</c>: the repository itself.</param>
    /// <returns><c>null</c> where that is not the cause.</returns>
    public static async Task<FixResult?> RepairAsync(CiJob job, string? path, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!job.File.IsGitHub || job.Child("steps") is not YamlSequenceNode { Children: [YamlMappingNode first, ..] } steps || job.Steps.Any(Checks))
            return null;
        if (path is not null && await checkout.ReadAsync(path, cancellationToken) is null && (await checkout.ListAsync(path, cancellationToken)).Count == 0)
            return null;
        var line = (int)first.Start.Line;
        var text = job.Yaml.Line(line);
        var indent = text.Length - text.TrimStart(' ').Length;
        if (steps.Style == YamlDotNet.Core.Events.SequenceStyle.Flow || !text[indent..].StartsWith("- ", StringComparison.Ordinal))
            return new FixResult.Declined($"the steps of `{job.Name}` are written in a way that is not edited");
        job.Yaml.InsertLines(line - 1, $"{text[..indent]}- uses: {await VersionAsync(job, checkout, cancellationToken)}");
        return job.File.ToResult($"Let the job `{job.Name}` check the repository out in `{job.File.Path}`.");
    }

    private static bool Checks(YamlMappingNode step) =>
        GitHubActions.Of(step)?.Name == Action || YamlText.Value(YamlText.Child(step, "run"))?.Contains("git clone", StringComparison.Ordinal) == true;

    // The version that the other jobs use; it is the one that the project has agreed on.
    private static async Task<string> VersionAsync(CiJob job, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (In(job.File) is { } here)
            return here;
        foreach (var entry in await checkout.ListAsync(CiFiles.Workflows, cancellationToken))
            if (!entry.IsFolder && await checkout.ReadAsync(entry.Path, cancellationToken) is { } source && CiFile.Of(source) is { } file && In(file) is { } there)
                return there;
        return $"{Action}@v4";
    }

    private static string? In(CiFile file) =>
        file.Jobs.SelectMany(job => job.Steps).Select(GitHubActions.Of).OfType<GitHubActions.Use>().FirstOrDefault(use => use.Name == Action && YamlText.IsPlain(use.Version)) is { } use ? $"{Action}@{use.Version}" : null;
}
