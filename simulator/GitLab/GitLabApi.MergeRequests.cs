using System.Text.Json.Nodes;

namespace QMoi.Simulator;

internal sealed partial class GitLabApi
{
    private void MapMergeRequests()
    {
        const string one = $"{P}/merge_requests/{{iid}}";
        Router.Map($"GET {P}/merge_requests", ListMergeRequests);
        Router.Map($"POST {P}/merge_requests", CreateMergeRequestAsync);
        Router.Map($"GET {one}", async call => Answer.Ok(await FullAsync(call, MergeRequest(call))));
        Router.Map($"PUT {one}", UpdateMergeRequestAsync);
        Router.Map($"PUT {one}/merge", MergeAsync);
        Router.Map($"GET {one}/changes", async call =>
        {
            var shape = await FullAsync(call, MergeRequest(call));
            shape["changes"] = new JsonArray([.. (await ChangesOfAsync(MergeRequest(call))).Select(GitLabShapes.Diff)]);
            shape["overflow"] = false;
            return Answer.Ok(shape);
        });
        Router.Map($"GET {one}/diffs", async call => List(call, [.. await ChangesOfAsync(MergeRequest(call))], GitLabShapes.Diff));
        Router.Map($"GET {one}/commits", async call =>
        {
            var mr = MergeRequest(call);
            return List(call, [.. await mr.Repository.Git.LogAsync($"{mr.BaseSha}..{mr.HeadSha}", null, 0, 100)], commit => Shapes(call).Commit(mr.Repository, commit));
        });
        Router.Map($"GET {one}/pipelines", call =>
        {
            var mr = MergeRequest(call);
            return List(call, [.. mr.Repository.Pipelines.Where(pipeline => pipeline.Sha == mr.HeadSha || pipeline.MergeRequest == mr).Reverse()], pipeline => Shapes(call).PipelineInfo(pipeline));
        });
        Router.Map($"GET {one}/notes", call => List(call, [.. Ordered(call, MergeRequest(call).Comments)], note => Note(call, note)));
        Router.Map($"POST {one}/notes", call => Answer.Created(Note(call, forge.CommentOn(MergeRequest(call), Demand(call, "body"), call.User, null))));
        Router.Map($"GET {one}/notes/{{note}}", call => Answer.Ok(Note(call, NoteOf(call))));
        Router.Map($"PUT {one}/notes/{{note}}", call =>
        {
            if (NoteOf(call).Author.Id != call.User.Id && Project(call).PermissionOf(call.User) < AccessLevel.Maintain)
                throw Message(403, "403 Forbidden");
            forge.EditComment(Project(call), MergeRequest(call), NoteOf(call), Demand(call, "body"), call.User);
            return Answer.Ok(Note(call, NoteOf(call)));
        });
        Router.Map($"DELETE {one}/notes/{{note}}", DeleteNote);
        Router.Map($"GET {one}/discussions", call => List(call, [.. Threads(call)], notes => Shapes(call).Discussion(Project(call), MergeRequest(call), [.. notes])));
        Router.Map($"POST {one}/discussions", async call =>
            Answer.Created(Shapes(call).Discussion(Project(call), MergeRequest(call), [await DiscussAsync(call)])));
        Router.Map($"POST {one}/pipelines", CreateMergeRequestPipelineAsync);
        Router.Map($"POST {one}/discussions/{{discussion}}/notes", call =>
        {
            var thread = Threads(call).FirstOrDefault(notes => notes.Key == call["discussion"]) ?? throw NotFound("Discussion");
            return Answer.Created(Note(call, forge.CommentOn(MergeRequest(call), Demand(call, "body"), call.User, thread.Key)));
        });
        Router.Map($"GET {one}/award_emoji", call => ListAwards(call, MergeRequest(call).Reactions, MergeRequest(call).Id, "MergeRequest"));
        Router.Map($"POST {one}/award_emoji", call => Award(call, MergeRequest(call).ReactionList, MergeRequest(call).Id, "MergeRequest"));
        Router.Map($"GET {one}/notes/{{note}}/award_emoji", call => ListAwards(call, NoteOf(call).Reactions, NoteOf(call).Id, "Note"));
        Router.Map($"POST {one}/notes/{{note}}/award_emoji", call => Award(call, NoteOf(call).ReactionList, NoteOf(call).Id, "Note"));
        Router.Map($"DELETE {one}/notes/{{note}}/award_emoji/{{award}}", call => RemoveAward(call, NoteOf(call).ReactionList));
        Router.Map($"DELETE {one}/award_emoji/{{award}}", call => RemoveAward(call, MergeRequest(call).ReactionList));
    }

