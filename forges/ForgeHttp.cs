using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using QMoi.Handlers.Forges;

namespace QMoi.Forges;

/// <summary>
/// The one place that talks HTTP to a forge: time limits, quick retries, redirects, pages, size caps and the words of its refusals. Credentials go to the
/// API's own scheme, host and port and nowhere else.
/// </summary>
internal sealed partial class ForgeHttp : IDisposable
{
    private const int MaxAnswer = 8 * 1024 * 1024;
    private const int MaxRefusal = 64 * 1024;
    private const int MaxPages = 200;
    private const int MaxRedirects = 3;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(5);

    private readonly HttpMessageInvoker invoker;
    private readonly ResiliencePipeline retries;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly IReadOnlyDictionary<string, string> headers;
    private readonly CallSignals signals;
    private readonly ForgeClock forgeClock;

    /// <param name="headers">Sent with every request to the API.</param>
    /// <param name="hide">Takes what must not be told out of the forge's words.</param>
    public ForgeHttp(ForgeKind forge, Uri apiUrl, IReadOnlyDictionary<string, string> headers, TimeProvider clock, IForgeAlarms? alarms, ILogger logger, Func<string, string>? hide)
    {
        ApiUrl = new Uri(apiUrl.AbsoluteUri.TrimEnd('/') + "/");
        forgeClock = new ForgeClock(forge, clock, alarms);
        signals = new CallSignals(forge, ApiUrl);
        this.headers = headers;
        this.clock = clock;
        this.logger = logger;
        Refusals = new ForgeRefusals(hide ?? (words => words));
        invoker = new HttpMessageInvoker(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = ConnectTimeout,
                SslOptions = { RemoteCertificateValidationCallback = new ForgeCertificates(forge, clock, alarms).Check },
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                EnableMultipleHttp2Connections = true,
                // No forge is told the ids of our traces.
                ActivityHeadersPropagator = null,
            },
            disposeHandler: true);
        retries = new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                // A told waiting time is kept by not sending, never by sleeping here.
                ShouldHandle = new PredicateBuilder().Handle<ForgeException>(
                    e => e.Problem is ForgeProblem.Unreachable or ForgeProblem.ServerError && e.RetryAfter is null),
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = retry =>
                {
                    Log.Retrying(logger, retry.AttemptNumber + 1, retry.Outcome.Exception?.Message ?? "");
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Ends with a slash.</summary>
    public Uri ApiUrl { get; }

    /// <summary>The forge's words, made fit to be told.</summary>
    public ForgeRefusals Refusals { get; }

    /// <summary>So much this machine's clock is ahead of the forge's, as far as its answers have told it.</summary>
    public TimeSpan Ahead => forgeClock.Ahead;

    /// <summary>The forge's time, as far as its answers have told it.</summary>
    public DateTimeOffset Now => forgeClock.Now;

    public void Dispose() => invoker.Dispose();

    /// <summary>Throws <see cref="ForgeException"/> unless the answer is a success (or a redirect the request takes).</summary>
    public Task<ForgeAnswer> SendAsync(ForgeAccount account, ForgeRequest request, CallLog calls, CancellationToken cancellationToken) =>
        request.IsRepeatable
            ? retries.ExecuteAsync(async token => await SendOrRenewAsync(account, request, calls, token), cancellationToken).AsTask()
            : SendOrRenewAsync(account, request, calls, cancellationToken);

    public async Task<T> SendAsync<T>(ForgeAccount account, ForgeRequest request, JsonTypeInfo<T> type, CallLog calls, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(account, request, calls, cancellationToken);
        return answer.Read(type);
    }

    /// <summary>All pages in order, at most 200.</summary>
    public async IAsyncEnumerable<T> PagesAsync<T>(
        ForgeAccount account, ForgeRequest request, JsonTypeInfo<T> type, CallLog calls, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var page = 1; ; page++)
        {
            var answer = await SendAsync(account, request, calls, cancellationToken);
            yield return answer.Read(type);
            if (answer.Link("next") is not { } next) yield break;
            if (page == MaxPages) throw new ForgeException(ForgeProblem.Invalid, $"{Shown(request)} has more than {MaxPages} pages; the rest was not read.");
            request = request with { Page = next };
        }
    }

