using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using QMoi.Simulator;

namespace QMoi.Tests.Simulator;

/// <summary>A client of a simulated forge that knows nothing but HTTP.</summary>
internal sealed class ForgeClient : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly string root;

    public ForgeClient(SimulatedForge forge, string? token = null)
    {
        root = forge.ApiUrl;
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? forge.Token);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("test/1");
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, root + path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task<JsonNode> GetAsync(string path) => JsonAsync(HttpMethod.Get, path, null, 200);

    public Task<JsonNode> PostAsync(string path, JsonNode? body, int status = 201) => JsonAsync(HttpMethod.Post, path, body, status);

    public Task<JsonNode> PutAsync(string path, JsonNode? body, int status = 200) => JsonAsync(HttpMethod.Put, path, body, status);

    public async Task<string> TextAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Follows a redirect the way a client must: without the token.</summary>
    public async Task<byte[]> DownloadAsync(string path)
    {
        using var redirect = await SendAsync(HttpMethod.Get, path);
        Assert.Equal(302, (int)redirect.StatusCode);
        using var bare = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await bare.GetByteArrayAsync(redirect.Headers.Location, TestContext.Current.CancellationToken);
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonNode> JsonAsync(HttpMethod method, string path, JsonNode? body, int status)
    {
        using var response = await SendAsync(method, path, body);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }
}
