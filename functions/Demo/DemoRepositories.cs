using System.Text;
using QMoi.Handlers.Forges;

namespace QMoi.Functions.Demo;

/// <summary>What a row of the demo must come to.</summary>
public enum Expectation { FixMergeRequest, PassesOnRetry, ExplainedOnly }

/// <param name="Commits">Pushed to the default branch in order; the last one breaks the pipeline.</param>
/// <param name="Programs">Programs that a row cannot do without on this machine.</param>
/// <param name="RunnerPrograms">Scripts that come first on the job's PATH: the runner's surroundings, not part of the repository.</param>
/// <param name="IsOnMergeRequest">The last commit goes to a branch with an open merge request instead.</param>
public sealed record DemoRepository(ForgeKind Forge, string Name, string Story, Expectation Expects, IReadOnlyList<DemoCommit> Commits)
{
    public IReadOnlyList<string> Programs { get; init; } = [];

    public IReadOnlyDictionary<string, string> RunnerPrograms { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool IsOnMergeRequest { get; init; }
}

/// <param name="Files">New or changed files.</param>
public sealed record DemoCommit(string Message, IReadOnlyList<DemoFile> Files);

public sealed record DemoFile(string Path, byte[] Content, bool IsExecutable)
{
    public static DemoFile Text(string path, string text) => new(path, Encoding.UTF8.GetBytes(text), IsExecutable: false);

    public static DemoFile Script(string path, string text) => new(path, Encoding.UTF8.GetBytes(text), IsExecutable: true);
}

/// <summary>Small real repositories whose pipelines really fail, each for another reason.</summary>
public static class DemoRepositories
{
    /// <summary>A download that fails the first time it is tried, as networks do.</summary>
    private const string FlakyDownload = """
        #!/bin/bash
        tries="${SIM_STATE_DIR:?}/downloads"
        echo x >> "$tries"
        if [ "$(wc -l < "$tries")" -le 1 ]; then
            echo "curl: (6) Could not resolve host: schemas.acme.example" >&2
            exit 6
        fi
        echo '{"version": 7}'
        """;

