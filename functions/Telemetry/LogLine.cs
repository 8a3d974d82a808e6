using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Parsing;

namespace QMoi.Functions.Telemetry;

/// <summary>Text for people: time, level, and in files delivery, lane and trace, then what is said.</summary>
internal sealed class LogLine(LogGate clean, string timeFormat, bool hasIds) : ITextFormatter
{
    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write(logEvent.Timestamp.ToString(timeFormat, CultureInfo.InvariantCulture));
        output.Write(logEvent.Level switch
        {
            LogEventLevel.Verbose => " VRB ", LogEventLevel.Debug => " DBG ", LogEventLevel.Information => " INF ", LogEventLevel.Warning => " WRN ", LogEventLevel.Error => " ERR ", _ => " FTL ",
        });
        if (hasIds)
            foreach (var name in (string[])["Delivery", "Lane", "Trace"])
                output.Write(clean.CleanLightly(Said.Id(logEvent, name) ?? "-").Replace(' ', '_') + " ");
        output.Write(clean.Clean(Said.Message(logEvent), Said.Values(logEvent)));
        output.Write('\n');
        if (logEvent.Exception is { } exception)
            output.Write(clean.Clean(exception));
    }
}

/// <summary>A line of <c>audit.log</c>, which <see cref="Control.AuditChain"/> reads again.</summary>
internal sealed class AuditLine(LogGate clean) : ITextFormatter
{
    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write(logEvent.Timestamp.ToString("yyyy-MM-ddTHH:mm:ss.fffzzz ", CultureInfo.InvariantCulture));
        output.Write(clean.CleanLightly(Said.Message(logEvent)));
        output.Write('\n');
    }
}

/// <summary>One JSON object a line, for machines that collect logs: time, level, category, message, delivery, lane, trace, exception, and the values in the message under <c>values</c>.</summary>
internal sealed class LogJson(LogGate clean) : ITextFormatter
{
    // Nothing of it is shown as HTML; quotes stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly HashSet<string> OwnPlace = new(["Delivery", "Lane", "Trace", "SourceContext", "EventId"], StringComparer.Ordinal);

    public void Format(LogEvent logEvent, TextWriter output)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", logEvent.Timestamp.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            json.WriteString("level", logEvent.Level.ToString().ToLowerInvariant());
            Write(json, "category", Said.Id(logEvent, "SourceContext"));
            json.WriteString("message", clean.Clean(Said.Message(logEvent), Said.Values(logEvent)));
            Write(json, "delivery", Said.Id(logEvent, "Delivery"));
            Write(json, "lane", Said.Id(logEvent, "Lane"));
            Write(json, "trace", Said.Id(logEvent, "Trace"));
            if (logEvent.Properties.Any(property => !OwnPlace.Contains(property.Key)))
            {
                json.WriteStartObject("values");
                foreach (var (name, value) in logEvent.Properties.Where(property => !OwnPlace.Contains(property.Key)))
                    WriteValue(json, name, value);
                json.WriteEndObject();
            }
            if (logEvent.Exception is { } exception)
                json.WriteString("exception", clean.Clean(exception));
            json.WriteEndObject();
        }
        output.Write(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
        output.Write('\n');
    }

    private void Write(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
            json.WriteString(name, clean.CleanLightly(value));
    }

    private void WriteValue(Utf8JsonWriter json, string name, LogEventPropertyValue value)
    {
        switch ((value as ScalarValue)?.Value)
        {
            case bool truth:
                json.WriteBoolean(name, truth);
                break;
            case int or long or uint or ulong:
                json.WriteNumber(name, Convert.ToDecimal(((ScalarValue)value).Value, CultureInfo.InvariantCulture));
                break;
            case { } other:
                var text = Convert.ToString(other, CultureInfo.InvariantCulture) ?? "";
                json.WriteString(name, clean.Clean(text, [text]));
                break;
            default:
                json.WriteString(name, clean.Clean(value.ToString()));
                break;
        }
    }
}

/// <summary>What an entry says.</summary>
file static class Said
{
    public static string Message(LogEvent logEvent)
    {
        var text = new StringBuilder();
        foreach (var token in logEvent.MessageTemplate.Tokens)
            text.Append(token is PropertyToken named && logEvent.Properties.TryGetValue(named.PropertyName, out var value) ? Plain(value, named.Format) : token.ToString());
        return text.ToString();
    }

    /// <summary>What is put into it; a missing one stands there by its name.</summary>
    public static IEnumerable<string> Values(LogEvent logEvent) => logEvent.MessageTemplate.Tokens.OfType<PropertyToken>()
        .Select(named => logEvent.Properties.TryGetValue(named.PropertyName, out var value) ? Plain(value, named.Format) : "");

    public static string? Id(LogEvent logEvent, string name) => logEvent.Properties.TryGetValue(name, out var value) && value is ScalarValue { Value: string id } ? id : null;

    private static string Plain(LogEventPropertyValue value, string? format) => value switch
    {
        ScalarValue { Value: string text } => text,
        ScalarValue { Value: IFormattable formattable } => formattable.ToString(format, CultureInfo.InvariantCulture),
        ScalarValue { Value: { } other } => other.ToString() ?? "",
        _ => value.ToString(),
    };
}
