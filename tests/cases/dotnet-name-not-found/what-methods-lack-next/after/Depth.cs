using System;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace Lake;

public class Depth
{
    private readonly Stopwatch watch = new();

    public string Path { get; init; }

    public string First()
    {
        if (!File.Exists(Path))
            throw new InvalidOperationException(Path.Trim());
        return string.Join(",", File.ReadAllLines(Path).Where(line => line.Length > 0));
    }
}
