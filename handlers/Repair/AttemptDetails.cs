using System.Text.Json;
using System.Text.Json.Serialization;
using QMoi.Fixers;

namespace QMoi.Handlers.Repair;

/// <summary>What an attempt's comment and merge request are written from, kept with the attempt.</summary>
/// <param name="PipelineName">The workflow's name on GitHub, where several run for one commit; <c>null</c> on GitLab.</param>
/// <param name="MergeRequestNumber">The merge request whose pipeline failed; its comment is edited when the result is known.</param>
/// <param name="FixSummary">What the patch changes, one sentence.</param>
/// <param name="Result">What the fix's own pipeline said, ready for Markdown; <c>null</c> while it runs.</param>
/// <param name="Files">The files that the patch changes.</param>
/// <param name="ApiCalls">Requests sent to the forge until the merge request was open; of these <paramref name="SequentialApiCalls"/> waited for the one before.</param>
/// <param name="IsChecked">The failing command was seen to pass with the patch, in the sandbox.</param>
/// <param name="History">"worked 12 of 12 times here"; <c>null</c> when it is the first time.</param>
/// <param name="IsCommit">The fix is a commit on the failed branch itself.</param>
/// <param name="BackupRef">Where the branch's head was kept before.</param>
/// <param name="IsTakenBack">Nothing of the fix is left: the commit was taken back by another one, or its branch was removed.</param>
/// <param name="NotBefore">When a waiting retry is due.</param>
/// <param name="PassedOnRetry">How the retry ended; <c>null</c> while it runs, and where there was none. With it the end is in the flake register.</param>
/// <param name="Flaky">Of what passed on retry: how often it did so far, ready for Markdown.</param>
/// <param name="WasTransient">The fix's own pipeline failed on something that a retry may cure.</param>
public sealed record AttemptDetails(
    Diagnosis Diagnosis, string? PipelineName, string PipelineUrl, string? CiFile, long? MergeRequestNumber, string? FixSummary = null, string? Result = null, bool WasTransient = false,
    IReadOnlyList<string>? Files = null, int ApiCalls = 0, int SequentialApiCalls = 0, DateTimeOffset? NotBefore = null, bool IsChecked = false, string? History = null, bool IsCommit = false, string? BackupRef = null,
    bool IsTakenBack = false, bool? PassedOnRetry = null, string? Flaky = null)
{
    public static AttemptDetails Of(Attempt attempt) =>
        JsonSerializer.Deserialize(attempt.DetailsJson, AttemptJson.Default.AttemptDetails) ?? throw new JsonException("An attempt without details.");

    public string ToJson() => JsonSerializer.Serialize(this, AttemptJson.Default.AttemptDetails);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(AttemptDetails))]
internal sealed partial class AttemptJson : JsonSerializerContext;
