using System.Reflection;
using System.Text.RegularExpressions;
using QMoi.Fixers;
using QMoi.Handlers.Git;
using QMoi.Tests.Fixers;

namespace QMoi.Tests.Git;

/// <summary>The patterns that read what strangers wrote are linear in time, and find what they say.</summary>
public sealed class PatternTests
{
    /// <summary>.NET 10.0 passes over matches of a pattern that begins with something optional: <c>'?[a-z]+:</c> does not find <c>a:</c> in <c>x' a: b:</c> without backtracking.</summary>
    [Fact]
    public void A_pattern_finds_the_same_with_and_without_backtracking()
    {
        var lines = Directory.EnumerateFiles(CaseTests.Root, "*", SearchOption.AllDirectories).Where(file => new FileInfo(file).Length < 20_000).SelectMany(File.ReadAllLines)
            .Where(line => line.Length < 300).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var text = string.Join('\n', lines.Where((_, index) => index % 4 == 0));
        Assert.InRange(text.Length, 10_000, 1_000_000);
        foreach (var (name, pattern) in Patterns())
        {
            var backtracking = new Regex(pattern.ToString(), pattern.Options & ~RegexOptions.NonBacktracking, TimeSpan.FromMinutes(1));
            Assert.True(backtracking.Matches(text).Select(match => match.Index).SequenceEqual(pattern.Matches(text).Select(match => match.Index)), name);
        }
    }

    private static IEnumerable<(string Name, Regex Pattern)> Patterns() =>
        from assembly in new[] { typeof(PatchRules).Assembly, typeof(Patch).Assembly }
        from type in assembly.GetTypes()
        where !type.ContainsGenericParameters
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where method.ReturnType == typeof(Regex) && method.GetParameters().Length == 0
        let pattern = (Regex)method.Invoke(null, null)!
        where pattern.Options.HasFlag(RegexOptions.NonBacktracking)
        select ($"{type.Name}.{method.Name}", pattern);
}
