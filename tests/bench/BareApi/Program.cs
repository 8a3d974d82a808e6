// The least an ASP.NET Core program can do with a webhook: read the body, keep nothing, answer 202. The anchor of the benchmarks.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
app.MapPost("/webhooks/github", async (HttpRequest request) =>
{
    await request.Body.CopyToAsync(Stream.Null);
    return Results.StatusCode(StatusCodes.Status202Accepted);
});
await app.StartAsync();
Console.WriteLine($"ready {app.Urls.First()}");
await app.WaitForShutdownAsync();
