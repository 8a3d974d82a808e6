using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace QMoi.Tests.Git;

/// <summary>Real git on the command line, as a person uses it.</summary>
internal static class RealGit
{
    public static string Run(string folder, params string[] arguments) => RunWith(folder, null, arguments);

    public static string RunWith(string folder, byte[]? input, params string[] arguments)
    {
        var info = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (var (name, value) in new[]
        {
            ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.invalid"),
            ("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.invalid"),
        })
            info.Environment[name] = value;
        using var process = Process.Start(info)!;
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null) process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.TrimEnd('\n') : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {errors.Result}");
    }

    public static string NewRepository(string folder)
    {
        Directory.CreateDirectory(folder);
        Run(folder, "init", "--quiet", "--initial-branch=main");
        return folder;
    }

    public static string Commit(string folder)
    {
        Run(folder, "add", "--all");
        Run(folder, "commit", "--quiet", "--allow-empty", "--message=change");
        return Run(folder, "rev-parse", "HEAD");
    }
}

/// <summary>Git over HTTP on loopback, answered by git's own http-backend. Asks for a token and remembers what it was asked.</summary>
internal sealed class GitServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private GitServer(WebApplication app) => this.app = app;

    public ConcurrentQueue<string> Requests { get; } = new();
    public string? RedirectTo { get; set; }

    /// <summary>Said in the place of every answer, as a git server says why it will not.</summary>
    public string? Error { get; set; }

    public long BytesSent { get; private set; }
    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<GitServer> StartAsync(string root, string token)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = new GitServer(builder.Build());
        server.app.Run(context => server.AnswerAsync(context, root, token));
        await server.app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string root, string token)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}");
        if (RedirectTo is { } target)
        {
            context.Response.Redirect(target + context.Request.Path + context.Request.QueryString);
            return;
        }
        if (context.Request.Headers.Authorization.ToString() is var shown && shown != "Bearer " + token && shown != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("oauth2:" + token)))
        {
            context.Response.StatusCode = 401;
            return;
        }
        if (Error is { } error)
        {
            context.Response.ContentType = "application/x-git-upload-pack-advertisement";
            var said = Encoding.UTF8.GetBytes("ERR " + error);
            await context.Response.Body.WriteAsync((byte[])[.. "001e# service=git-upload-pack\n0000"u8, .. Encoding.ASCII.GetBytes((said.Length + 4).ToString("x4")), .. said]);
            return;
        }
        var info = new ProcessStartInfo("git", ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in new[]
        {
            ("GIT_PROJECT_ROOT", root), ("GIT_HTTP_EXPORT_ALL", "1"), ("PATH_INFO", context.Request.Path.Value), ("QUERY_STRING", context.Request.QueryString.Value?.TrimStart('?')),
            ("REQUEST_METHOD", context.Request.Method), ("CONTENT_TYPE", context.Request.ContentType), ("GIT_PROTOCOL", context.Request.Headers["Git-Protocol"].ToString()),
            ("HTTP_CONTENT_ENCODING", context.Request.Headers.ContentEncoding.ToString()), ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*"),
        })
            info.Environment[name] = value ?? "";
        using var process = Process.Start(info)!;
        await context.Request.Body.CopyToAsync(process.StandardInput.BaseStream);
        process.StandardInput.Close();
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        var bytes = output.ToArray();
        var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
        foreach (var line in Encoding.ASCII.GetString(bytes, 0, end).Split("\r\n"))
        {
            var (name, value) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());
            if (name == "Status") context.Response.StatusCode = int.Parse(value.Split(' ')[0]);
            else context.Response.Headers[name] = value;
        }
        BytesSent += bytes.Length;
        await context.Response.Body.WriteAsync(bytes.AsMemory(end + 4));
    }
}
