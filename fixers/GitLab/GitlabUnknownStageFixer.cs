using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>Corrects a misspelt stage of a job, or declares a stage that was forgotten.</summary>
public sealed partial class GitlabUnknownStageFixer : IFixer
{
    public string FailureId => "gitlab-unknown-stage";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var path = diagnosis.Job.CiFile ?? ".gitlab-ci.yml";
        if (!diagnosis.Captures.TryGetValue("job", out var job) || !diagnosis.Captures.TryGetValue("stages", out var list))
            return new FixResult.Declined("the message does not name the job and the stages there are");
        if (await checkout.ReadAsync(path, cancellationToken) is not { } file || YamlText.Parse(file.Content) is not { } yaml)
            return new FixResult.Declined($"`{path}` is missing or not valid YAML");
        if (YamlText.Child(YamlText.Child(yaml.Root, job), "stage") is not YamlScalarNode { Value: { Length: > 0 } wrong })
            return new FixResult.Declined($"`{path}` does not say which stage the job `{job}` has; it comes from another file or a template");

        var available = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(stage => stage is not (".pre" or ".post")).ToList();
        if (available.Contains(wrong, StringComparer.Ordinal))
            return new FixResult.Declined($"the stage `{wrong}` of the job `{job}` exists already");
        var near = Typo.Near(wrong, available);
        var result = near switch
        {
            [] => Declare(yaml, path, wrong, available),
            [var right] => Correct(yaml, path, wrong, right),
            _ => new FixResult.Declined($"`{wrong}` may be any of {string.Join(", ", near.Select(stage => $"`{stage}`"))}"),
        };
        return result ?? (FixResult)new FixResult.Fixed(
            new Patch([new FileEdit.Write(path, file.Content, yaml.Apply())]),
            near is [var stage] ? $"Corrected the stage `{wrong}` to `{stage}` in `{path}`." : $"Added the stage `{wrong}` to `stages` in `{path}`.");
    }

    private static FixResult.Declined? Correct(YamlText yaml, string path, string wrong, string right)
    {
        var places = new HashSet<long>();
        foreach (var (_, job) in yaml.Root.Children)
        {
            // Two jobs may share one scalar through an anchor.
            if (YamlText.Child(job, "stage") is YamlScalarNode { Value: { } value } node && value == wrong && places.Add(node.Start.Index) && !yaml.TryReplace(node, right))
                return new FixResult.Declined($"the stage in `{path}`, line {node.Start.Line}, is written in a way that is not edited");
        }

        return null;
    }

    private static FixResult.Declined? Declare(YamlText yaml, string path, string stage, List<string> available)
    {
        if (YamlText.Child(yaml.Root, "stages") is not YamlSequenceNode { Children.Count: > 0 } stages)
            return new FixResult.Declined($"`{path}` declares no stages, and `{stage}` is not near to one that exists");
        if (!stages.Select(YamlText.Value).SequenceEqual(available, StringComparer.Ordinal))
            return new FixResult.Declined($"the stages of the pipeline are not those in `{path}`; another file declares them");
        if (!PlainName().IsMatch(stage) || stages.Children[^1] is not YamlScalarNode last || yaml.Place(last) is not { } place)
            return new FixResult.Declined($"the list of stages in `{path}` is written in a way that is not edited");

        var quote = last.Style switch { YamlDotNet.Core.ScalarStyle.DoubleQuoted => "\"", YamlDotNet.Core.ScalarStyle.SingleQuoted => "'", _ => "" };
        var end = place.Start + place.Length + quote.Length;
        if (stages.Style == SequenceStyle.Flow)
        {
            var isOnOneLine = stages.Start.Line == stages.End.Line;
            var separator = isOnOneLine ? ", " : "," + yaml.NewLine + Indent(yaml.Text, place.Start);
            yaml.Insert(end, $"{separator}{quote}{stage}{quote}");
            return null;
        }

        var lineEnd = yaml.Text.IndexOf('\n', end);
        var at = lineEnd < 0 ? yaml.Text.Length : lineEnd > 0 && yaml.Text[lineEnd - 1] == '\r' ? lineEnd - 1 : lineEnd;
        yaml.Insert(at, $"{yaml.NewLine}{Indent(yaml.Text, place.Start)}- {quote}{stage}{quote}");
        return null;
    }

    private static string Indent(string text, int at)
    {
        var start = text.LastIndexOf('\n', at) + 1;
        var end = start;
        while (text[end] is ' ')
            end++;
        return text[start..end];
    }

    [GeneratedRegex(@"^[A-Za-z][\w.-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainName();
}
