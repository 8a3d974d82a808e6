using QMoi.Handlers.Forges;

namespace QMoi.Handlers.Repair;

/// <summary>Jobs that change the world outside: running one twice may ship or migrate twice, so the bot never does.</summary>
internal static class ReleaseJobs
{
    private static readonly string[] Stems = ["deploy", "publish", "releas", "rollout", "migrat", "terraform", "production"];

    public static bool Includes(Job job) => Includes(job.Name) || Includes(job.Stage ?? "");

    private static bool Includes(string name) => name
        .Split([' ', '-', '_', ':', '/', '.', '(', ')', ','], StringSplitOptions.RemoveEmptyEntries)
        .Any(word => word.Equals("prod", StringComparison.OrdinalIgnoreCase) || Stems.Any(stem => word.StartsWith(stem, StringComparison.OrdinalIgnoreCase)));
}
