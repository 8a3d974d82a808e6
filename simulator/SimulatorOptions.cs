namespace QMoi.Simulator;

public sealed record SimulatorOptions
{
    /// <summary>Where the GitHub side listens. Default: loopback, a free port.</summary>
    public string? GitHubUrl { get; init; }

    /// <summary>Where the GitLab side listens. Default: loopback, a free port.</summary>
    public string? GitLabUrl { get; init; }

    /// <summary>Folder of the bare repositories and runner folders. Default: a fresh temporary folder, removed on dispose.</summary>
    public string? Root { get; init; }

    public string GitHubWebhookSecret { get; init; } = "github-webhook-secret";
    public string GitLabWebhookSecret { get; init; } = "gitlab-webhook-secret";

    /// <summary>"whsec_" and base64 of 32 bytes; deliveries of the GitLab side then carry webhook-signature as well.</summary>
    public string? GitLabSigningToken { get; init; }

    /// <summary>Where every webhook of the GitHub side is posted. Null: nowhere, apart from hooks made over REST.</summary>
    public string? GitHubHookUrl { get; init; }

    /// <summary>Where every webhook of the GitLab side is posted. Null: nowhere, apart from hooks made over REST.</summary>
    public string? GitLabHookUrl { get; init; }

    /// <summary>Public key (PEM) of the GitHub App. Null: any token in the place of the JWT is accepted.</summary>
    public string? GitHubAppPublicKey { get; init; }

    public long GitHubAppId { get; init; } = 1;

    /// <summary>Adds an https listener with a self-signed certificate to the GitHub side, for clients that insist (gh).</summary>
    public bool GitHubHttps { get; init; }

    /// <summary>When that certificate ends.</summary>
    public DateTimeOffset CertificateEnd { get; init; } = DateTimeOffset.UtcNow.AddYears(1);

    /// <summary>Of both forges, to begin with.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>Jobs that run at the same time, over both forges.</summary>
    public int JobParallelism { get; init; } = 2;

    /// <summary>Limit of a job that sets none itself, and the longest a job may set.</summary>
    public TimeSpan JobTimeout { get; init; } = TimeSpan.FromSeconds(120);

    public TimeSpan HookTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Login of the account the token belongs to.</summary>
    public string BotLogin { get; init; } = "qmoi";

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
