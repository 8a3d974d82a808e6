using System.Net;
using System.Text;
using QMoi.Tests.Forges;

namespace QMoi.Tests.Functions;

/// <summary>Deliveries as GitHub sends them.</summary>
internal static class SignedPost
{
    public const string Secret = "a-secret-of-the-tests";

    private static readonly HttpClient Client = new();

    /// <summary>A delivery that needs no forge but is worked: the end of a merge request that looks like the bot's. Most others are done with being stored.</summary>
    public static Task<HttpStatusCode> WorkedAsync(string url, string id, int repository = 7) => SendAsync(
        url, id, "pull_request",
        $$$"""{"action":"closed","pull_request":{"number":1,"merged":false,"head":{"ref":"qmoi/fix/{{{id}}}","sha":"1111111111111111111111111111111111111111","repo":{"id":{{{repository}}}}},"base":{"ref":"main"}},"repository":{"id":{{{repository}}},"full_name":"acme/app","default_branch":"main"}}""");

    /// <summary>A delivery that is done with being stored.</summary>
    public static Task<HttpStatusCode> PushAsync(string url, string id) =>
        SendAsync(url, id, "push", $$$"""{"ref":"refs/heads/{{{id}}}","repository":{"id":7,"full_name":"acme/app","default_branch":"main"}}""");

    public static async Task<HttpStatusCode> SendAsync(string url, string id, string eventName, string body, string secret = Secret)
    {
        using var request = Unsigned(url, id, eventName, body);
        request.Headers.Add("X-Hub-Signature-256", Deliveries.GitHubSignature(secret, body));
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            Assert.Equal(TimeSpan.FromSeconds(10), response.Headers.RetryAfter?.Delta);
        return response.StatusCode;
    }

    public static HttpRequestMessage Unsigned(string url, string id, string eventName, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, url + "/webhooks/github") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-GitHub-Delivery", id);
        request.Headers.Add("X-GitHub-Event", eventName);
        return request;
    }
}
