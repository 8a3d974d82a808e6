namespace QMoi.Handlers.Settings;

/// <summary>How a fix reaches people.</summary>
public enum Delivery { Commit, Suggestion, MergeRequest, Comment }

/// <summary>The key <c>fix</c>: which fixes are tried, and how they are delivered.</summary>
/// <param name="Order">Where fixes come from, first to last: <c>rules</c>, <c>recipes</c>, <c>llm</c>. What is left out is not asked.</param>
/// <param name="Rules">Patterns of the fixers that may act, see <see cref="Allows"/>.</param>
/// <param name="ForMergeRequest">For a failure on the branch of a merge request.</param>
/// <param name="ForDefaultBranch">For a failure on the default branch.</param>
/// <param name="AutoApply">What is applied without a person; <c>null</c>: nothing.</param>
/// <param name="MaxAttempts">Fixes tried for one failure on one commit, 1 or 2; <c>null</c>: as the instance has it.</param>
/// <param name="ProtectedBranches">Patterns of branches that get no commit, see <see cref="IsProtected"/>.</param>
public sealed record FixRules(
    IReadOnlyList<string> Order, IReadOnlyList<string> Rules, Delivery ForMergeRequest, Delivery ForDefaultBranch, AutoApply? AutoApply, int? MaxAttempts, IReadOnlyList<string> ProtectedBranches)
{
    private static readonly string[] Sources = ["rules", "recipes", "llm"];

    public static FixRules Default { get; } = new(Sources, ["*"], Delivery.MergeRequest, Delivery.MergeRequest, null, null, []);

    /// <summary>The patterns in order, <c>!</c> excludes, the last match wins; a list that begins with an exclusion begins with all fixers. Nothing where the list is empty.</summary>
    public bool Allows(string fixerId) => Patterns.Select(Rules, fixerId, Patterns.IsWord);

    /// <summary>Read like <see cref="Allows"/>; <c>*</c> stays within a part of the name, <c>**</c> goes across <c>/</c>. That the default branch is protected is not decided here.</summary>
    public bool IsProtected(string branch) => Patterns.Select(ProtectedBranches, branch, Patterns.IsPath);

    internal static FixRules Read(YamlValue value)
    {
        var keys = value.Map("order", "rules", "deliver", "auto_apply", "max_attempts", "protected_branches");
        var deliver = keys["deliver"]?.Map("merge_request", "default_branch");
        return new(
            keys["order"] is { } order ? ReadOrder(order) : Default.Order,
            keys["rules"] is { } rules ? Patterns.ReadList(rules, Patterns.IdProblem) : Default.Rules,
            deliver?["merge_request"]?.OneOf<Delivery>() ?? Default.ForMergeRequest,
            deliver?["default_branch"]?.OneOf<Delivery>() ?? Default.ForDefaultBranch,
            keys["auto_apply"] is { } autoApply ? AutoApply.Read(autoApply) : null,
            keys["max_attempts"]?.Number(1, 2),
            keys["protected_branches"] is { } branches ? Patterns.ReadList(branches, Patterns.PathProblem) : Default.ProtectedBranches);
    }

    private static IReadOnlyList<string> ReadOrder(YamlValue value)
    {
        var order = value.Each(0, Sources.Length, item => item.OneOf(Sources));
        return order.Distinct(StringComparer.Ordinal).Count() == order.Count ? order : throw value.Wrong($"each of {string.Join(", ", Sources)} may stand once");
    }
}

/// <param name="When">All have to hold; at least one.</param>
/// <param name="Paths">Patterns of the files that such a fix may change, see <see cref="AllowsPath"/>; all where the key is absent.</param>
public sealed record AutoApply(IReadOnlyList<Condition> When, IReadOnlyList<string> Paths)
{
    public bool Fits(Facts facts) => When.All(condition => condition.Holds(facts));

    /// <summary>Read like <see cref="FixRules.Allows"/>; <c>*</c> stays within a folder, <c>**</c> goes across.</summary>
    public bool AllowsPath(string path) => Patterns.Select(Paths, path, Patterns.IsPath);

    internal static AutoApply Read(YamlValue value)
    {
        var keys = value.Map("when", "paths");
        return new(Condition.ReadList(keys.Required("when")), keys["paths"] is { } paths ? Patterns.ReadList(paths, Patterns.PathProblem) : ["**"]);
    }
}