    public static IReadOnlyList<DemoRepository> All { get; } =
    [
        new(ForgeKind.GitLab, "acme/web", "a dependency was added, the lock file was forgotten", Expectation.FixMergeRequest,
        [
            new("Greet", [.. NpmWorkspace(withShout: false), DemoFile.Text(".gitlab-ci.yml", NpmCi)]),
            new("Shout as well", [.. NpmWorkspace(withShout: true).Where(file => file.Path != "package-lock.json")]),
        ]) { Programs = ["npm"] },

        new(ForgeKind.GitLab, "acme/pipeline", "a job names a stage that nobody declared", Expectation.FixMergeRequest,
        [
            new("Pipeline", [DemoFile.Text(".gitlab-ci.yml", """
                stages: [build, test]   # in this order

                compile:
                  stage: build
                  script:
                    - echo compiled > out.txt

                unit:
                  stage: test
                  script:
                    - echo "all good"

                """)]),
            new("Check the docs", [DemoFile.Text(".gitlab-ci.yml", """
                stages: [build, test]   # in this order

                compile:
                  stage: build
                  script:
                    - echo compiled > out.txt

                unit:
                  stage: test
                  script:
                    - echo "all good"

                links:
                  stage: docs
                  needs: [unit]
                  script:
                    - echo "links checked"

                """)]),
        ]),

        new(ForgeKind.GitLab, "acme/tools", "a script lost its executable bit", Expectation.FixMergeRequest,
        [
            new("Lint script", [DemoFile.Script("ci/lint.sh", "#!/bin/sh\necho linted\n"), DemoFile.Text(".gitlab-ci.yml", "lint:\n  script:\n    - ./ci/lint.sh\n")]),
            new("Edit the script on a machine without modes", [DemoFile.Text("ci/lint.sh", "#!/bin/sh\nset -eu\necho linted\n")]),
        ]),

        new(ForgeKind.GitLab, "acme/feeds", "the network was away for a moment", Expectation.PassesOnRetry,
        [
            new("Fetch the schema", [DemoFile.Text(".gitlab-ci.yml", "schema:\n  script:\n    - fetch-schema > schema.json\n    - cat schema.json\n")]),
        ]) { RunnerPrograms = new Dictionary<string, string>(StringComparer.Ordinal) { ["fetch-schema"] = FlakyDownload } },

        new(ForgeKind.GitLab, "acme/reports", "a secret is not set", Expectation.ExplainedOnly,
        [
            new("Send the report", [DemoFile.Text(".gitlab-ci.yml", "report:\n  script:\n    - ./send.sh\n"), DemoFile.Script("send.sh", """
                #!/bin/bash
                set -euo pipefail
                if [ -z "${REPORT_TOKEN:-}" ]; then
                    echo "Error: Environment variable REPORT_TOKEN is not set" >&2
                    exit 1
                fi
                echo "report sent"

                """)]),
        ]),

        new(ForgeKind.GitHub, "acme/api", "a comma too many in package.json", Expectation.FixMergeRequest,
        [
            new("Service", [
                DemoFile.Text("package.json", "{\n  \"name\": \"api\",\n  \"private\": true,\n  \"scripts\": {\n    \"test\": \"node test.js\"\n  }\n}\n"),
                DemoFile.Text("test.js", "require('node:assert').strictEqual(1 + 1, 2);\nconsole.log('ok');\n"),
                DemoFile.Text(".github/workflows/ci.yml", Workflow("test", "npm test"))]),
            new("Drop the start script", [
                DemoFile.Text("package.json", "{\n  \"name\": \"api\",\n  \"private\": true,\n  \"scripts\": {\n    \"test\": \"node test.js\",\n  }\n}\n")]),
        ]) { Programs = ["npm"] },

        new(ForgeKind.GitHub, "globex/site", "an action version was retired", Expectation.FixMergeRequest,
        [
            new("Site", [DemoFile.Text(".github/workflows/ci.yml", """
                name: CI
                on: [push]
                jobs:
                  build:
                    runs-on: ubuntu-24.04
                    steps:
                      - uses: actions/checkout@v4
                      - run: mkdir -p out && echo '<h1>Acme</h1>' > out/index.html
                      - uses: actions/upload-artifact@v3   # kept for the preview
                        with:
                          name: site
                          path: out

                """)]),
        ]),

        new(ForgeKind.GitHub, "initech/scripts", "a script was saved with Windows line ends", Expectation.FixMergeRequest,
        [
            new("Check", [DemoFile.Script("check.sh", "#!/bin/bash\necho checked\n"), DemoFile.Text(".github/workflows/ci.yml", Workflow("check", "./check.sh"))]),
            new("Check more", [DemoFile.Script("check.sh", "#!/bin/bash\r\nset -e\r\necho checked\r\n")]),
        ]),

        new(ForgeKind.GitHub, "hooli/app", "a pull request whose lock file does not fit", Expectation.FixMergeRequest,
        [
            new("Greet", [.. NpmWorkspace(withShout: false), DemoFile.Text(".github/workflows/ci.yml", Workflow("test", "npm ci --ignore-scripts --offline", "npm test"))]),
            new("Shout as well", [.. NpmWorkspace(withShout: true).Where(file => file.Path != "package-lock.json")]),
        ]) { Programs = ["npm"], IsOnMergeRequest = true },

        new(ForgeKind.GitHub, "umbrella/console", "the build script of a .NET program is not executable", Expectation.FixMergeRequest,
        [
            new("Console", [
                DemoFile.Text("console.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\">\n  <PropertyGroup>\n    <OutputType>Exe</OutputType>\n    <TargetFramework>net10.0</TargetFramework>\n  </PropertyGroup>\n</Project>\n"),
                DemoFile.Text("Program.cs", "System.Console.WriteLine(\"hello\");\n"),
                DemoFile.Text("build.sh", "#!/bin/sh\nset -eu\ndotnet build -v quiet --nologo -p:UseSharedCompilation=false -nodeReuse:false\ndotnet bin/Debug/net10.0/console.dll\n"),
                DemoFile.Text(".github/workflows/ci.yml", Workflow("build", "./build.sh"))]),
        ]) { Programs = ["dotnet"] },

        new(ForgeKind.GitHub, "stark/fetch", "the network was away for a moment", Expectation.PassesOnRetry,
        [
            new("Fetch the schema", [DemoFile.Text(".github/workflows/ci.yml", Workflow("schema", "fetch-schema > schema.json", "cat schema.json"))]),
        ]) { RunnerPrograms = new Dictionary<string, string>(StringComparer.Ordinal) { ["fetch-schema"] = FlakyDownload } },

        new(ForgeKind.GitHub, "wayne/upload", "a secret is not set", Expectation.ExplainedOnly,
        [
            new("Upload", [DemoFile.Text(".github/workflows/ci.yml", """
                name: CI
                on: [push]
                jobs:
                  upload:
                    runs-on: ubuntu-24.04
                    steps:
                      - uses: actions/checkout@v4
                      - run: |
                          if [ -z "$UPLOAD_TOKEN" ]; then echo "Error: secret UPLOAD_TOKEN is not set" >&2; exit 1; fi
                        env:
                          UPLOAD_TOKEN: ${{ secrets.UPLOAD_TOKEN }}

                """)]),
        ]),
    ];

