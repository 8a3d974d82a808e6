using System.Net;

namespace QMoi.Functions.Telemetry;

/// <summary>Tells once that the collector cannot be reached, and once when it can again; a bot without one works as well as with it.</summary>
internal sealed partial class CollectorWatch(string collector, ILogger logger)
{
    private int isAway;

    public HttpClient NewClient(TimeSpan timeout)
    {
        var handler = new Handler(this);
        return new HttpClient(handler, disposeHandler: true) { Timeout = timeout };
    }

    private void Note(string? problem)
    {
        if (Interlocked.Exchange(ref isAway, problem is null ? 0 : 1) is var before && problem is not null && before == 0)
            Log.Away(logger, collector, problem);
        else if (problem is null && before == 1)
            Log.Back(logger, collector);
    }

    private sealed class Handler : DelegatingHandler
    {
        private readonly CollectorWatch watch;

        public Handler(CollectorWatch watch)
            : base(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5), PooledConnectionLifetime = TimeSpan.FromMinutes(5), ActivityHeadersPropagator = null }) =>
            this.watch = watch;

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return Seen(base.Send(request, cancellationToken));
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                watch.Note(Words(exception));
                throw;
            }
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return Seen(await base.SendAsync(request, cancellationToken));
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                watch.Note(Words(exception));
                throw;
            }
        }

        private HttpResponseMessage Seen(HttpResponseMessage answer)
        {
            // gRPC says its refusals with 200; a refusal without a body has its status here.
            var refusal = answer.Headers.TryGetValues("grpc-status", out var said) && said.First() is not "0" and var code ? $"gRPC status {code}" : null;
            watch.Note(answer.StatusCode == HttpStatusCode.OK ? refusal : $"it answers {(int)answer.StatusCode}");
            return answer;
        }

        private static string Words(Exception exception) => exception switch
        {
            HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http => http.HttpRequestError.ToString(),
            OperationCanceledException => "no answer in time",
            _ => exception.GetType().Name,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Traces and metrics cannot be sent to {Collector} ({Problem}); they are lost until it answers, everything else goes on")]
        public static partial void Away(ILogger logger, string collector, string problem);

        [LoggerMessage(Level = LogLevel.Information, Message = "Traces and metrics are sent to {Collector} again")]
        public static partial void Back(ILogger logger, string collector);
    }
}
