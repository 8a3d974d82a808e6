/*
 * Licensed to whom it may concern.
 */

using System.Collections.Generic;

/// <summary>Ages of things.</summary>
public class Ages
{
    public Dictionary<string, int> All { get; } = new();
}
