using System.Collections.Concurrent;
using HandlebarsDotNet;

namespace QMoi.Handlers.Messages;

/// <summary>Every word the bot says, from the embedded <c>templates/</c>. A name that the data lacks is an error, never an empty place.</summary>
public sealed class Templates
{
    private readonly IHandlebars handlebars = Handlebars.Create(new HandlebarsConfiguration { NoEscape = true, ThrowOnUnresolvedBindingExpression = true });
    private readonly ConcurrentDictionary<string, HandlebarsTemplate<object, object>> compiled = new(StringComparer.Ordinal);

    /// <summary>Values are strings, booleans, dictionaries and lists; text from outside has passed through <see cref="OutsideText"/>.</summary>
    public string Render(string name, IReadOnlyDictionary<string, object?> data)
    {
        var template = compiled.GetOrAdd(name, key => handlebars.Compile(Read(key)));
        return template(data).ReplaceLineEndings("\n").Trim() + "\n";
    }

    private static string Read(string name)
    {
        using var stream = typeof(Templates).Assembly.GetManifestResourceStream($"templates/{name}.md")
            ?? throw new InvalidOperationException($"There is no template '{name}'.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