    /// <summary>With a position, the note stands on a line of the change: an added line by its new number, an unchanged one by both.</summary>
    private async Task<SimulatedComment> DiscussAsync(Call call)
    {
        var (mr, body) = (MergeRequest(call), Demand(call, "body"));
        if (call.Body["position"] is not JsonObject position)
            return forge.CommentOn(mr, body, call.User, null);
        foreach (var field in (string[])["base_sha", "start_sha", "head_sha", "position_type"])
        {
            if (position[field] is null)
                throw new ApiError(400, new JsonObject { ["error"] = $"position[{field}] is missing" });
        }
        var (path, line, old) = (position["new_path"]?.ToString(), (int?)position["new_line"], (int?)position["old_line"]);
        var change = (await ChangesOfAsync(mr)).FirstOrDefault(change => change.Path == path);
        if (position["head_sha"]!.ToString() != mr.HeadSha || change is null || line is null || !change.Lines().Any(one => one.New == line && one.Old == old))
            throw Message(400, "400 Bad request - Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}");
        return forge.CommentOnLine(mr, body, call.User, path!, line.Value, null, isNote: true);
    }

    private async Task<Answer> CreateMergeRequestPipelineAsync(Call call)
    {
        var mr = MergeRequest(call);
        if (Writable(call) is null || mr.State != MergeRequestState.Open)
            throw Message(405, "405 Method Not Allowed");
        var started = await forge.StartMergeRequestPipelinesAsync(mr, call.User);
        return started is [var pipeline, ..] ? Answer.Ok(Shapes(call).Pipeline(pipeline))
            : throw Message(400, new JsonObject { ["base"] = new JsonArray("Pipeline will not run for the selected trigger. The rules configuration prevented any jobs from being added to the pipeline.") });
    }

    private SimulatedMergeRequest MergeRequest(Call call) => Project(call).MergeRequests.FirstOrDefault(mr => mr.Number == call.Id("iid")) ?? throw Message(404, "404 Not found");

    private SimulatedComment NoteOf(Call call) => MergeRequest(call).Comments.FirstOrDefault(note => note.Id == call.Id("note")) ?? throw NotFound("Note");

    private JsonObject Note(Call call, SimulatedComment note) => Shapes(call).Note(Project(call), MergeRequest(call), note);

    private IEnumerable<IGrouping<string, SimulatedComment>> Threads(Call call) => MergeRequest(call).Comments.GroupBy(note => note.DiscussionId, StringComparer.Ordinal);

    /// <summary>Newest first, unless asked otherwise.</summary>
    private static IEnumerable<T> Ordered<T>(Call call, IReadOnlyList<T> items) => call.Query("sort") == "asc" ? items : items.Reverse();

    private static bool IsUpdatedAfter(Call call, DateTimeOffset updatedAt) =>
        call.Query("updated_after") is not { } after || updatedAt >= DateTimeOffset.Parse(after, System.Globalization.CultureInfo.InvariantCulture);

    private Answer ListMergeRequests(Call call)
    {
        var found = Project(call).MergeRequests.Where(mr =>
            (call.Query("state") is null or "all" || call.Query("state") == GitLabShapes.StateOf(mr))
            && (call.Query("source_branch") is not { } source || mr.SourceBranch == source)
            && (call.Query("target_branch") is not { } target || mr.TargetBranch == target)
            && IsUpdatedAfter(call, mr.UpdatedAt)
            && (call.Query("author_id") is not { } author || mr.Author.Id.ToString() == author));
        return List(call, [.. Ordered(call, found.ToList())], mr => Shapes(call).MergeRequest(mr));
    }

    private async Task<Answer> CreateMergeRequestAsync(Call call)
    {
        var source = Project(call);
        var (sourceBranch, targetBranch, title) = (Demand(call, "source_branch"), Demand(call, "target_branch"), Demand(call, "title"));
        var repository = long.TryParse(call.Field("target_project_id"), out var target) ? forge.FindRepository(target) ?? throw NotFound("Project") : source;
        if (repository.PermissionOf(call.User) < AccessLevel.Write && source == repository)
            throw Message(403, "403 Forbidden");
        if (!source.Branches.ContainsKey(sourceBranch))
            throw Message(400, new JsonArray($"Source branch \"{sourceBranch}\" does not exist"));
        if (!repository.Branches.ContainsKey(targetBranch))
            throw Message(400, new JsonArray($"Target branch \"{targetBranch}\" does not exist"));
        if (repository.MergeRequests.FirstOrDefault(mr => mr.State == MergeRequestState.Open && mr.Source == source && mr.SourceBranch == sourceBranch && mr.TargetBranch == targetBranch) is { } other)
            throw Message(409, new JsonArray($"Another open merge request already exists for this source branch: !{other.Number}"));
        var isDraft = title.StartsWith("Draft:", StringComparison.OrdinalIgnoreCase);
        var created = await forge.OpenMergeRequestAsync(repository, source, sourceBranch, targetBranch, title, call.Field("description") ?? "", call.User, isDraft);
        SetLabels(call, created);
        return Answer.Created(await FullAsync(call, created));
    }

