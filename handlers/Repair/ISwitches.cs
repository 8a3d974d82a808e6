namespace QMoi.Handlers.Repair;

/// <summary>What an admin has switched off for all repositories; asked each time, for it changes while the bot runs.</summary>
public interface ISwitches
{
    bool MayFix { get; }

    bool MayRetry { get; }
}
