using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace QMoi.Simulator;

internal static class RawPath
{
    /// <summary>The path as the client sent it, still encoded, without the query.</summary>
    public static string Of(HttpRequest request)
    {
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        // A proxy-style request line carries the whole URL.
        if (!target.StartsWith('/') && Uri.TryCreate(target, UriKind.Absolute, out var absolute))
            target = absolute.PathAndQuery;
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }
}
