using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.CatchUp;

/// <summary>
/// Repositories that the forge no longer lets the bot see: deleted, the App uninstalled, access taken away. Nothing more is asked of them but whether they are back, an admin is told, and
/// what is stored about them is removed within a day. Every known repository is asked for, also one from which nothing has come for months: deleting tells nobody.
/// </summary>
internal sealed partial class RollCall(IForgeHistory history, SweepTable table, Func<string, string, Task> note, TimeProvider clock, ILogger logger)
{
    /// <summary>Found within this time and removed after it once more, with room for a sweep that had too much to do: a day.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromHours(8);

    private const string AlarmAbout = "gone ";

    private IReadOnlyDictionary<string, long>? marks;

    /// <summary>What is done about it, and what a person can do.</summary>
    public const string Remedy = "nothing more is done there, and what is stored about it is removed within a day; where that is not wanted, let the bot's account or App see it again";

    public static bool IsAbout(string alarm) => alarm.StartsWith(AlarmAbout, StringComparison.Ordinal);

    /// <summary>Asks for a repository that was not asked for a while. True when it is gone.</summary>
    public async Task<bool> IsGoneAsync(KnownRepository known, CancellationToken cancellationToken)
    {
        marks ??= await table.MarksAsync($"roll:{SqlStore.Name(history.Kind)}:", cancellationToken);
        var last = marks.TryGetValue(AskedMark(known.Repository), out var asked) ? DateTimeOffset.FromUnixTimeMilliseconds(asked) : known.FirstSeenAt;
        return clock.GetUtcNow() - last >= Every ? await IsGoneNowAsync(known.Repository, cancellationToken) : marks.ContainsKey(GoneMark(known.Repository));
    }

    /// <summary>Asks whatever the time of the last answer, because the forge has refused something of the repository. True when it is gone.</summary>
    public async Task<bool> IsGoneNowAsync(Repository repository, CancellationToken cancellationToken)
    {
        var isGone = !await history.IsReachableAsync(repository, cancellationToken);
        var now = clock.GetUtcNow();
        var since = await table.MarkAsync(GoneMark(repository), cancellationToken);
        if (!isGone)
        {
            await table.SetAsync(AskedMark(repository), now.ToUnixTimeMilliseconds(), cancellationToken);
            if (since is null)
                return false;
            await table.RemoveMarkAsync(GoneMark(repository), cancellationToken);
            await table.EndAlarmAsync(AlarmAbout + repository.Key, cancellationToken);
            await note("repository_back", $"{history.Kind} lets the bot see {Name(repository)} again");
            Log.Back(logger, history.Kind, Name(repository));
            return false;
        }
        if (since is null)
        {
            await table.SetAsync(GoneMark(repository), now.ToUnixTimeMilliseconds(), cancellationToken);
            await table.SetAsync(AskedMark(repository), now.ToUnixTimeMilliseconds(), cancellationToken);
            var words = $"{history.Kind} no longer lets the bot see {Name(repository)}: it was deleted, the App was uninstalled, or access was taken away";
            await table.RaiseAsync(AlarmAbout + repository.Key, words, cancellationToken);
            await note("repository_gone", words);
            return true;
        }
        if (now - DateTimeOffset.FromUnixTimeMilliseconds(since.Value) < Every)
            return true;
        var removed = await table.ForgetAsync(repository, cancellationToken);
        await table.EndAlarmAsync(AlarmAbout + repository.Key, cancellationToken);
        await note("repository_forgotten", $"what was stored about {Name(repository)} on {history.Kind} was removed, {removed} deliveries among it");
        Log.Forgotten(logger, Name(repository), history.Kind, removed);
        return true;
    }

    private static string AskedMark(Repository repository) => $"roll:{repository.Key}:asked";

    private static string GoneMark(Repository repository) => $"roll:{repository.Key}:gone";

    private static string Name(Repository repository) => $"{repository.FullName} ({repository.Id})";

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Forge} lets the bot see {Repository} again; nothing about it was removed")]
        public static partial void Back(ILogger logger, ForgeKind forge, string repository);

        [LoggerMessage(Level = LogLevel.Information, Message = "What was stored about {Repository} on {Forge} was removed, {Deliveries} deliveries among it: the forge has not let the bot see it for hours")]
        public static partial void Forgotten(ILogger logger, string repository, ForgeKind forge, int deliveries);
    }
}