    private static Task<IReadOnlyList<GitFileChange>> ChangesOfAsync(SimulatedMergeRequest mr) => mr.Repository.Git.ChangesAsync(mr.BaseSha, mr.HeadSha);

    private static async Task<JsonObject> FullAsync(Call call, SimulatedMergeRequest mr)
    {
        var git = mr.Repository.Git;
        var target = await git.ResolveAsync($"refs/heads/{mr.TargetBranch}");
        var hasConflicts = mr.State == MergeRequestState.Open && (target is null || await git.MergedTreeAsync(target, mr.HeadSha) is null);
        return Shapes(call).FullMergeRequest(mr, hasConflicts, (await ChangesOfAsync(mr)).Count);
    }

    private async Task<Answer> UpdateMergeRequestAsync(Call call)
    {
        var mr = MergeRequest(call);
        if (mr.Author.Id != call.User.Id)
            Writable(call);
        lock (forge.Gate)
        {
            mr.Title = call.Field("title") ?? mr.Title;
            mr.Body = call.Field("description") ?? mr.Body;
            mr.TargetBranch = call.Field("target_branch") ?? mr.TargetBranch;
            mr.UpdatedAt = forge.Now;
        }
        SetLabels(call, mr);
        if (call.Field("title") is not null || call.Field("description") is not null)
            forge.Hooks.MergeRequestChanged(mr, MergeRequestAction.Edited, null, call.User);
        if (call.Field("state_event") == "close")
            forge.Close(mr, call.User);
        if (call.Field("state_event") == "reopen")
            forge.Reopen(mr, call.User);
        return Answer.Ok(await FullAsync(call, mr));
    }

    private void SetLabels(Call call, SimulatedMergeRequest mr)
    {
        lock (forge.Gate)
        {
            if (Names("labels") is { } all)
            {
                mr.LabelNames.Clear();
                mr.LabelNames.AddRange(all);
            }
            mr.LabelNames.AddRange((Names("add_labels") ?? []).Except(mr.LabelNames, StringComparer.Ordinal).ToList());
            foreach (var name in Names("remove_labels") ?? [])
                mr.LabelNames.Remove(name);
            foreach (var name in mr.LabelNames.Where(name => !mr.Repository.LabelList.Exists(label => label.Name == name)))
                mr.Repository.LabelList.Add(new SimulatedLabel(forge.NextId(), name, "#428BCA", ""));
        }

        IReadOnlyList<string>? Names(string field) => call.Body[field] switch
        {
            null => null,
            JsonArray list => GitHubWorkflow.Names(list),
            var text => text.ToString().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        };
    }

    private async Task<Answer> MergeAsync(Call call)
    {
        var mr = MergeRequest(call);
        Writable(call);
        if (mr.State != MergeRequestState.Open || mr.IsDraft)
            throw Message(405, "405 Method Not Allowed");
        if (call.Field("sha") is { } expected && expected != mr.HeadSha)
            throw Message(409, "SHA does not match HEAD of source branch: " + mr.HeadSha);
        if (await forge.MergeAsync(mr, call.User, call.Field("merge_commit_message")) is null)
            throw Message(422, "Branch cannot be merged");
        if (call.Field("should_remove_source_branch") == "true")
            await mr.Source.DeleteBranchAsync(mr.SourceBranch, call.User);
        return Answer.Ok(await FullAsync(call, mr));
    }

    private Answer DeleteNote(Call call)
    {
        var (mr, note) = (MergeRequest(call), NoteOf(call));
        lock (forge.Gate)
            mr.CommentList.Remove(note);
        return Answer.NoContent();
    }

    private static Answer ListAwards(Call call, IReadOnlyList<SimulatedReaction> awards, long awardable, string type) =>
        List(call, awards, award => Shapes(call).Award(award, awardable, type));

    private Answer Award(Call call, List<SimulatedReaction> awards, long awardable, string type)
    {
        var name = Demand(call, "name");
        lock (forge.Gate)
        {
            if (awards.Exists(known => known.Content == name && known.Author.Id == call.User.Id))
                throw Message(404, "404 Award Emoji Name has already been taken Not Found");
            var award = new SimulatedReaction(forge.NextId(), call.User, name, forge.Now);
            awards.Add(award);
            return Answer.Created(Shapes(call).Award(award, awardable, type));
        }
    }

    private Answer RemoveAward(Call call, List<SimulatedReaction> awards)
    {
        lock (forge.Gate)
            return awards.RemoveAll(award => award.Id == call.Id("award")) > 0 ? Answer.NoContent() : throw NotFound("Award Emoji");
    }
}