    /// <summary>Newest pages first, for lists that the forge sorts oldest first: the first page (which names the last), then from the last page down.</summary>
    public async IAsyncEnumerable<T> PagesFromEndAsync<T>(
        ForgeAccount account, ForgeRequest request, JsonTypeInfo<T> type, CallLog calls, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var first = await SendAsync(account, request, calls, cancellationToken);
        var next = first.Link("last");
        for (var page = 2; next is not null && page <= MaxPages; page++)
        {
            var answer = await SendAsync(account, request with { Page = next }, calls, cancellationToken);
            yield return answer.Read(type);
            next = answer.Link("prev");
            if (next == first.Link("first") || next == answer.Link("first")) break;
        }

        yield return first.Read(type);
    }

    /// <summary>A download from wherever the forge pointed to: no credentials, no limits of the account. <c>null</c> when it is not there (404, 410).</summary>
    public async Task<Stream?> OpenForeignAsync(Uri address, CallLog calls, CancellationToken cancellationToken)
    {
        try
        {
            return await retries.ExecuteAsync(async token => await OpenForeignOnceAsync(address, calls, token), cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.NotFound)
        {
            return null;
        }
    }

    private async Task<Stream> OpenForeignOnceAsync(Uri address, CallLog calls, CancellationToken cancellationToken)
    {
        for (var hop = 0; ; hop++)
        {
            // A forge reached over TLS must not send us to where everybody can listen.
            if (address.Scheme != Uri.UriSchemeHttps && address.Scheme != ApiUrl.Scheme || address.UserInfo.Length > 0)
                throw new ForgeException(ForgeProblem.Invalid, "The forge points to a download that is not https.");
            using var message = NewMessage(HttpMethod.Get, address);
            // The query is the signature of the URL: never shown.
            var shown = $"{address.Host}{address.AbsolutePath}";
            var exchange = await ExchangeAsync(message, shown, takesStream: true, calls, cancellationToken);
            if (exchange.Stream is not null) return exchange.Stream;
            if (exchange.Location is not { } next || hop == MaxRedirects) throw ForgeRefusals.Of(exchange, $"GET {shown}", retryAfter: null, secret: null);
            address = new Uri(address, next);
        }
    }

    private async Task<ForgeAnswer> SendOrRenewAsync(ForgeAccount account, ForgeRequest request, CallLog calls, CancellationToken cancellationToken)
    {
        account.Limits.ThrowIfWaiting();
        var credential = await account.GetCredentialAsync(calls, cancellationToken);
        try
        {
            return await SendOnceAsync(account, credential, request, calls, cancellationToken);
        }
        catch (ForgeException e) when (e.Problem == ForgeProblem.Unauthorized && account.Discard(credential))
        {
            credential = await account.GetCredentialAsync(calls, cancellationToken);
            return await SendOnceAsync(account, credential, request, calls, cancellationToken);
        }
    }

    private async Task<ForgeAnswer> SendOnceAsync(ForgeAccount account, ForgeCredential credential, ForgeRequest request, CallLog calls, CancellationToken cancellationToken)
    {
        if (request.IsWrite) await account.Limits.TakeWritesAsync(1, cancellationToken);
        using var place = await account.Limits.EnterAsync(cancellationToken);
        var address = request.Page ?? new Uri(ApiUrl, request.Path);
        for (var hop = 0; ; hop++)
        {
            if (!IsOwnHost(address)) throw new ForgeException(ForgeProblem.Invalid, $"{Shown(request)} points to another host ({address.Host}); refused.");
            account.Limits.ThrowIfWaiting();
            using var message = NewMessage(request.Method, address);
            foreach (var (name, value) in headers) message.Headers.TryAddWithoutValidation(name, value);
            message.Headers.TryAddWithoutValidation("Accept", request.Accept);
            message.Headers.TryAddWithoutValidation(credential.Header, credential.Value);
            if (request.Json is not null)
            {
                message.Content = new ByteArrayContent(request.Json);
                message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            if (request.Method != HttpMethod.Get) LeaseGuard.ThrowIfOver();
            var sent = clock.GetTimestamp();
            var exchange = await ExchangeAsync(message, Shown(address), request.TakesStream, calls, cancellationToken);
            forgeClock.Learn(exchange.Headers, clock.GetElapsedTime(sent));
            var told = account.Limits.Learn(exchange.Status, exchange.Headers, exchange.Message);
            signals.Learn(exchange.Headers);
            if (told is not null) Log.ToldToWait(logger, Shown(request), told.Value);
            if (exchange.Status < 300) return new ForgeAnswer(exchange, ApiUrl);
            if (exchange.Location is not null && request.TakesRedirect) return new ForgeAnswer(exchange, ApiUrl);

            var isRepeatedElsewhere = exchange.Status is 307 or 308 || (request.Method == HttpMethod.Get && exchange.Status is 301 or 302 or 303);
            if (exchange.Location is not { } location || !isRepeatedElsewhere || hop == MaxRedirects) throw ForgeRefusals.Of(exchange, Shown(request), told, credential.Secret);
            address = new Uri(address, location);
        }
    }

    private async Task<Exchange> ExchangeAsync(HttpRequestMessage message, string shownPath, bool takesStream, CallLog calls, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(RequestTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        using var span = signals.Begin(message);
        var startedAt = clock.GetUtcNow();
        var started = clock.GetTimestamp();
        var status = 0;
        HttpResponseMessage? response = null;
        try
        {
            response = await invoker.SendAsync(message, either.Token);
            status = (int)response.StatusCode;
            var body = await response.Content.ReadAsStreamAsync(either.Token);
            if (takesStream && status < 300)
            {
                var stream = new IdleTimeoutStream(response, body, LongestSilence, clock);
                var exchange = new Exchange(status, response.Headers, [], stream, IsEmpty: response.Content.Headers.ContentLength == 0, "");
                response = null;   // the stream owns it now
                return exchange;
            }

            var bytes = await ReadAsync(body, status < 300 ? MaxAnswer : MaxRefusal, isCutAllowed: status >= 300, $"{message.Method} {shownPath}", either.Token);
            return new Exchange(status, response.Headers, bytes, Stream: null, IsEmpty: bytes.Length == 0, status < 300 ? "" : Refusals.MessageOf(bytes));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ForgeException(ForgeProblem.Unreachable, $"{message.Method} {shownPath} was not answered in time.", inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ForgeException(ForgeProblem.Unreachable, $"{message.Method} {shownPath}: the forge cannot be reached ({Reason(e)}).", inner: e);
        }
        finally
        {
            response?.Dispose();
            var elapsed = clock.GetElapsedTime(started);
            calls.Add(new ForgeCall(message.Method.Method, shownPath, status, startedAt, elapsed));
            signals.End(span, status, elapsed);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream body, int cap, bool isCutAllowed, string shown, CancellationToken cancellationToken)
    {
        using var read = new MemoryStream();
        var block = new byte[16 * 1024];
        while (await body.ReadAsync(block, cancellationToken) is > 0 and var count)
        {
            if (read.Length + count > cap)
            {
                if (isCutAllowed) break;
                throw new ForgeException(ForgeProblem.Invalid, $"{shown}: the answer is larger than {cap / 1024 / 1024} MB; refused.");
            }

            read.Write(block, 0, count);
        }

        return read.ToArray();
    }

    private static HttpRequestMessage NewMessage(HttpMethod method, Uri address)
    {
        var message = new HttpRequestMessage(method, address) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        message.Headers.TryAddWithoutValidation("User-Agent", "QMoi");
        return message;
    }

    private bool IsOwnHost(Uri address) => IsSameOrigin(address, ApiUrl);

    internal static bool IsSameOrigin(Uri address, Uri api) =>
        address.Scheme == api.Scheme && address.Port == api.Port && address.UserInfo.Length == 0 && string.Equals(address.IdnHost, api.IdnHost, StringComparison.OrdinalIgnoreCase);

    private string Shown(Uri address) => address.AbsolutePath.StartsWith(ApiUrl.AbsolutePath, StringComparison.Ordinal) ? "/" + address.AbsolutePath[ApiUrl.AbsolutePath.Length..] : address.AbsolutePath;

    private string Shown(ForgeRequest request) => $"{request.Method} {Shown(request.Page ?? new Uri(ApiUrl, request.Path))}";

    private static string Reason(Exception e) => e is HttpRequestException { InnerException: AuthenticationException refused } ? refused.Message : e is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } http ? http.HttpRequestError.ToString() : e.GetType().Name;

    /// <param name="Message">What the forge said, for people: one line, capped, without control characters.</param>
    internal sealed record Exchange(int Status, HttpResponseHeaders Headers, byte[] Body, Stream? Stream, bool IsEmpty, string Message)
    {
        public string? Location => Status is >= 300 and < 400 && Headers.NonValidated.TryGetValues("Location", out var values) ? values.ToString() : null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Trying again ({Attempt} of 2): {Reason}")]
        public static partial void Retrying(ILogger logger, int attempt, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Request}: the forge asks to wait {Wait}")]
        public static partial void ToldToWait(ILogger logger, string request, TimeSpan wait);
    }
}
