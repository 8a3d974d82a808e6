using System.Collections.Frozen;
using System.Reflection;

namespace QMoi.Fixers;

/// <summary>The fixers of this assembly, by the failure they repair.</summary>
public static class FixerIndex
{
    private static readonly FrozenDictionary<string, IFixer> ById = Scan().ToFrozenDictionary(fixer => fixer.FailureId, StringComparer.Ordinal);

    public static IReadOnlyList<IFixer> All { get; } = [.. ById.Values.OrderBy(fixer => fixer.FailureId, StringComparer.Ordinal)];

    public static IFixer? Find(string failureId) => ById.GetValueOrDefault(failureId);

    private static IEnumerable<IFixer> Scan() =>
        from type in Assembly.GetExecutingAssembly().GetTypes()
        where type is { IsAbstract: false, IsClass: true } && typeof(IFixer).IsAssignableFrom(type)
        select (IFixer)Activator.CreateInstance(type)!;
}
