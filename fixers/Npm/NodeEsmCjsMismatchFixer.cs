using QMoi.Fixers.Ci;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>
/// Two plain mismatches: the settings of a tool are written for <c>require</c> in a project of ES modules (renamed to <c>.cjs</c>, where that tool looks too), and a project whose
/// every file is an ES module does not say so (<c>"type": "module"</c>). Everything else needs a decision.
/// </summary>
public sealed partial class NodeEsmCjsMismatchFixer : IFixer
{
    private const int MostFiles = 500;

    public string FailureId => "node-esm-cjs-mismatch";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Any(match => match.Captures.ContainsKey("transpiler")))
            return new FixResult.Declined("the code is transpiled on the way; its settings decide which kind of module it is");
        if (diagnosis.Captures.GetValueOrDefault("source") is not { } named || await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path)
            return new FixResult.Declined("the log does not name a file of the repository");
        if (await NodeProject.OfFileAsync(checkout, path, cancellationToken) is not { } project)
            return new FixResult.Declined($"no package.json lies above `{path}`");
        if (diagnosis.Matches.Any(match => match.Text.Contains("in ES module scope", StringComparison.Ordinal)))
            return await RenameAsync(path, project, checkout, cancellationToken);
        return diagnosis.Matches.Any(match => match.Text.Contains("Cannot use import statement", StringComparison.Ordinal))
            ? await DeclareAsync(path, project, checkout, cancellationToken)
            : new FixResult.Declined("a CommonJS module loads an ES module; which of the two has to change is a decision");
    }

    private static async Task<FixResult> RenameAsync(string path, NodeProject project, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!project.Package.IsModule || !Settings().IsMatch(path))
            return new FixResult.Declined($"`{path}` uses `require` or `module` in a project of ES modules; whether it is rewritten or renamed is a decision");
        var target = path[..^3] + ".cjs";
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (await TextFile.ReadAsync(checkout, path, cancellationToken) is not { } file || await checkout.ReadAsync(path, cancellationToken) is not { } content)
            return new FixResult.Declined($"`{path}` is not a text file in UTF-8");
        if (file.Lines.Any(line => Module().IsMatch(line)))
            return new FixResult.Declined($"`{path}` mixes both kinds of modules");
        if (await checkout.ReadAsync(target, cancellationToken) is not null)
            return new FixResult.Declined($"`{target}` is there already");
        foreach (var other in await CiFiles.AllTextsAsync(checkout, cancellationToken))
            if (other.Lines.Any(line => line.Contains(name, StringComparison.Ordinal)))
                return new FixResult.Declined($"`{other.Path}` names `{name}`; both have to change together");
        if (project.Package.Text.Contains(name, StringComparison.Ordinal))
            return new FixResult.Declined($"`{project.PackagePath}` names `{name}`; both have to change together");
        return new FixResult.Fixed(
            new Patch([new FileEdit.Delete(path, content.Content), new FileEdit.Write(target, null, content.Content)]), $"Renamed `{path}` to `{target}`: it is written as CommonJS and the project is one of ES modules.");
    }

    private static async Task<FixResult> DeclareAsync(string path, NodeProject project, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (project.Package.HasType || !path.EndsWith(".js", StringComparison.Ordinal))
            return new FixResult.Declined($"`{project.PackagePath}` says already which kind of modules the project has, or `{path}` is not plain JavaScript");
        var prefix = project.Folder.Length == 0 ? "" : project.Folder + "/";
        var scripts = (await checkout.ListAllAsync(cancellationToken)).Where(other => other.StartsWith(prefix, StringComparison.Ordinal) && other.EndsWith(".js", StringComparison.Ordinal) && !Foreign().IsMatch(other)).ToList();
        if (scripts.Count > MostFiles)
            return new FixResult.Declined($"the project has {scripts.Count} scripts, too many to see what they are");
        foreach (var script in scripts)
        {
            if (await TextFile.ReadAsync(checkout, script, cancellationToken) is not { } file)
                continue;
            if (file.Lines.Any(line => CommonJs().IsMatch(line)))
                return new FixResult.Declined($"`{script}` is a CommonJS module; the project holds both kinds");
            if (file.Lines.Select(line => Relative().Match(line)).FirstOrDefault(match => match.Success && !match.Groups["path"].Value.EndsWith(".js", StringComparison.Ordinal) && !match.Groups["path"].Value.EndsWith(".mjs", StringComparison.Ordinal)) is { } bare)
                return new FixResult.Declined($"`{script}` imports `{bare.Groups["path"].Value}` without an extension, which ES modules of Node.js do not find");
        }

        var run = new ToolRun([new ToolCommand(["npm", "pkg", "set", "type=module"])], project.Folder, $"Said in `{project.PackagePath}` that the project's scripts are ES modules, as all of them are.");
        return new FixResult.NeedsTool(run, [project.PackagePath]);
    }

    // Tools that look for the .cjs file too.
    [GeneratedRegex(@"(?:^|/)(?:(?:postcss|tailwind|jest|babel|prettier|stylelint|commitlint|lint-staged|webpack|svelte|release)\.config|\.(?:eslintrc|prettierrc|babelrc|stylelintrc|commitlintrc|lintstagedrc|mocharc|releaserc)|karma\.conf)\.js$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Settings();

    [GeneratedRegex(@"^\s*(?:import\s[^(]|export\s)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Module();

    [GeneratedRegex(@"\brequire\s*\(|\bmodule\.exports\b|^\s*exports\.\w|\b__dirname\b|\b__filename\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex CommonJs();

    [GeneratedRegex(@"(?:\bfrom\s*|^\s*import\s*|\bimport\(\s*)['""](?<path>\.[^'""]*)['""]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Relative();

    [GeneratedRegex(@"(?:^|/)(?:node_modules|dist|build|vendor|coverage|public)/", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Foreign();
}
