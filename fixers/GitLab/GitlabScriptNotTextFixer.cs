using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitLab;

/// <summary>
/// Puts a script line into single quotes that YAML reads as a mapping, because it holds a colon and a space: <c>- echo "Result: fine"</c>. Declines mappings that were meant as such.
/// </summary>
public sealed class GitlabScriptNotTextFixer : IFixer
{
    public string FailureId => "gitlab-script-not-text";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = (await CiFiles.OpenAsync(diagnosis, checkout, cancellationToken)).Where(file => !file.IsGitHub).ToList();
        if (files is not [var file])
            return new FixResult.Declined("there is no CI file of GitLab that is valid YAML");
        var lines = new SortedSet<int>();
        foreach (var match in diagnosis.Matches)
        {
            if (!match.Captures.TryGetValue("job", out var place) || !match.Captures.TryGetValue("key", out var key))
                continue;
            var holder = place.Length == 0 ? file.Yaml.Root : YamlText.Child(file.Yaml.Root, place);
            if (YamlText.Child(holder, key) is not { } script)
                return new FixResult.Declined($"`{file.Path}` has no `{key}` of `{place}`; it comes from another file");
            IEnumerable<YamlNode> items = script is YamlSequenceNode list ? list.Children : [script];
            foreach (var item in items.OfType<YamlMappingNode>())
            {
                if (item.Children.Count != 1 || item.Children.First() is not { Key: YamlScalarNode word, Value: YamlScalarNode } || item.Style == YamlDotNet.Core.Events.MappingStyle.Flow || word.Value?.Contains(' ', StringComparison.Ordinal) != true)
                    return new FixResult.Declined($"line {item.Start.Line} of `{file.Path}` is no command");
                lines.Add((int)item.Start.Line);
            }
        }

        foreach (var number in lines)
        {
            var (start, end) = file.Yaml.Span(number);
            var text = file.Yaml.Line(number);
            var dash = text.IndexOf("- ", StringComparison.Ordinal);
            if (dash < 0 || text[..dash].Trim().Length > 0 || file.Yaml.LastLine(number, dash) != number || YamlRepair.Quoted(text[(dash + 2)..]) is not { } quoted)
                return new FixResult.Declined($"`{file.Path}`, line {number}, is written in a way that is not edited");
            file.Yaml.Replace(start + dash + 2, end - start - dash - 2, quoted);
        }

        return lines.Count == 0
            ? new FixResult.Declined($"every script line that the message means is a text in `{file.Path}` itself")
            : file.ToResult($"Quoted {(lines.Count == 1 ? "a script line" : "script lines")} with a colon in `{file.Path}`.");
    }
}
