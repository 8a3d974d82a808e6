using System.Text;

namespace QMoi.Simulator;

/// <summary>What a job printed. May be read while the job is still writing.</summary>
public sealed class JobLog
{
    private readonly Lock gate = new();
    private byte[] content;
    private int length;

    public JobLog() => content = [];

    private JobLog(byte[] whole) => (content, length) = (whole, whole.Length);

    /// <summary>A finished log; the array is kept, not copied.</summary>
    public static JobLog Of(byte[] content) => new(content);

    /// <summary>The forge has lost it: asking for it is answered 404.</summary>
    public static JobLog Missing() => new() { IsMissing = true };

    public bool IsMissing { get; private init; }

    public int Length
    {
        get
        {
            lock (gate)
                return length;
        }
    }

    public ReadOnlyMemory<byte> Bytes
    {
        get
        {
            lock (gate)
                return content.AsMemory(0, length);
        }
    }

    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        lock (gate)
        {
            if (length + bytes.Length > content.Length)
                Array.Resize(ref content, Math.Max(length + bytes.Length, Math.Max(4096, content.Length * 2)));
            bytes.CopyTo(content.AsSpan(length));
            length += bytes.Length;
        }
    }
}
