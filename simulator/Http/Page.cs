using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace QMoi.Simulator;

/// <summary>One page of a list, with the headers that lead to the others.</summary>
internal sealed class Page
{
    private readonly Call call;
    private readonly int total;

    public Page(Call call, int total, int defaultSize)
    {
        (this.call, this.total) = (call, total);
        Number = int.TryParse(call.Query("page"), out var page) && page > 0 ? page : 1;
        Size = int.TryParse(call.Query("per_page"), out var size) && size > 0 ? Math.Min(size, 100) : defaultSize;
    }

    public int Number { get; }
    public int Size { get; }
    public int Skip => (Number - 1) * Size;
    public int Total => total;
    public int Last => Math.Max(1, (total + Size - 1) / Size);

    public static Answer Of<T>(Call call, IReadOnlyCollection<T> items, Func<T, JsonNode?> shape, int defaultSize, bool withTotals)
    {
        var page = new Page(call, items.Count, defaultSize);
        return page.Finish(Answer.Ok(new JsonArray([.. items.Skip(page.Skip).Take(page.Size).Select(shape)])), withTotals);
    }

    /// <summary>GitHub's lists that come in an object with the total.</summary>
    public static Answer Counted<T>(Call call, IReadOnlyCollection<T> items, string name, Func<T, JsonNode?> shape)
    {
        var page = new Page(call, items.Count, 30);
        var list = new JsonArray([.. items.Skip(page.Skip).Take(page.Size).Select(shape)]);
        return page.Finish(Answer.Ok(new JsonObject { ["total_count"] = items.Count, [name] = list }), withTotals: false);
    }

    public Answer Finish(Answer answer, bool withTotals)
    {
        List<string> links = [];
        if (Number > 1)
            links.Add(Link(Number - 1, "prev"));
        if (Number < Last)
            links.Add(Link(Number + 1, "next"));
        if (withTotals || Number > 1)
            links.Add(Link(1, "first"));
        if (withTotals || Number < Last)
            links.Add(Link(Last, "last"));
        if (links.Count > 0)
            answer.Headers["Link"] = string.Join(", ", links);
        if (!withTotals)
            return answer;
        answer.Headers["X-Total"] = total.ToString();
        answer.Headers["X-Total-Pages"] = Last.ToString();
        answer.Headers["X-Page"] = Number.ToString();
        answer.Headers["X-Per-Page"] = Size.ToString();
        answer.Headers["X-Prev-Page"] = Number > 1 ? (Number - 1).ToString() : "";
        answer.Headers["X-Next-Page"] = Number < Last ? (Number + 1).ToString() : "";
        return answer;
    }

    private string Link(int number, string relation)
    {
        var query = call.Request.Query.Where(entry => entry.Key is not ("page" or "per_page"))
            .SelectMany(entry => entry.Value, (entry, value) => KeyValuePair.Create(entry.Key, value))
            .Append(KeyValuePair.Create<string, string?>("page", number.ToString()))
            .Append(KeyValuePair.Create<string, string?>("per_page", Size.ToString()));
        return $"<{QueryHelpers.AddQueryString(call.Root + RawPath.Of(call.Request), query)}>; rel=\"{relation}\"";
    }
}
