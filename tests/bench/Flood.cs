using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Dapper;

namespace QMoi.Bench;

/// <summary>Webhooks at a steady rate for minutes, received and worked by the same processes: what the answers take, what the processes grow to, whether the work keeps up and all is there.</summary>
internal static class Flood
{
    private const int Connections = 32;

    /// <param name="start">Starts one process that receives and works.</param>
    /// <param name="perMinute">Over all processes together.</param>
    /// <param name="open">A connection to the database that they share.</param>
    public static async Task RunAsync(string store, Func<int, Task<Server>> start, int processes, int perMinute, TimeSpan time, string secret, Func<DbConnection> open)
    {
        var servers = new List<Server>();
        try
        {
            for (var number = 0; number < processes; number++)
                servers.Add(await start(number));
            var idle = servers.Max(server => server.ResidentBytes);
            // Programs that have just started compile and connect for some seconds; that is measured elsewhere.
            var warm = await LoadAsync(TimeSpan.FromSeconds(20));
            var before = servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + server.Cpu);
            var watch = Stopwatch.StartNew();
            using var over = new CancellationTokenSource();
            var memory = PeakAsync(servers, over.Token);
            var loads = await LoadAsync(time);
            var cpu = (servers.Aggregate(TimeSpan.Zero, (sum, server) => sum + server.Cpu) - before) / watch.Elapsed;
            var drain = Stopwatch.StartNew();
            await using var database = open();
            while (await database.ExecuteScalarAsync<long>("SELECT count(*) FROM work") > 0 && drain.Elapsed < TimeSpan.FromMinutes(10))
                await Task.Delay(200);
            var drained = drain.Elapsed.TotalSeconds;
            await over.CancelAsync();
            var peak = await memory / 1e6;
            var stored = (await database.QueryAsync<(string State, long Count)>("SELECT state, count(*) FROM deliveries GROUP BY state")).ToList();
            var (accepted, other) = (loads.Sum(load => load.Accepted), loads.Concat(warm).Sum(load => load.Other));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{store}, {processes} process(es), {perMinute}/min wanted for {time.TotalMinutes:0.#} min: {accepted / loads.Max(load => load.Seconds) * 60:0}/min acknowledged, {other} refused; p50 {loads.Max(load => load.P50):0.0} ms, p99 {loads.Max(load => load.P99):0.0} ms (of the slowest process)"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {cpu:0.00} processors for all of qmoi; resident at most {peak:0} MB a process ({idle / 1e6:0} MB before); all worked {drained:0.0} s after the last; stored {stored.Sum(row => row.Count)} of {accepted + warm.Sum(load => load.Accepted)} acknowledged ({string.Join(", ", stored.Select(row => $"{row.Count} {row.State}"))})"));
        }
        finally
        {
            servers.ForEach(server => server.Dispose());
        }

        Task<LoadResult[]> LoadAsync(TimeSpan length) => Task.WhenAll(servers.Select(server => Load.RunAsync(server.Url, "/webhooks/github", secret, Connections, length, perMinute / 60 / processes)));
    }

    private static async Task<long> PeakAsync(IReadOnlyList<Server> servers, CancellationToken stop)
    {
        var peak = 0L;
        while (!stop.IsCancellationRequested)
        {
            peak = Math.Max(peak, servers.Max(server => server.ResidentBytes));
            await Task.Delay(200, CancellationToken.None);
        }
        return peak;
    }
}
