namespace QMoi.Simulator;

/// <summary>Counts what is going on in the background, so that one can wait until nothing is.</summary>
internal sealed class Activity
{
    private readonly Lock gate = new();
    private int running;
    private TaskCompletionSource idle = Completed();

    public IDisposable Begin()
    {
        lock (gate)
        {
            if (running++ == 0)
                idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        return new Piece(this);
    }

    /// <summary>Done when nothing runs at that moment; it may begin again right after.</summary>
    public Task IdleAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return idle.Task.WaitAsync(cancellationToken);
    }

    public bool IsIdle
    {
        get
        {
            lock (gate)
                return running == 0;
        }
    }

    private void End()
    {
        lock (gate)
        {
            if (--running == 0)
                idle.SetResult();
        }
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private sealed class Piece(Activity activity) : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
                activity.End();
        }
    }
}
