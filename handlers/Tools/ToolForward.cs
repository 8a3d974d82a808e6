using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace QMoi.Handlers.Tools;

/// <summary>Inside the sandbox: listens on its loopback, hands every connection to the proxy's socket, and runs the command meanwhile.</summary>
/// <remarks>The hidden command <c>qmoi tool-forward SOCKET PORT -- PROGRAM ARGUMENT...</c>. It ends with the command, and with its exit code.</remarks>
public static class ToolForward
{
    public const string Verb = "tool-forward";

    /// <param name="arguments">What follows the verb.</param>
    /// <returns>The command's exit code; 2 where the arguments are wrong, 127 where the program cannot be started.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (arguments.Count < 4 || arguments[2] != "--" || !int.TryParse(arguments[1], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535) return 2;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(64);
        _ = AcceptAsync(listener, arguments[0], cancellationToken);
        return await ChildProcess.RunAttachedAsync(arguments[3], [.. arguments.Skip(4)], cancellationToken);
    }

    private static async Task AcceptAsync(Socket listener, string socketPath, CancellationToken cancellationToken)
    {
        try
        {
            while (true) _ = ForwardAsync(await listener.AcceptAsync(cancellationToken), socketPath, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The command is over.
        }
    }

    private static async Task ForwardAsync(Socket client, string socketPath, CancellationToken cancellationToken)
    {
        try
        {
            await using var left = new NetworkStream(client, ownsSocket: true);
            var proxy = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await using var right = await ConnectAsync(proxy, socketPath, cancellationToken);
            await Pipes.JoinAsync(left, right, cancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The tool sees a closed connection and says so itself.
        }
    }

    private static async Task<NetworkStream> ConnectAsync(Socket socket, string path, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
