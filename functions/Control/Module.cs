namespace QMoi.Functions.Control;

/// <summary>What can be switched off and on while the bot runs, in the order in which things are started.</summary>
public enum Module
{
    /// <summary>Taking deliveries in. Off: senders are told to come again.</summary>
    Receive,

    /// <summary>Working what is stored. Off: it waits.</summary>
    Work,

    /// <summary>Repairs. Off: failures are explained only.</summary>
    Fix,

    /// <summary>Running failed jobs again. Off: failures are explained only.</summary>
    Retry,

    /// <summary>Looking for what was missed.</summary>
    Sweep,
}

public static class Modules
{
    public static IReadOnlyList<Module> All { get; } = Enum.GetValues<Module>();

    /// <summary>What a module is of no use without: it counts as off while one of these is.</summary>
    public static IReadOnlyList<Module> Needs(this Module module) => module switch
    {
        Module.Fix or Module.Retry => [Module.Work],
        _ => [],
    };

    public static string Name(this Module module) => module.ToString().ToLowerInvariant();
}

/// <summary>What an admin wants of all processes of this bot. Survives restarts.</summary>
/// <param name="StoppedBy">Who pressed the emergency stop, and when, for people; <c>null</c> when it is not pressed.</param>
public sealed record ControlState(string? StoppedBy, IReadOnlySet<Module> Off)
{
    public static ControlState Running { get; } = new(null, new HashSet<Module>());

    public bool IsStopped => StoppedBy is not null;

    /// <summary>Not switched off, nor anything it needs. The emergency stop leaves receiving alone: nothing is lost by it.</summary>
    public bool IsOn(Module module) => !Off.Contains(module) && module.Needs().All(IsOn) && (module == Module.Receive || !IsStopped);
}
