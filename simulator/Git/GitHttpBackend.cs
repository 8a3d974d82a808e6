using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace QMoi.Simulator;

/// <summary>Clone, fetch and push over HTTP through git's own CGI program.</summary>
internal static partial class GitHttpBackend
{
    /// <returns>False: not a git request.</returns>
    public static async Task<bool> TryHandleAsync(HttpContext context, SimulatedForge forge)
    {
        if (GitPath().Match(RawPath.Of(context.Request)) is not { Success: true } match)
            return false;
        var service = match.Groups["service"].Value;
        var isPush = service == "git-receive-pack" || context.Request.Query["service"] == "git-receive-pack";
        var user = Authenticate(context, forge);
        var fullName = Uri.UnescapeDataString(match.Groups["repository"].Value);
        var repository = forge.FindRepository(fullName);
        if (user is null && (isPush || repository is null or { IsPrivate: true }))
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Git\"";
            return true;
        }
        // A push to a repository that does not exist makes it, as GitLab does.
        if (repository is null && isPush && user is not null)
            repository = await forge.CreateEmptyRepositoryAsync(fullName, null);
        if (repository is null)
        {
            await RefuseAsync(context, 404, "Repository not found.");
            return true;
        }
        if (isPush && repository.PermissionOf(user!) < AccessLevel.Write)
        {
            await RefuseAsync(context, 403, "You are not allowed to push code to this project.");
            return true;
        }
        var fault = forge.TakeFault(context.Request.Method, RawPath.Of(context.Request) + context.Request.QueryString);
        if (fault is { Effect: FaultEffect.BreakBeforeEffect })
            context.Abort();
        else if (fault is { Effect: FaultEffect.Answer })
            await RefuseAsync(context, fault.Status, fault.Body);
        else
            await RunAsync(context, repository, service, user, isAnswerLost: fault is not null);
        return true;
    }

    private static async Task RunAsync(HttpContext context, SimulatedRepository repository, string service, SimulatedUser? user, bool isAnswerLost)
    {
        var request = context.Request;
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["GIT_PROJECT_ROOT"] = repository.Git.Folder,
            ["GIT_HTTP_EXPORT_ALL"] = "1",
            ["PATH_INFO"] = "/" + service,
            ["REQUEST_METHOD"] = request.Method,
            ["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "",
            ["CONTENT_TYPE"] = request.ContentType ?? "",
            ["HTTP_CONTENT_ENCODING"] = request.Headers.ContentEncoding.ToString(),
            ["GIT_PROTOCOL"] = request.Headers["Git-Protocol"].ToString(),
            ["REMOTE_USER"] = user?.Login ?? "",
            ["REMOTE_ADDR"] = "127.0.0.1",
        };
        if (request.ContentLength is { } length)
            environment["CONTENT_LENGTH"] = length.ToString();
        using var process = GitProcess.Start(repository.Git.Folder, ["http-backend"], environment);
        var errors = process.StandardError.ReadToEndAsync(context.RequestAborted);
        using var push = service == "git-receive-pack" ? await WholeAsync(request.Body, context.RequestAborted) : null;
        var feeding = FeedAsync(push ?? request.Body, process.StandardInput.BaseStream, context.RequestAborted);
        var output = process.StandardOutput.BaseStream;
        await ReadHeadersAsync(output, context.Response, context.RequestAborted);
        if (service == "git-receive-pack")
        {
            // Whoever sees the push succeed also sees what follows from it.
            using var result = new MemoryStream();
            await output.CopyToAsync(result, context.RequestAborted);
            await process.WaitForExitAsync(context.RequestAborted);
            await repository.NoticeRefsAsync(user!, skipCi: repository.Forge.TakesPushOptions && PushOptions(push!.GetBuffer().AsSpan(0, (int)push.Length)).Contains("ci.skip", StringComparer.Ordinal));
            result.Position = 0;
            if (isAnswerLost)
                context.Abort();
            await result.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        else
        {
            await output.CopyToAsync(context.Response.Body, context.RequestAborted);
            await process.WaitForExitAsync(context.RequestAborted);
        }
        await feeding;
        await errors;
    }

    private static async Task<MemoryStream> WholeAsync(Stream body, CancellationToken cancellationToken)
    {
        var whole = new MemoryStream();
        await body.CopyToAsync(whole, cancellationToken);
        whole.Position = 0;
        return whole;
    }

    /// <summary>Packet lines: the commands, a flush, and where the first command announces them the options, a flush; then the pack.</summary>
    private static List<string> PushOptions(ReadOnlySpan<byte> push)
    {
        var options = new List<string>();
        var (hasOptions, section) = (false, 0);
        while (push.Length >= 4 && section < 2 && int.TryParse(push[..4], System.Globalization.NumberStyles.HexNumber, null, out var length) && length <= push.Length)
        {
            if (length < 4)
            {
                push = push[4..];
                if (!hasOptions)
                    break;
                section++;
                continue;
            }
            var line = Encoding.UTF8.GetString(push[4..length]).TrimEnd('\n');
            if (section == 0)
                hasOptions |= line.Split('\0') is [_, var abilities] && abilities.Split(' ').Contains("push-options", StringComparer.Ordinal);
            else
                options.Add(line);
            push = push[length..];
        }
        return options;
    }

    private static async Task FeedAsync(Stream body, Stream input, CancellationToken cancellationToken)
    {
        try
        {
            await body.CopyToAsync(input, cancellationToken);
        }
        catch (IOException)
        {
            // git has heard enough
        }
        finally
        {
            await input.DisposeAsync();
        }
    }

    private static async Task ReadHeadersAsync(Stream output, HttpResponse response, CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await output.ReadAsync(one, cancellationToken) == 1)
        {
            if (one[0] != '\n')
            {
                line.Add(one[0]);
                continue;
            }
            var header = Encoding.ASCII.GetString([.. line]).TrimEnd('\r');
            line.Clear();
            if (header.Length == 0)
                return;
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            var value = header[(colon + 1)..].Trim();
            if (header.StartsWith("Status:", StringComparison.OrdinalIgnoreCase))
                response.StatusCode = int.Parse(value.Split(' ')[0]);
            else
                response.Headers[header[..colon]] = value;
        }
    }

    /// <summary>Basic with the token as user or password, or Bearer.</summary>
    private static SimulatedUser? Authenticate(HttpContext context, SimulatedForge forge)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return forge.UserOf(header["Bearer ".Length..].Trim());
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        var buffer = new byte[header.Length];
        return Convert.TryFromBase64String(header["Basic ".Length..].Trim(), buffer, out var count)
            ? Encoding.UTF8.GetString(buffer, 0, count).Split(':', 2).Select(forge.UserOf).FirstOrDefault(user => user is not null)
            : null;
    }

    private static async Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        await context.Response.WriteAsync("remote: " + message + "\n", context.RequestAborted);
    }

    [GeneratedRegex(@"^/(?<repository>[^/]+(/[^/]+?)+?)(\.git)?/(?<service>info/refs|git-upload-pack|git-receive-pack)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GitPath();
}
