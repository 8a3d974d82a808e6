using QMoi.Fixers.Ci;
using YamlDotNet.RepresentationModel;

namespace QMoi.Fixers.GitHub;

/// <summary>Corrects the misspelt name of an input that an action requires. Declines everything else, above all secrets that are missing.</summary>
public sealed class GhaMissingInputOrSecretFixer : IFixer
{
    public string FailureId => "gha-missing-input-or-secret";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var wanted = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("input")).OfType<string>().Select(one => one.Trim('\'', '"', '.')).Distinct(StringComparer.Ordinal).ToList();
        var given = diagnosis.Matches.SelectMany(match => (match.Captures.GetValueOrDefault("unexpected") ?? "").Split([',', '\'', ' '], StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal).ToList();
        if (wanted is not [var input] || given.Where(one => Typo.Is(one, input)).ToList() is not [var wrong])
            return new FixResult.Declined("the log does not show that an input of that name is there, misspelt; its value or a secret is missing");
        var (jobs, reason) = await CiFiles.FailedJobsAsync(diagnosis, checkout, cancellationToken);
        if (jobs.Count == 0)
            return new FixResult.Declined(reason);
        foreach (var job in jobs)
        {
            foreach (var step in job.Steps)
            {
                if (YamlText.Child(step, "with") is not YamlMappingNode with || with.Children.Keys.OfType<YamlScalarNode>().FirstOrDefault(key => key.Value == wrong) is not { } key)
                    continue;
                if (YamlText.Child(with, input) is not null)
                    return new FixResult.Declined($"the step has `{input}` beside `{wrong}`, with an empty value");
                if (!job.Yaml.TryReplace(key, input))
                    return new FixResult.Declined($"`{job.File.Path}`, line {key.Start.Line}, is written in a way that is not edited");
            }
        }

        return CiFiles.ToResult([.. jobs.Select(job => job.File)], $"Corrected the input `{wrong}` to `{input}` in {string.Join(", ", jobs.Select(job => $"`{job.File.Path}`").Distinct(StringComparer.Ordinal))}.");
    }
}
