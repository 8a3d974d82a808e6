using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;

namespace QMoi.Forges.GitLab;

/// <summary>What GitLab's deliveries mean.</summary>
internal static class GitLabEvents
{
    public static ForgeEvent Read(string eventName, ReadOnlySpan<byte> body) => eventName switch
    {
        "pipeline" or "merge_request" or "note" when Parse(body, GitLabJson.Default.GitLabDeliveryKind).ObjectKind != eventName =>
            new ForgeEvent.Nothing($"the body does not fit the event {eventName}"),
        "pipeline" => Pipeline(Parse(body, GitLabJson.Default.GitLabPipelineDelivery)),
        "merge_request" => MergeRequest(Parse(body, GitLabJson.Default.GitLabMergeRequestDelivery)),
        "note" => Note(Parse(body, GitLabJson.Default.GitLabNoteDelivery)),
        "build" => new ForgeEvent.Nothing("the pipeline's own event decides"),
        _ => new ForgeEvent.Nothing($"{eventName} events are not acted on"),
    };

    public static RunStatus Status(string? status) => status switch
    {
        "success" => RunStatus.Success,
        "failed" => RunStatus.Failed,
        "canceled" => RunStatus.Canceled,
        "skipped" => RunStatus.Skipped,
        "running" or "canceling" => RunStatus.Running,
        "created" or "pending" or "preparing" or "waiting_for_resource" or "waiting_for_callback" or "scheduled" => RunStatus.Pending,
        _ => RunStatus.Other,   // manual
    };

    private static ForgeEvent Pipeline(GitLabPipelineDelivery delivery)
    {
        var pipeline = delivery.ObjectAttributes ?? throw new FormatException("The delivery lacks its pipeline.");
        var status = Status(pipeline.Status);
        if (status is not (RunStatus.Success or RunStatus.Failed or RunStatus.Canceled or RunStatus.Skipped)) return new ForgeEvent.Nothing("the pipeline has not ended");
        if (delivery.Project is not { Id: not null } project) return new ForgeEvent.Nothing("the delivery names no project");
        var repository = RepositoryOf(project);
        var webUrl = project.WebUrl ?? "";
        var mergeRequest = delivery.MergeRequest;
        // The number counts in the target project; a fork's own pipeline must not be taken for one of the fork's merge requests.
        var number = mergeRequest is not null && (mergeRequest.TargetProjectId is null || mergeRequest.TargetProjectId == project.Id) ? mergeRequest.Iid : (long?)null;
        var isMergeRequestRef = pipeline.Ref.StartsWith("refs/merge-requests/", StringComparison.Ordinal);
        return new ForgeEvent.PipelineFinished(
            repository,
            new Pipeline(
                pipeline.Id, Attempt: 1, CommitSha.Parse(pipeline.Sha), isMergeRequestRef && mergeRequest?.SourceBranch is { } source ? source : pipeline.Ref,
                pipeline.Tag, status, pipeline.Name, CiFile: null, pipeline.Url ?? $"{webUrl}/-/pipelines/{pipeline.Id}",
                IsFromFork: mergeRequest?.SourceProjectId is { } from && from != project.Id, number, delivery.Commit?.Author?.Name),
            [.. (delivery.Builds ?? []).Select(build => new Job(
                build.Id, build.Name, build.Stage, Status(build.Status), build.FailureReason, build.AllowFailure, $"{webUrl}/-/jobs/{build.Id}"))]);
    }

    private static ForgeEvent MergeRequest(GitLabMergeRequestDelivery delivery)
    {
        var mergeRequest = delivery.ObjectAttributes ?? throw new FormatException("The delivery lacks its merge request.");
        if (mergeRequest.Action is not ("close" or "merge")) return new ForgeEvent.Nothing("the merge request is open");
        if (delivery.Project is not { Id: not null } project) return new ForgeEvent.Nothing("the delivery names no project");
        if (mergeRequest is not { Iid: { } number, SourceBranch: { } branch }) throw new FormatException("The delivery lacks its merge request's number or branch.");
        var isOwnBranch = mergeRequest.SourceProjectId == project.Id;
        // A fork's branch must never be taken for a branch of the repository: a branch's name holds no colon.
        var source = isOwnBranch ? branch : $"{mergeRequest.Source?.PathWithNamespace ?? "fork"}:{branch}";
        return new ForgeEvent.MergeRequestClosed(RepositoryOf(project), number, source, mergeRequest.Action == "merge", delivery.User?.Username);
    }

    private static ForgeEvent Note(GitLabNoteDelivery delivery)
    {
        if (delivery is not { ObjectAttributes: { System: false, Action: "update" } note, MergeRequest: { } mergeRequest, Project: { Id: not null } project, User: { Id: { } editor } user })
            return new ForgeEvent.Nothing("comments are not acted on, but for an edit of the bot's own on a merge request");
        if (note.AuthorId == editor) return new ForgeEvent.Nothing("an edit by its own author");
        return new ForgeEvent.CommentEdited(RepositoryOf(project), mergeRequest.Iid, new CommentHandle($"merge_request:{mergeRequest.Iid}:{note.Id}"), note.Note ?? "", editor, user.Username ?? "");
    }

    private static Repository RepositoryOf(GitLabHookProject project) =>
        project is { Id: { } id, PathWithNamespace: { } name, DefaultBranch: { } defaultBranch }
            ? new Repository(ForgeKind.GitLab, id, name, defaultBranch)
            : throw new FormatException("The delivery lacks its project's id, path or default branch.");

    private static T Parse<T>(ReadOnlySpan<byte> body, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new FormatException("The delivery is null.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The delivery lacks what its event must have: {e.Message}", e);
        }
    }
}
