/*
 * Licensed to whom it may concern.
 */

/// <summary>Ages of things.</summary>
public class Ages
{
    public Dictionary<string, int> All { get; } = new();
}
