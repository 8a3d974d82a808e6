namespace QMoi.Fixers.Go;

/// <summary>
/// Recognises findings of golangci-lint. Where all come from gofmt and its like, runs that; where a linter that can correct code is among them, runs <c>golangci-lint run --fix</c>.
/// Only files that the log names may change. Findings that no linter corrects are declined.
/// </summary>
public sealed class GolangciLintFixer : IFixer
{
    private static readonly HashSet<string> Formatters = new(StringComparer.Ordinal) { "gofmt", "goimports", "gofumpt" };

    // Those that can correct at least some of what they find.
    private static readonly HashSet<string> Correcting = new(StringComparer.Ordinal)
    {
        "gofmt", "goimports", "gofumpt", "gci", "golines", "misspell", "whitespace", "godot", "wsl", "wsl_v5", "nlreturn", "tagalign", "dupword", "gocritic", "perfsprint", "intrange", "usestdlibvars", "testifylint",
        "nakedret", "errorlint", "copyloopvar", "mirror", "sloglint", "importas", "canonicalheader", "fatcontext", "ginkgolinter", "protogetter", "usetesting", "modernize", "unconvert", "goheader", "staticcheck",
        "gosimple", "stylecheck", "revive", "iface", "exptostd", "nlreturn", "tagliatelle", "asciicheck", "embeddedstructfieldcheck", "godoclint", "ineffassign",
    };

    public string FailureId => "golangci-lint";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var findings = diagnosis.Matches.Where(match => match.Captures.ContainsKey("linter") && match.Captures.ContainsKey("file")).ToList();
        if (findings.Count == 0)
            return new FixResult.Declined("golangci-lint reports no finding in a file; its configuration or version is what fails");
        var linters = findings.Select(finding => finding.Captures["linter"]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var ofFindings = diagnosis with { Matches = findings };
        if (linters is [var only] && Formatters.Contains(only))
            return await GofmtListFixer.RunAsync(only, simplify: true, ofFindings, checkout, cancellationToken);
        if (linters.Find(linter => !Correcting.Contains(linter)) is { } other)
            return new FixResult.Declined($"what {other} finds is not corrected by a tool");

        var files = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var named in findings.Select(finding => finding.Captures["file"]).Distinct(StringComparer.Ordinal))
        {
            if (await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
                return new FixResult.Declined($"`{named}` is not a file of the repository, or more than one");
            files.Add(path);
        }

        if (await GoFolders.FindAsync(diagnosis, checkout, cancellationToken) is not { } folder)
            return new FixResult.Declined("there is not exactly one go.mod that the command can have meant");
        // Exit code 1: findings are left. What it did correct is still right.
        var command = new ToolCommand(["golangci-lint", "run", "--fix"], NeedsRegistry: true, ExpectedExitCodes: [1]);
        return new FixResult.NeedsTool(new ToolRun([command], folder, $"Ran `golangci-lint run --fix` for {string.Join(", ", linters)}."), Cpp.ToolFiles.Globs(files));
    }
}
