using QMoi.Simulator;
using QMoi.Tests.Functions;

namespace QMoi.Tests.Scenarios;

/// <summary>A tool repairs: the project's own Prettier, installed from a package in the repository, run in the sandbox without network.</summary>
public sealed class Formatting
{
    [Fact]
    public async Task Unformatted_source_is_formatted_by_the_projects_own_prettier_and_nothing_else_changes()
    {
        var package = Directory.Exists(Tools) ? Directory.GetFiles(Tools, "prettier-*.tgz").FirstOrDefault() : null;
        Assert.SkipWhen(package is null, "Prettier's package is not in artifacts/test-tools; ./test.sh fetches it where the npm registry can be reached.");
        await using var world = await World.StartAsync();
        var repository = await world.RepositoryAsync(
            "gitlab",
            (".gitlab-ci.yml", SimulatedFile.Text("format:\n  script:\n    - npm install --offline --no-save --no-audit --no-fund ./vendor/prettier.tgz\n    - npx --no-install prettier --check src\n")),
            ("package.json", SimulatedFile.Text("{\n  \"name\": \"app\",\n  \"private\": true,\n  \"devDependencies\": {\n    \"prettier\": \"file:vendor/prettier.tgz\"\n  }\n}\n")),
            ("package-lock.json", SimulatedFile.Text(LockFile)),
            ("vendor/prettier.tgz", new SimulatedFile(await File.ReadAllBytesAsync(package, TestContext.Current.CancellationToken))),
            ("src/good.js", SimulatedFile.Text("export const good = 1;\n")),
            ("src/bad.js", SimulatedFile.Text("export const bad   = { a:1 }\n")),
            ("other/bad.js", SimulatedFile.Text("export const untouched   = 1\n")));
        await world.SettleAsync();

        var fix = Assert.Single(repository.MergeRequests);
        Assert.StartsWith("qmoi/fix/prettier-check-failed-", fix.SourceBranch, StringComparison.Ordinal);
        Assert.Equal("export const bad = { a: 1 };\n", await repository.ReadTextAsync(fix.SourceBranch, "src/bad.js"));
        Assert.Equal("export const untouched   = 1\n", await repository.ReadTextAsync(fix.SourceBranch, "other/bad.js"));
        Assert.DoesNotContain(await repository.FilesAsync(fix.SourceBranch), file => file.StartsWith("node_modules/", StringComparison.Ordinal));
        Assert.Contains("**Verified.**", fix.Body, StringComparison.Ordinal);
    }

    private static string Tools => Path.Combine(QmoiProcess.Root, "artifacts", "test-tools");

    private const string LockFile = """
        {
          "name": "app",
          "lockfileVersion": 3,
          "requires": true,
          "packages": {
            "": {
              "name": "app",
              "devDependencies": {
                "prettier": "file:vendor/prettier.tgz"
              }
            },
            "node_modules/prettier": {
              "version": "3.6.2",
              "resolved": "file:vendor/prettier.tgz",
              "dev": true,
              "bin": {
                "prettier": "bin/prettier.cjs"
              }
            }
          }
        }

        """;
}
