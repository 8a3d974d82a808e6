using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace QMoi.Simulator;

/// <summary>GitHub and GitLab as real servers: REST, git over HTTP, a job runner and signed webhooks.</summary>
public sealed class ForgeSimulator : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim jobSlots;
    private readonly List<ForgeServer> servers = [];
    private readonly string root;
    private readonly bool ownsRoot;
    private X509Certificate2? certificate;

    private ForgeSimulator(SimulatorOptions options)
    {
        ownsRoot = options.Root is null;
        root = options.Root is null ? Directory.CreateTempSubdirectory("forge-simulator-").FullName : Directory.CreateDirectory(options.Root).FullName;
        jobSlots = new SemaphoreSlim(options.JobParallelism);
        GitHub = new GitHubForge(options, root, jobSlots, stopping.Token);
        GitLab = new GitLabForge(options, root, jobSlots, stopping.Token);
    }

    public GitHubForge GitHub { get; }
    public GitLabForge GitLab { get; }

    public static async Task<ForgeSimulator> StartAsync(SimulatorOptions options, CancellationToken cancellationToken)
    {
        var simulator = new ForgeSimulator(options);
        try
        {
            await simulator.GitHub.LoadRepositoriesAsync();
            await simulator.GitLab.LoadRepositoriesAsync();
            simulator.certificate = options.GitHubHttps ? MakeCertificate(options.CertificateEnd) : null;
            var gitHub = await simulator.ServeAsync(simulator.GitHub, new GitHubApi(simulator.GitHub), options.GitHubUrl, simulator.certificate, cancellationToken);
            simulator.GitHub.HttpsUrl = gitHub.Addresses.FirstOrDefault(address => address.StartsWith("https:", StringComparison.Ordinal));
            simulator.GitHub.CertificatePem = simulator.certificate?.ExportCertificatePem();
            await simulator.ServeAsync(simulator.GitLab, new GitLabApi(simulator.GitLab), options.GitLabUrl, null, cancellationToken);
            return simulator;
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until both forges are at rest.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        do
        {
            await GitHub.DrainAsync(cancellationToken);
            await GitLab.DrainAsync(cancellationToken);
        }
        while (!GitHub.Activity.IsIdle);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        foreach (var server in servers)
            await server.DisposeAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await DrainAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // a job that cannot be ended keeps its folder
        }
        GitHub.Hooks.Dispose();
        GitLab.Hooks.Dispose();
        if (ownsRoot)
            RemoveRoot();
        certificate?.Dispose();
        stopping.Dispose();
        jobSlots.Dispose();
    }

    private async Task<ForgeServer> ServeAsync(SimulatedForge forge, ForgeApi api, string? url, X509Certificate2? tls, CancellationToken cancellationToken)
    {
        var server = await ForgeServer.StartAsync(forge, api, url, tls, cancellationToken);
        servers.Add(server);
        forge.Url = server.Addresses.First(address => address.StartsWith("http:", StringComparison.Ordinal));
        return server;
    }

    private void RemoveRoot()
    {
        try
        {
            Directory.Delete(root, recursive: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // a temporary folder; the system removes it later
        }
    }

    private static X509Certificate2 MakeCertificate(DateTimeOffset end)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var signed = request.CreateSelfSigned(end.AddYears(-1).AddDays(-1), end);
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), null);
    }
}