    private const string NpmCi = "test:\n  script:\n    - npm ci --ignore-scripts --offline\n    - npm test\n";

    private static string Workflow(string job, params string[] commands) =>
        $"name: CI\non: [push]\njobs:\n  {job}:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n{string.Concat(commands.Select(command => $"      - run: {command}\n"))}";

    /// <summary>Packages live in the repository itself, so no registry is needed.</summary>
    private static IReadOnlyList<DemoFile> NpmWorkspace(bool withShout)
    {
        var shout = withShout ? ",\n    \"@acme/shout\": \"file:packages/shout\"" : "";
        return
        [
            DemoFile.Text("package.json", $"{{\n  \"name\": \"web\",\n  \"version\": \"1.0.0\",\n  \"private\": true,\n  \"scripts\": {{ \"test\": \"node test.js\" }},\n  \"dependencies\": {{\n    \"@acme/greet\": \"file:packages/greet\"{shout}\n  }}\n}}\n"),
            DemoFile.Text("test.js", withShout ? "console.log(require('@acme/shout')(require('@acme/greet')('you')));\n" : "console.log(require('@acme/greet')('you'));\n"),
            DemoFile.Text("packages/greet/package.json", "{ \"name\": \"@acme/greet\", \"version\": \"1.0.0\", \"main\": \"index.js\" }\n"),
            DemoFile.Text("packages/greet/index.js", "module.exports = name => `hello ${name}`;\n"),
            DemoFile.Text("packages/shout/package.json", "{ \"name\": \"@acme/shout\", \"version\": \"1.0.0\", \"main\": \"index.js\" }\n"),
            DemoFile.Text("packages/shout/index.js", "module.exports = text => `${text.toUpperCase()}!`;\n"),
            DemoFile.Text("package-lock.json", """
                {
                  "name": "web",
                  "version": "1.0.0",
                  "lockfileVersion": 3,
                  "requires": true,
                  "packages": {
                    "": {
                      "name": "web",
                      "version": "1.0.0",
                      "dependencies": {
                        "@acme/greet": "file:packages/greet"
                      }
                    },
                    "node_modules/@acme/greet": {
                      "resolved": "packages/greet",
                      "link": true
                    },
                    "packages/greet": {
                      "name": "@acme/greet",
                      "version": "1.0.0"
                    }
                  }
                }

                """),
            DemoFile.Text(".gitignore", "node_modules/\n"),
        ];
    }
}
