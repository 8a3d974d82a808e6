using QMoi.Fixers.Ci;
using System.Text.Json;
using System.Text.RegularExpressions;
using QMoi.Fixers.Npm;

namespace QMoi.Fixers.JavaScript;

/// <summary>
/// Playwright runs without its browsers. Adds the step that installs them before the tests, its option for system libraries where only those are missing, or brings the tag of
/// Playwright's image in line with the locked package. Unsafe where the browsers come from a cache or an image that is not Playwright's.
/// </summary>
public sealed partial class PlaywrightBrowserMissingFixer : IFixer
{
    public string FailureId => "playwright-browser-missing";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = await CiFiles.TextsAsync(diagnosis, checkout, cancellationToken);
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { } project)
            return new FixResult.Declined("which package.json is meant is not clear");
        var lines = files.SelectMany(file => Enumerable.Range(1, file.Count).Where(line => !CiFiles.IsComment(file[line])).Select(line => (File: file, Number: line))).ToList();
        var images = lines.Where(line => Image().IsMatch(line.File[line.Number])).ToList();
        var installs = lines.Where(line => line.File[line.Number].Contains("playwright install", StringComparison.Ordinal)).ToList();
        var refusal = images.Count > 0 ? await MoveImagesAsync(images, project, checkout, cancellationToken)
            : installs.Count > 0 ? AddOption(installs, diagnosis)
            : AddStep(lines, project, diagnosis);
        if (refusal is not null)
            return new FixResult.Declined(refusal);
        var changed = files.Where(file => file.IsChanged).ToList();
        return changed.Count == 0
            ? new FixResult.Declined("the image is of the locked version already; the browsers are missing for another reason")
            : new FixResult.Fixed(
                new Patch([.. changed.Select(file => file.ToEdit())]),
                (images.Count > 0 ? "Set Playwright's image to the version of the locked package" : "Installs Playwright's browsers and the libraries they need") + $" in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");
    }

    private static async Task<string?> MoveImagesAsync(List<(TextFile File, int Number)> images, NodeProject project, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (project is not { Manager: PackageManager.Npm, Lock: { } path } || await checkout.ReadAsync(path, cancellationToken) is not { } file || Locked(file) is not { } version)
            return "the job runs in Playwright's image, and no package-lock.json tells which version of the package it has to match";
        foreach (var (ci, number) in images)
            ci[number] = Image().Replace(ci[number], match => match.Groups["name"].Value + version);
        return null;
    }

    private static string? Locked(RepositoryFile file)
    {
        try
        {
            using var document = JsonDocument.Parse(file.Content);
            if (!document.RootElement.TryGetProperty("packages", out var packages))
                return null;
            foreach (var name in (string[])["@playwright/test", "playwright", "playwright-core"])
                if (packages.TryGetProperty($"node_modules/{name}", out var package) && package.TryGetProperty("version", out var version) && version.GetString() is { } text && Release().IsMatch(text))
                    return text;
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? AddOption(List<(TextFile File, int Number)> installs, Diagnosis diagnosis)
    {
        if (!diagnosis.Matches.Any(match => match.Text.Contains("missing dependencies", StringComparison.Ordinal)))
            return "the CI file installs browsers already; another version of Playwright than the tests', or another user, gets them";
        foreach (var (file, number) in installs)
            if (!file[number].Contains("--with-deps", StringComparison.Ordinal))
                file[number] = Install().Replace(file[number], "playwright install --with-deps");
        return installs.Exists(line => line.File.IsChanged) ? null : "the CI file installs the libraries already, but not in this job";
    }

    private static string? AddStep(List<(TextFile File, int Number)> lines, NodeProject project, Diagnosis diagnosis)
    {
        if (diagnosis.Job.FailedCommand?.Trim() is not { Length: > 0 } command)
            return "the log does not tell which command ran the tests";
        var callers = lines.Where(line => Step().Match(line.File[line.Number]) is { Success: true } step && step.Groups["command"].Value.Trim() is var written && (written == command || written.Trim('"', '\'') == command)).ToList();
        if (callers is not [var (file, number)])
            return $"the CI file does not run `{command}` on exactly one line of its own";
        if (lines.Exists(line => line.File == file && Alpine().IsMatch(file[line.Number])))
            return "Playwright installs no system libraries on Alpine; the job needs Playwright's image or one of Debian or Ubuntu";
        var start = number;
        while (start > 1 && !file[start].TrimStart().StartsWith("- ", StringComparison.Ordinal))
            start--;
        var run = Step().Match(file[number]).Groups["key"].Success ? "run: " : "";
        if (run.Length == 0 && start != number)
            return $"`{command}` in `{file.Path}` does not stand in a list";
        var tool = project.Manager switch { PackageManager.Pnpm => "pnpm exec", PackageManager.YarnBerry or PackageManager.YarnClassic => "yarn", PackageManager.Bun => "bunx", _ => "npx" };
        var folder = run.Length > 0 && file.Lines.Any(line => line.Contains("working-directory:", StringComparison.Ordinal)) && project.Folder.Length > 0 ? project.Folder : null;
        if (folder is not null)
            return $"the step in `{file.Path}` runs in a folder of its own";
        file.Insert(start, $"{file.Indent(start)}- {run}{tool} playwright install --with-deps");
        return null;
    }

    [GeneratedRegex(@"(?<name>mcr\.microsoft\.com/playwright:v)\d+\.\d+\.\d+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Image();

    [GeneratedRegex(@"playwright install\b(?! ?-deps)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Install();

    [GeneratedRegex(@"^\s*(?:-\s+)?(?<key>run:\s*)?(?<command>\S.*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Step();

    [GeneratedRegex(@"^\s*(?:image|name|container):.*alpine", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Alpine();

    [GeneratedRegex(@"^\d+\.\d+\.\d+$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Release();
}
