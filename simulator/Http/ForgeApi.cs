using Microsoft.AspNetCore.Http;

namespace QMoi.Simulator;

/// <summary>What the server needs to know of a forge's API.</summary>
internal abstract class ForgeApi
{
    public Router Router { get; } = new();

    /// <returns>The path within the API; null when it does not belong to the API.</returns>
    public abstract string? PathOf(string path);

    /// <summary>Pages and signed downloads, which need no token.</summary>
    public abstract bool IsBesideTheApi(string path);

    public abstract Task<Answer> HandleOtherAsync(HttpContext context, string path);

    /// <exception cref="ApiError">The token is missing or wrong.</exception>
    public abstract SimulatedUser Authenticate(HttpContext context, string apiPath);

    public abstract ApiError NoSuchRoute();

    public abstract ApiError BadJson();

    /// <summary>Adds the headers every answer carries.</summary>
    public abstract Answer Finish(HttpContext context, Answer answer);
}
