using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace QMoi.Simulator;

internal enum MergeRequestAction
{
    Opened,

    /// <summary>New commits.</summary>
    Updated,
    Edited,
    Closed,
    Merged,
    Reopened,
}

/// <summary>Posts webhooks, one after the other and in the order things happened, and remembers what was answered.</summary>
internal abstract class ForgeHooks : IDisposable
{
    private readonly SimulatedForge forge;
    private readonly HttpClient http;
    private readonly List<DeliveryRecord> deliveries = [];
    private readonly List<DeliveryRecord> held = [];
    private readonly Channel<(DeliveryRecord Delivery, IDisposable Activity)> queue = Channel.CreateUnbounded<(DeliveryRecord, IDisposable)>();
    private bool isHolding;

    protected ForgeHooks(SimulatedForge forge)
    {
        this.forge = forge;
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = forge.Options.HookTimeout };
        _ = SendAllAsync();
    }

    public IReadOnlyList<DeliveryRecord> Deliveries => forge.Snapshot(deliveries);

    public abstract Task PushedAsync(SimulatedRepository repository, RefChange change, GitCommit? commit, SimulatedUser actor);

    /// <param name="before">The head before new commits arrived.</param>
    public abstract void MergeRequestChanged(SimulatedMergeRequest mergeRequest, MergeRequestAction action, string? before, SimulatedUser by);

    public abstract void CommentCreated(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment);

    /// <param name="before">What it said until then.</param>
    public abstract void CommentEdited(SimulatedRepository repository, SimulatedMergeRequest? mergeRequest, SimulatedComment comment, string before, SimulatedUser by);

    /// <summary>A pipeline, or another attempt of it, has come to be.</summary>
    public abstract void PipelineCreated(SimulatedPipeline pipeline);

    public abstract void PipelineChanged(SimulatedPipeline pipeline);

    public abstract void JobChanged(SimulatedJob job);

    public void Redeliver(DeliveryRecord old) => Enqueue(new DeliveryRecord
    {
        Id = forge.NextId(),
        DeliveryId = old.DeliveryId,
        Event = old.Event,
        Action = old.Action,
        Body = old.Body,
        Url = old.Url,
        HookId = old.HookId,
        Headers = old.Headers,
        Repository = old.Repository,
        IsRedelivery = true,
        SentAt = forge.Now,
    });

    public void Hold()
    {
        lock (forge.Gate)
            isHolding = true;
    }

    public void Release(bool shuffled)
    {
        lock (forge.Gate)
        {
            isHolding = false;
            var waiting = held.ToArray();
            held.Clear();
            if (shuffled)
                Random.Shared.Shuffle(waiting);
            foreach (var delivery in waiting)
                Post(delivery);
        }
    }

    public void Dispose()
    {
        queue.Writer.TryComplete();
        http.Dispose();
    }

    public void Ping(SimulatedHook hook, string eventName, JsonObject payload) => Send(hook, eventName, null, payload, hook.Repository);

    protected void Send(string eventName, string? action, JsonObject payload, SimulatedRepository repository)
    {
        lock (forge.Gate)
        {
            foreach (var hook in Targets(repository).Where(hook => Wants(hook, eventName)))
                Send(hook, eventName, action, payload, repository);
        }
    }

    /// <summary>Whether a hook made over REST asked for this event.</summary>
    protected abstract bool Wants(SimulatedHook hook, string eventName);

    protected abstract Dictionary<string, string> Headers(SimulatedHook hook, string eventName, string guid, byte[] body, SimulatedRepository? repository);

    private void Send(SimulatedHook hook, string eventName, string? action, JsonObject payload, SimulatedRepository? repository) =>
        Enqueue(NewDelivery(hook, eventName, action, payload, repository));

    private DeliveryRecord NewDelivery(SimulatedHook hook, string eventName, string? action, JsonObject payload, SimulatedRepository? repository)
    {
        var guid = Guid.NewGuid().ToString();
        var body = System.Text.Encoding.UTF8.GetBytes(payload.ToJsonString(Answer.JsonOptions));
        return new DeliveryRecord
        {
            Id = forge.NextId(),
            DeliveryId = guid,
            Event = eventName,
            Action = action,
            Body = body,
            Url = hook.Url,
            HookId = hook.Id,
            Headers = Headers(hook, eventName, guid, body, repository),
            Repository = repository,
            SentAt = forge.Now,
        };
    }

    /// <summary>The forge has not switched it off because of earlier answers.</summary>
    protected virtual bool IsExecutable(SimulatedHook hook) => true;

    /// <summary>What became of a delivery of a hook.</summary>
    protected virtual void Answered(long hookId, bool isGood)
    {
    }

    /// <summary>Sends at once, whatever the state of the hook, and waits for the answer.</summary>
    public async Task<DeliveryRecord> TestAsync(SimulatedHook hook, string eventName, JsonObject payload)
    {
        var delivery = NewDelivery(hook, eventName, null, payload, hook.Repository);
        lock (forge.Gate)
            deliveries.Add(delivery);
        await PostAsync(delivery);
        return delivery;
    }

    private IEnumerable<SimulatedHook> Targets(SimulatedRepository repository) =>
        forge.RepositoryHooks.Where(hook => hook.IsActive && (hook.Repository == repository || hook.Group?.Holds(repository) == true) && IsExecutable(hook)).Concat(forge.GlobalHook is { } global ? [global] : []);

    private void Enqueue(DeliveryRecord delivery)
    {
        lock (forge.Gate)
        {
            deliveries.Add(delivery);
            if (isHolding)
                held.Add(delivery);
            else
                Post(delivery);
        }
    }

    private void Post(DeliveryRecord delivery)
    {
        var activity = forge.Activity.Begin();
        if (!queue.Writer.TryWrite((delivery, activity)))
            activity.Dispose();
    }

    private async Task SendAllAsync()
    {
        await foreach (var (delivery, activity) in queue.Reader.ReadAllAsync())
        {
            using (activity)
            {
                if (!forge.Stopping.IsCancellationRequested)
                    await PostAsync(delivery);
            }
        }
    }

    private async Task PostAsync(DeliveryRecord delivery)
    {
        var started = forge.Now;
        var (status, answer) = (0, "");
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, delivery.Url) { Content = new ByteArrayContent(delivery.Body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            foreach (var (name, value) in delivery.Headers)
                request.Headers.TryAddWithoutValidation(name, value);
            using var response = await http.SendAsync(request, forge.Stopping);
            (status, answer) = ((int)response.StatusCode, await response.Content.ReadAsStringAsync(forge.Stopping));
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException or IOException or ObjectDisposedException
            or InvalidOperationException or UriFormatException)
        {
            answer = problem.Message;
        }
        lock (forge.Gate)
        {
            (delivery.SentAt, delivery.Duration, delivery.StatusCode, delivery.Answer) = (started, forge.Now - started, status, answer);
            Answered(delivery.HookId, status is >= 200 and < 300);
        }
    }
}
