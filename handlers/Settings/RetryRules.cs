namespace QMoi.Handlers.Settings;

/// <summary>The key <c>retry</c>: when a failed job is run again.</summary>
/// <param name="MaxAttempts">Retries of one failure on one commit, 0 to 3; <c>null</c>: as the instance has it.</param>
/// <param name="Rules">A failure that fits any of them is run again. Without rules the evidence decides alone.</param>
public sealed record RetryRules(int? MaxAttempts, IReadOnlyList<RetryRule> Rules)
{
    public static RetryRules Default { get; } = new(null, []);

    internal static RetryRules Read(YamlValue value)
    {
        var keys = value.Map("max_attempts", "rules");
        return new(keys["max_attempts"]?.Number(0, 3), keys["rules"]?.Each(0, 20, RetryRule.Read) ?? Default.Rules);
    }
}

/// <param name="Name">For people: it is named where the bot says why it ran a job again.</param>
/// <param name="When">All have to hold; at least one.</param>
public sealed record RetryRule(string Name, IReadOnlyList<Condition> When)
{
    public bool Fits(Facts facts) => When.All(condition => condition.Holds(facts));

    internal static RetryRule Read(YamlValue value)
    {
        var keys = value.Map("name", "when");
        return new(keys.Required("name").Text(), Condition.ReadList(keys.Required("when")));
    }
}
