namespace QMoi.Handlers;

/// <summary>What became of a delivery; written on it. One record answers "why did the bot do nothing?".</summary>
public abstract record Outcome(string Text)
{
    public sealed record Acted(string Text) : Outcome(Text);
    public sealed record Ignored(string Text) : Outcome(Text);

    /// <summary>Comes again: something has to be waited for.</summary>
    public sealed record Later(string Text, DateTimeOffset NotBefore) : Outcome(Text);
    public sealed record Declined(string Text) : Outcome(Text);
}
