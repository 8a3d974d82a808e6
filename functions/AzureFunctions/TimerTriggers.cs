using System.Net;
using System.Text.Json;
using QMoi.Functions.CatchUp;
using QMoi.Functions.SelfHealing;
using QMoi.Functions.Stores;

namespace QMoi.Functions.AzureFunctions;

/// <summary>
/// The functions that a timer of the Azure Functions host invokes, by <c>POST /NAME</c> with an envelope. What the process does by itself may stand still between
/// invocations, and an instance may be gone the next moment: so nothing that has to happen depends on it, and each invocation ends before the host gives it up.
/// </summary>
/// <remarks>learn.microsoft.com/azure/azure-functions/functions-custom-handlers (2026-11). 200 with an object: done; anything else fails the invocation, and the next one tries again.</remarks>
public sealed partial class TimerTriggers(Worker worker, Care care, Sweeper sweep, TimeProvider clock, ILogger<TimerTriggers> logger)
{
    private const int MaxEnvelope = 1 << 20;

    /// <summary>Nothing new is begun after that, so that invocations follow each other each minute; what is in hand is finished.</summary>
    private static readonly TimeSpan BeginFor = TimeSpan.FromSeconds(50);

    private static readonly byte[] Answer = """{"Outputs":{},"Logs":[],"ReturnValue":null}"""u8.ToArray();

    /// <summary>By the names of their folders in the app.</summary>
    private Func<CancellationToken, Task>? Find(string path) => path switch
    {
        "/work" => token => ForAWhileAsync(worker.DrainAsync, token),
        "/sweep" => token => ForAWhileAsync(SweepAsync, token),
        "/retention" => care.RemoveOldAsync,
        _ => null,
    };

    public bool Has(string path) => Find(path) is not null;

    public async Task InvokeAsync(HttpContext context, string path)
    {
        if (await ReadProblemAsync(context) is { } problem)
        {
            Log.NotUnderstood(logger, path, problem);
            context.Response.StatusCode = (int)HttpStatusCode.BadRequest;
            await context.Response.WriteAsync($"Not an invocation of the Azure Functions host: {problem}. Wanted is a JSON object with Data, as host.json with \"version\": \"2.0\" and a timerTrigger make it.\n", context.RequestAborted);
            return;
        }
        try
        {
            await Find(path)!(context.RequestAborted);
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(Answer, context.RequestAborted);
        }
        catch (StoreUnavailableException unavailable)
        {
            context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            await context.Response.WriteAsync(unavailable.Message + "\n", context.RequestAborted);
        }
    }

    /// <summary>The process may have swept by itself just now.</summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await sweep.SweepAsync(TimeSpan.FromMinutes(1), cancellationToken);
        await sweep.TellAsync(cancellationToken);
    }

    private async Task ForAWhileAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var begin = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var limit = clock.CreateTimer(_ => begin.Cancel(), null, BeginFor, Timeout.InfiniteTimeSpan);
        try
        {
            await work(begin.Token);
        }
        catch (OperationCanceledException) when (begin.IsCancellationRequested)
        {
            // The next invocation goes on.
        }
    }

    /// <summary>Hosts differ in what they put into an envelope; that it is one is all that is needed of a timer's.</summary>
    private static async Task<string?> ReadProblemAsync(HttpContext context)
    {
        if (context.Request.Method != HttpMethods.Post)
            return $"the method is {context.Request.Method}";
        if (context.Request.ContentLength is > MaxEnvelope)
            return "it is larger than 1 MB";
        try
        {
            using var envelope = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            return envelope.RootElement.ValueKind == JsonValueKind.Object && envelope.RootElement.TryGetProperty("Data", out _) ? null : "there is no Data in it";
        }
        catch (JsonException)
        {
            return "it is not JSON";
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The invocation of {Path} is not understood: {Problem}. Compare host.json and the function's function.json with those that were delivered")]
        public static partial void NotUnderstood(ILogger logger, string path, string problem);
    }
}
