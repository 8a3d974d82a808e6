using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dapper;
using Npgsql;

namespace QMoi.Tests.Stores;

/// <summary>A PostgreSQL server of our own in a temporary folder, on loopback.</summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    /// <summary>A user who needs a password, once somebody has made that user.</summary>
    public const string Guarded = "guarded";

    private readonly string folder;
    private readonly int port;
    private Process server;
    private int databases;

    private PostgresCluster(string folder, int port, Process server) => (this.folder, this.port, this.server) = (folder, port, server);

    /// <summary>Where Debian keeps what is not on the PATH.</summary>
    private static string? Programs => field ??= Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).FirstOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    /// <summary>There is a PostgreSQL on this machine.</summary>
    public static bool IsPossible => Programs is not null;

    public static async Task<PostgresCluster> StartAsync()
    {
        var temporary = Directory.CreateTempSubdirectory("qmoi-postgres-").FullName;
        // initdb refuses root.
        if (Environment.UserName == "root")
            await RunAsync("chown", "postgres", temporary);
        await RunAsync([.. AsUser, Path.Combine(Programs!, "initdb"), "--pgdata", Path.Combine(temporary, "data"), "--username", "qmoi", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]);
        // Everybody is let in, but for one who has to know the password.
        var access = Path.Combine(temporary, "data", "pg_hba.conf");
        await File.WriteAllTextAsync(access, $"host all {Guarded} 127.0.0.1/32 scram-sha-256\n{await File.ReadAllTextAsync(access)}");
        var free = FreePort();
        var cluster = new PostgresCluster(temporary, free, Serve(temporary, free));
        await cluster.AnswersAsync();
        return cluster;
    }

    public int Port => port;

    public string Url(string database, string user = "qmoi") => $"postgres://{user}@127.0.0.1:{port}/{database}";

    /// <summary>A URL in the form that the client library takes.</summary>
    public static string Form(string url)
    {
        var parsed = new Uri(url);
        return $"Host={parsed.Host};Port={parsed.Port};Username={parsed.UserInfo};Database={parsed.AbsolutePath.TrimStart('/')};Pooling=false;Timeout=60;Command Timeout=120";
    }

    public string CreateDatabase()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        Execute(Url("postgres"), $"CREATE DATABASE {name}");
        return Url(name);
    }

    public static void Execute(string url, string sql)
    {
        using var connection = new NpgsqlConnection(Form(url));
        connection.Open();
        connection.Execute(sql);
    }

    /// <summary>A database's clock cannot be set, but its own word for it can: from now on it is so much later.</summary>
    public static string Later(TimeSpan time) => $"CREATE OR REPLACE FUNCTION qmoi_now() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint + {(long)time.TotalMilliseconds}'";

    /// <summary>As a machine that loses power: nothing is finished.</summary>
    public Task KillAsync() => RunAsync([.. AsUser, Path.Combine(Programs!, "pg_ctl"), "stop", "--pgdata", Path.Combine(folder, "data"), "--mode", "immediate"]);

    /// <summary>As its admin restarts it: connections are told and closed.</summary>
    public Task StopAsync() => RunAsync([.. AsUser, Path.Combine(Programs!, "pg_ctl"), "stop", "--pgdata", Path.Combine(folder, "data"), "--mode", "fast"]);

    public async Task StartAgainAsync()
    {
        await server.WaitForExitAsync();
        server.Dispose();
        server = Serve(folder, port);
        await AnswersAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!server.HasExited)
        {
            server.StandardInput.Close();
            await server.WaitForExitAsync();
        }
        server.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string[] AsUser => Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--"] : [];

    /// <summary>It ends with whoever started it, however that ends: then its standard input does.</summary>
    private static Process Serve(string folder, int port)
    {
        const string script = """
            "$0" -D "$1/data" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$1" -c max_connections=300 -c deadlock_timeout=200ms >"$1/log" 2>&1 &
            server=$!
            (cat >/dev/null; kill -QUIT $server 2>/dev/null) <&3 3<&- &
            wait $server
            """;
        string[] command = [.. AsUser, "sh", "-c", "exec 3<&0; " + script, Path.Combine(Programs!, "postgres"), folder, port.ToString(System.Globalization.CultureInfo.InvariantCulture)];
        return Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, WorkingDirectory = "/" })!;
    }

    private async Task AnswersAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(Form(Url("postgres")));
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException) when (tries < 600)
            {
                await Task.Delay(50);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(params string[] command)
    {
        using var run = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        var (output, error) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync();
        if (run.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)}: {await output}{await error}");
    }
}
