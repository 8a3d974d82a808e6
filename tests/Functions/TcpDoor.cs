using System.Net;
using System.Net.Sockets;

namespace QMoi.Tests.Functions;

/// <summary>The network between the bot and a server on loopback; it can be broken in the ways in which networks break.</summary>
public sealed class TcpDoor : IAsyncDisposable
{
    public enum Way
    {
        /// <summary>Everything passes.</summary>
        Open,

        /// <summary>Connections are reset, and so is every new one.</summary>
        Cut,

        /// <summary>Connections stay and nothing passes any more; those that were there then never come back to life.</summary>
        Stalled,

        /// <summary>The server's side is closed: what is sent is taken, and no answer comes.</summary>
        HalfClosed,
    }

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Lock gate = new();
    private readonly List<(Socket Client, Socket Server)> pairs = [];
    private readonly HashSet<Socket> stalled = [];
    private readonly CancellationTokenSource closing = new();
    private readonly int target;
    private readonly Task accepting;
    private Way way = Way.Open;

    public TcpDoor(int target)
    {
        this.target = target;
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    public void Set(Way now)
    {
        lock (gate)
        {
            (var before, way) = (way, now);
            if (now != Way.Open)
                pairs.ForEach(pair => Break(pair, now));
            if (before != Way.Open && now == Way.Open)
                pairs.Clear();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync(closing.Token);
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                lock (gate)
                {
                    pairs.Add((client, server));
                    if (way != Way.Open)
                    {
                        Break((client, server), way);
                        continue;
                    }
                }
                _ = ConnectAsync(client, server);
            }
        }
        catch (OperationCanceledException)
        {
            // Closed.
        }
    }

    private async Task ConnectAsync(Socket client, Socket server)
    {
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, target, closing.Token);
            await Task.WhenAll(PassAsync(client, server), PassAsync(server, client));
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // As networks do.
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var block = new byte[64 * 1024];
        while (await from.ReceiveAsync(block, closing.Token) is > 0 and var count)
        {
            // What is under way when the network breaks is lost.
            if (IsStalled(from, to))
                await Task.Delay(Timeout.Infinite, closing.Token);
            await to.SendAsync(block.AsMemory(0, count), closing.Token);
        }
        to.Shutdown(SocketShutdown.Send);
    }

    private bool IsStalled(Socket one, Socket other)
    {
        lock (gate)
            return stalled.Contains(one) || stalled.Contains(other);
    }

    private void Break((Socket Client, Socket Server) pair, Way how)
    {
        try
        {
            switch (how)
            {
                case Way.Cut:
                    // Without lingering: a reset.
                    pair.Client.Close(0);
                    pair.Server.Close(0);
                    break;
                case Way.Stalled:
                    stalled.Add(pair.Client);
                    break;
                case Way.HalfClosed:
                    stalled.Add(pair.Client);
                    pair.Client.Shutdown(SocketShutdown.Send);
                    break;
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The other side was quicker.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Dispose();
        await accepting;
        lock (gate)
        {
            foreach (var (client, server) in pairs)
            {
                client.Dispose();
                server.Dispose();
            }
            foreach (var socket in stalled)
                socket.Dispose();
        }
        closing.Dispose();
    }
}
