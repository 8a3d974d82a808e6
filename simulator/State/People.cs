namespace QMoi.Simulator;

/// <param name="Kind">As GitHub says it: User, Bot or Organization.</param>
public sealed record SimulatedUser(long Id, string Login, string Name, string Email, string Kind);

/// <summary>What an account may do with a repository; the numbers are GitLab's access levels.</summary>
public enum AccessLevel
{
    None = 0,
    Read = 10,
    Triage = 20,
    Write = 30,
    Maintain = 40,
    Admin = 50,
}
