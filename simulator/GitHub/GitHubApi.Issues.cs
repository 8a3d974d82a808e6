using System.Text.Json.Nodes;

namespace QMoi.Simulator;

/// <summary>The issue side of merge requests: comments, reactions, labels.</summary>
internal sealed partial class GitHubApi
{
    private static readonly string[] ReactionWords = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

    private void MapIssues()
    {
        Router.Map("GET /repos/{owner}/{repo}/issues/comments/{id}", call => Answer.Ok(Shape(call, Comment(call))));
        Router.Map("PATCH /repos/{owner}/{repo}/issues/comments/{id}", UpdateComment);
        Router.Map("DELETE /repos/{owner}/{repo}/issues/comments/{id}", DeleteComment);
        Router.Map("GET /repos/{owner}/{repo}/issues/comments/{id}/reactions", call => ListReactions(call, Comment(call).Comment.Reactions));
        Router.Map("POST /repos/{owner}/{repo}/issues/comments/{id}/reactions", call => React(call, Comment(call).Comment.ReactionList));
        Router.Map("GET /repos/{owner}/{repo}/comments/{id}/reactions", call => ListReactions(call, CommitComment(call).Reactions));
        Router.Map("POST /repos/{owner}/{repo}/comments/{id}/reactions", call => React(call, CommitComment(call).ReactionList));
        Router.Map("GET /repos/{owner}/{repo}/issues/{number}", call => Answer.Ok(Shapes(call).Issue(Pull(call))));
        Router.Map("GET /repos/{owner}/{repo}/issues/{number}/comments", call => Page.Of(call, Pull(call).Comments, c => Shapes(call).IssueComment(Pull(call), c), 30, withTotals: false));
        Router.Map("POST /repos/{owner}/{repo}/issues/{number}/comments", call =>
            Answer.Created(Shapes(call).IssueComment(Pull(call), forge.CommentOn(Pull(call), Demand(call, "body", "IssueComment"), call.User, null))));
        Router.Map("GET /repos/{owner}/{repo}/issues/{number}/reactions", call => ListReactions(call, Pull(call).Reactions));
        Router.Map("POST /repos/{owner}/{repo}/issues/{number}/reactions", call => React(call, Pull(call).ReactionList));
        Router.Map("GET /repos/{owner}/{repo}/issues/{number}/labels", call => Labels(call, Pull(call)));
        Router.Map("POST /repos/{owner}/{repo}/issues/{number}/labels", call => SetLabels(call, keep: true));
        Router.Map("PUT /repos/{owner}/{repo}/issues/{number}/labels", call => SetLabels(call, keep: false));
        Router.Map("DELETE /repos/{owner}/{repo}/issues/{number}/labels/{name}", RemoveLabel);
        Router.Map("GET /repos/{owner}/{repo}/labels", call => Page.Of(call, Repository(call).Labels, l => Shapes(call).Label(Repository(call), l.Name), 30, withTotals: false));
        Router.Map("GET /repos/{owner}/{repo}/labels/{name}", call =>
            Repository(call).Labels.Any(label => label.Name == call["name"]) ? Answer.Ok(Shapes(call).Label(Repository(call), call["name"])) : throw NotFound());
        Router.Map("POST /repos/{owner}/{repo}/labels", CreateLabel);
    }

    private (SimulatedMergeRequest MergeRequest, SimulatedComment Comment) Comment(Call call)
    {
        foreach (var mr in Repository(call).MergeRequests)
        {
            if (mr.Comments.FirstOrDefault(comment => comment.Id == call.Id("id")) is { } comment)
                return (mr, comment);
        }
        throw NotFound();
    }

    private static JsonObject Shape(Call call, (SimulatedMergeRequest MergeRequest, SimulatedComment Comment) found) =>
        Shapes(call).IssueComment(found.MergeRequest, found.Comment);

    private Answer UpdateComment(Call call)
    {
        var found = Comment(call);
        if (found.Comment.Author.Id != call.User.Id)
            Writable(call);
        forge.EditComment(found.MergeRequest.Repository, found.MergeRequest, found.Comment, Demand(call, "body", "IssueComment"), call.User);
        return Answer.Ok(Shape(call, found));
    }

    private Answer DeleteComment(Call call)
    {
        var (mr, comment) = Comment(call);
        lock (forge.Gate)
            mr.CommentList.Remove(comment);
        return Answer.NoContent();
    }

    private static Answer ListReactions(Call call, IReadOnlyList<SimulatedReaction> reactions) =>
        Page.Of(call, reactions, reaction => Shapes(call).Reaction(reaction), 30, withTotals: false);

    /// <summary>The same reaction of the same account twice is one reaction: 200 instead of 201.</summary>
    private Answer React(Call call, List<SimulatedReaction> reactions)
    {
        var content = Demand(call, "content", "Reaction");
        if (!ReactionWords.Contains(content, StringComparer.Ordinal))
            throw Invalid("Reaction", "content", "invalid");
        lock (forge.Gate)
        {
            if (reactions.Find(known => known.Content == content && known.Author.Id == call.User.Id) is { } known)
                return Answer.Ok(Shapes(call).Reaction(known));
            var reaction = new SimulatedReaction(forge.NextId(), call.User, content, forge.Now);
            reactions.Add(reaction);
            return Answer.Created(Shapes(call).Reaction(reaction));
        }
    }

    private static Answer Labels(Call call, SimulatedMergeRequest mr) =>
        Answer.Ok(new JsonArray([.. mr.Labels.Select(label => Shapes(call).Label(mr.Repository, label))]));

    private Answer SetLabels(Call call, bool keep)
    {
        var mr = Pull(call);
        lock (forge.Gate)
        {
            if (!keep)
                mr.LabelNames.Clear();
            foreach (var name in GitHubWorkflow.Names(call.Body["labels"]).Where(name => !mr.LabelNames.Contains(name, StringComparer.Ordinal)))
            {
                mr.LabelNames.Add(name);
                if (!mr.Repository.LabelList.Exists(label => label.Name == name))
                    mr.Repository.LabelList.Add(new SimulatedLabel(forge.NextId(), name, "ededed", ""));
            }
        }
        return Labels(call, mr);
    }

    private Answer RemoveLabel(Call call)
    {
        var mr = Pull(call);
        lock (forge.Gate)
        {
            if (!mr.LabelNames.Remove(call["name"]))
                throw new ApiError(404, Message("Label does not exist", "404"));
        }
        return Labels(call, mr);
    }

    private Answer CreateLabel(Call call)
    {
        var repository = Writable(call);
        var name = Demand(call, "name", "Label");
        lock (forge.Gate)
        {
            if (repository.LabelList.Exists(label => label.Name == name))
                throw Invalid("Label", "name", "already_exists");
            repository.LabelList.Add(new SimulatedLabel(forge.NextId(), name, call.Field("color") ?? "ededed", call.Field("description") ?? ""));
        }
        return Answer.Created(Shapes(call).Label(repository, name));
    }
}
