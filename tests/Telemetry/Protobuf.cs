using System.Buffers.Binary;
using System.Text;

namespace QMoi.Tests.Telemetry;

/// <summary>A small strict reader of protocol buffers: enough to look into what a program sends to a collector.</summary>
internal sealed class Protobuf
{
    private readonly List<(int Number, int Wire, ulong Value, ReadOnlyMemory<byte> Bytes)> fields = [];

    private Protobuf(ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var tag = Varint(bytes.Span, ref at);
            var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            Assert.True(number > 0);
            switch (wire)
            {
                case 0:
                    fields.Add((number, wire, Varint(bytes.Span, ref at), default));
                    break;
                case 1:
                    fields.Add((number, wire, BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[at..]), default));
                    at += 8;
                    break;
                case 2:
                    var length = checked((int)Varint(bytes.Span, ref at));
                    fields.Add((number, wire, 0, bytes.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    fields.Add((number, wire, BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[at..]), default));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {wire} is none.");
            }
        }
    }

    public static Protobuf Read(ReadOnlyMemory<byte> bytes) => new(bytes);

    public IEnumerable<Protobuf> Messages(int number) => Of(number, 2).Select(field => Read(field.Bytes));

    public Protobuf? Message(int number) => Messages(number).SingleOrDefault();

    public string Text(int number) => Of(number, 2).Select(field => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(field.Bytes.Span)).SingleOrDefault("");

    public string Hex(int number) => Of(number, 2).Select(field => Convert.ToHexStringLower(field.Bytes.Span)).SingleOrDefault("");

    public bool Has(int number) => fields.Exists(field => field.Number == number);

    public ulong Fixed(int number) => Of(number, 1).Select(field => field.Value).SingleOrDefault();

    public double Double(int number) => BitConverter.UInt64BitsToDouble(Fixed(number));

    public long Whole(int number) => (long)Of(number, 0).Select(field => field.Value).SingleOrDefault();

    private IEnumerable<(int Number, int Wire, ulong Value, ReadOnlyMemory<byte> Bytes)> Of(int number, int wire)
    {
        Assert.All(fields.Where(field => field.Number == number), field => Assert.Equal(wire, field.Wire));
        return fields.Where(field => field.Number == number);
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
        throw new InvalidDataException("A number without end.");
    }
}
