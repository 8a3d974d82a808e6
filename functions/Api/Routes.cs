using System.Data.Common;
using System.Net;
using QMoi.Functions.AzureFunctions;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Stores;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Api;

/// <summary>What the bot answers over HTTP. One switch instead of a routing table: so few paths do not need one.</summary>
/// <param name="triggers">What an Azure Functions host invokes; <c>null</c> where there is none, and nobody else may.</param>
internal sealed class Routes(Webhooks webhooks, IStore store, SafeMode safeMode, StatusApi status, Role role, TimerTriggers? triggers)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var (path, method) = (context.Request.Path.Value ?? "", context.Request.Method);
        switch (path)
        {
            case "/webhooks/github" or "/webhooks/gitlab" when role == Role.Worker:
                context.Response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
            case "/webhooks/github" or "/webhooks/gitlab" when method == HttpMethods.Post:
                await webhooks.ReceiveAsync(context, path.EndsWith("github", StringComparison.Ordinal) ? ForgeKind.GitHub : ForgeKind.GitLab);
                break;
            case "/webhooks/github" or "/webhooks/gitlab":
                context.Response.StatusCode = (int)HttpStatusCode.MethodNotAllowed;
                context.Response.Headers.Allow = "POST";
                break;
            case "/healthz":
                await context.Response.WriteAsync("alive\n", context.RequestAborted);
                break;
            case "/readyz":
                await AnswerReadyAsync(context);
                break;
            case "/api/qmoi/status":
                await status.AnswerAsync(context);
                break;
            case var _ when triggers?.Has(path) == true:
                await triggers.InvokeAsync(context, path);
                break;
            default:
                context.Response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
        }
    }

    private async Task AnswerReadyAsync(HttpContext context)
    {
        try
        {
            await store.ProveAsync(context.RequestAborted);
            await context.Response.WriteAsync(string.Concat(safeMode.Findings.Select(finding => $"safe mode: {finding}\n").Prepend("ready\n")), context.RequestAborted);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or DbException)
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            await context.Response.WriteAsync("the store cannot be used\n", context.RequestAborted);
        }
    }
}
