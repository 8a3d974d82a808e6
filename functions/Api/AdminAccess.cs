using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace QMoi.Functions.Api;

/// <summary>Who may use <c>/api/qmoi/</c>: whoever has the admin token; while there is none, whoever sits at this machine.</summary>
/// <param name="tokens">One, or two while it is being changed.</param>
/// <param name="isBehindProxy">Everybody seems to sit at this machine (Azure Functions), so nobody is let in without a token.</param>
internal sealed class AdminAccess(IReadOnlyList<string> tokens, bool isBehindProxy)
{
    public bool Allows(HttpContext context)
    {
        if (tokens.Count == 0)
            return !isBehindProxy && context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address) && !IsForwarded(context.Request);
        return context.Request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && IsToken(header["Bearer ".Length..].Trim());
    }

    // Of equal length, so that the time it takes tells nothing.
    private bool IsToken(string given)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(given));
        return tokens.Aggregate(false, (found, token) => CryptographicOperations.FixedTimeEquals(hash, SHA256.HashData(Encoding.UTF8.GetBytes(token))) | found);
    }

    /// <summary>A proxy on this machine speaks for somebody else.</summary>
    private static bool IsForwarded(HttpRequest request) =>
        request.Headers.ContainsKey("Forwarded") || request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase));
}
