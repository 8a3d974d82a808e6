using QMoi.Handlers.Forges;

namespace QMoi.Functions.CatchUp;

/// <summary>What one sweep has found.</summary>
/// <param name="Missed">Deliveries that the forges made, or should have made, and that had not arrived.</param>
/// <param name="Recovered">Ids of those that are stored now.</param>
/// <param name="Skipped">Those that are not, each with its reason.</param>
/// <param name="Left">What could not be looked at and is taken up by the next sweep, with the reason.</param>
/// <param name="Requests">Sent to the forges.</param>
/// <param name="Repositories">Whose state was looked at.</param>
public sealed record SweepReport(int Missed, IReadOnlyList<(ForgeKind Forge, string Id)> Recovered, IReadOnlyList<string> Skipped, IReadOnlyList<string> Left, int Requests, int Repositories, TimeSpan Elapsed)
{
    /// <summary>"missed 212, recovered 212, of which 9 acted on"</summary>
    /// <param name="actedOn">Of the recovered, those whose work is done and was not ignored.</param>
    /// <param name="unfinished">Of the recovered, those that still wait.</param>
    public string Say(int actedOn, int unfinished) =>
        $"missed {Missed}, recovered {Recovered.Count}, of which {actedOn} acted on" + (unfinished == 0 ? "" : $", {unfinished} still waiting") + (Left.Count == 0 ? "" : "; the next sweep goes on");
}
