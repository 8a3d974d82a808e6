using QMoi.Fixers.Ci;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>
/// The job, or a script of package.json, calls a script that is not there, and package.json has exactly one that is plainly meant: spelt otherwise, with other separators or
/// the same words, or without a <c>:ci</c>. Corrects the call. Unsafe where the near one does something else, such as to repair what the other would only check.
/// </summary>
public sealed partial class NpmMissingScriptFixer : IFixer
{
    public string FailureId => "npm-missing-script";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("script", out var wrong) || !Name().IsMatch(wrong))
            return new FixResult.Declined("the log does not name the script");
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { Package: var package })
            return new FixResult.Declined("which package.json is meant is not clear");
        var scripts = package.Section("scripts");
        if (scripts.ContainsKey(wrong))
            return new FixResult.Declined($"`{package.Path}` has the script `{wrong}`; the job runs in another folder");
        var meant = Meant(wrong, [.. scripts.Keys]);
        if (meant is not [var right])
            return new FixResult.Declined(meant.Count == 0 ? $"`{package.Path}` has no script that `{wrong}` could plainly mean" : $"`{wrong}` may mean any of {string.Join(", ", meant.Select(name => $"`{name}`"))}");

        var call = new Regex($@"(?<call>\b(?:npm\s+(?:run|run-script|rum|urn)|yarn(?:\s+run)?|pnpm(?:\s+run)?|bun\s+run|(?:npm-)?run-(?:s|p|all)|run-[sp])(?:\s+(?:-s|--silent|-r|-w[= ]\S+|--workspaces?(?:[= ]\S+)?|--prefix[= ]\S+))*\s+){Regex.Escape(wrong)}(?<end>$|[\s""';&|)])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        var files = await CiFiles.TextsAsync(diagnosis, checkout, cancellationToken);
        foreach (var file in files)
            for (var line = 1; line <= file.Count; line++)
                if (!CiFiles.IsComment(file[line]))
                    file[line] = call.Replace(file[line], match => match.Groups["call"].Value + right + match.Groups["end"].Value);
        var changed = files.Where(file => file.IsChanged).ToList();
        if (changed.Count > 0)
            return new FixResult.Fixed(new Patch([.. changed.Select(file => file.ToEdit())]), $"Corrected the script `{wrong}` to `{right}` in {string.Join(", ", changed.Select(file => $"`{file.Path}`"))}.");

        var callers = scripts.Where(script => call.IsMatch(script.Value)).ToList();
        return callers is [var (name, body)] && package.Replace("scripts", name, call.Replace(body, match => match.Groups["call"].Value + right + match.Groups["end"].Value)) is { } edit
            ? new FixResult.Fixed(new Patch([edit]), $"Corrected the script `{wrong}` to `{right}` in `{package.Path}`.")
            : new FixResult.Declined($"`{right}` is meant, but where `{wrong}` is called is not plain");
    }

    private static List<string> Meant(string wrong, IReadOnlyList<string> scripts)
    {
        foreach (var rule in (Func<string, bool>[])
                 [
                     script => Plain(script) == Plain(wrong) || (wrong.Length >= 4 && script.Length >= 4 && MissingModules.IsOneSlip(script, wrong) && !DiffersInDigit(script, wrong)),
                     script => Words(script).SetEquals(Words(wrong)),
                     script => wrong == script + ":ci" || wrong == script + "-ci",
                     script => script == wrong + ":ci" || script == wrong + "-ci",
                     script => script == $"test:{wrong}" || script == $"lint:{wrong}" || script == $"check:{wrong}",
                 ])
        {
            if (scripts.Where(rule).ToList() is { Count: > 0 } found)
                return found;
        }

        return [];
    }

    private static string Plain(string name) => new([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);

    // test1 beside test2 is no slip of the finger.
    private static bool DiffersInDigit(string one, string other) => one.Any(char.IsDigit) || other.Any(char.IsDigit);

    // lint:types and types-lint; a plural is the same word.
    private static HashSet<string> Words(string name) =>
        [.. Separators().Split(name).Where(word => word.Length > 0).Select(word => word.ToLowerInvariant().TrimEnd('s'))];

    [GeneratedRegex(@"^[\w:.@/-]{1,100}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Separators();
}
