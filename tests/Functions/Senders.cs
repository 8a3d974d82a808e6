using System.Collections.Concurrent;
using System.Net;
using QMoi.Functions.Stores;

namespace QMoi.Tests.Functions;

/// <summary>A forge under load: some send at the same time, and send again what was not taken, under the same id.</summary>
internal sealed class Senders
{
    private readonly ConcurrentDictionary<string, bool> acknowledged = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HttpStatusCode, int> statuses = new();
    private readonly Task sending;
    private volatile bool isEnough;

    public Senders(string url, int count) => sending = Task.WhenAll(Enumerable.Range(1, count).Select(sender => SendAsync(url, sender)));

    public Task AcknowledgedAsync(int more)
    {
        var target = acknowledged.Count + more;
        return Waiting.UntilAsync(() => acknowledged.Count >= target);
    }

    public Task RefusedAsync(int more)
    {
        var target = Refused + more;
        return Waiting.UntilAsync(() => Refused >= target);
    }

    /// <summary>Until the last answer; there was none of another kind.</summary>
    public async Task StopAsync()
    {
        isEnough = true;
        await sending;
        Assert.Empty(statuses.Keys.Except([HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]));
    }

    /// <summary>Everything acknowledged is among what is stored, and all of that was worked: it turned out that nothing is to be done about it.</summary>
    public async Task AssertWorkedAsync(IStore store) => AssertWorked((await store.ListAsync(null, null, default).ToListAsync()).ConvertAll(row => (row.Id, row.State.ToString().ToLowerInvariant())));

    public void AssertWorked(IReadOnlyCollection<(string Id, string State)> stored)
    {
        Assert.Empty(acknowledged.Keys.Except(stored.Select(row => row.Id), StringComparer.Ordinal));
        Assert.All(stored, row => Assert.Equal("ignored", row.State));
    }

    private int Refused => statuses.GetValueOrDefault(HttpStatusCode.ServiceUnavailable);

    private async Task SendAsync(string url, int sender)
    {
        for (var number = 0; !isEnough; number++)
        {
            var id = $"{sender}-{number}";
            HttpStatusCode status;
            do
            {
                status = await SignedPost.WorkedAsync(url, id, sender);
                statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            }
            while (status == HttpStatusCode.ServiceUnavailable && !isEnough);
            if (status is HttpStatusCode.Accepted or HttpStatusCode.OK)
                acknowledged[id] = true;
        }
    }
}
