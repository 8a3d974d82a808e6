namespace QMoi.Fixers.Npm;

/// <summary>
/// A script of package.json calls a program that is not installed: corrects a slip in the name of a program that a listed package brings, or adds the package of a tool that
/// is well known to be called like its package. Declined where the package is listed: then the job did not install it.
/// </summary>
public sealed class NpmScriptCommandNotFoundFixer : IFixer
{
    // Programs by the package that brings them. Only tools that work without a configuration written for one version.
    private static readonly Dictionary<string, string> Tools = new(StringComparer.Ordinal)
    {
        ["tsc"] = "typescript", ["rimraf"] = "rimraf", ["cross-env"] = "cross-env", ["concurrently"] = "concurrently", ["npm-run-all"] = "npm-run-all", ["run-s"] = "npm-run-all", ["run-p"] = "npm-run-all",
        ["nodemon"] = "nodemon", ["ts-node"] = "ts-node", ["tsx"] = "tsx", ["mocha"] = "mocha", ["jest"] = "jest", ["vitest"] = "vitest", ["ava"] = "ava", ["tape"] = "tape", ["nyc"] = "nyc", ["c8"] = "c8",
        ["prettier"] = "prettier", ["standard"] = "standard", ["xo"] = "xo", ["vite"] = "vite", ["rollup"] = "rollup", ["esbuild"] = "esbuild", ["tsup"] = "tsup", ["parcel"] = "parcel", ["shx"] = "shx",
        ["copyfiles"] = "copyfiles", ["mkdirp"] = "mkdirp", ["wait-on"] = "wait-on", ["start-server-and-test"] = "start-server-and-test", ["dotenv"] = "dotenv-cli", ["env-cmd"] = "env-cmd", ["tsc-alias"] = "tsc-alias",
        ["json2ts"] = "json-schema-to-typescript", ["http-server"] = "http-server", ["serve"] = "serve", ["del-cli"] = "del-cli", ["del"] = "del-cli", ["cpy"] = "cpy-cli", ["markdownlint"] = "markdownlint-cli",
        ["typedoc"] = "typedoc", ["jsdoc"] = "jsdoc", ["sass"] = "sass", ["postcss"] = "postcss-cli", ["uglifyjs"] = "uglify-js", ["terser"] = "terser", ["madge"] = "madge", ["depcheck"] = "depcheck", ["cspell"] = "cspell",
    };

    public string FailureId => "npm-script-command-not-found";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("command", out var command))
            return new FixResult.Declined("the log does not name the program");
        if (await NodeProject.OfJobAsync(diagnosis, checkout, cancellationToken) is not { Package: var package } project)
            return new FixResult.Declined("which package.json is meant is not clear");
        var callers = package.Section("scripts").Where(script => Calls(script.Value, command).Any()).ToList();
        if (callers.Count == 0)
            return new FixResult.Declined($"no script of `{package.Path}` calls `{command}`");
        if (Tools.TryGetValue(command, out var tool))
        {
            if (package.SectionOf(tool) is not null)
                return new FixResult.Declined($"`{package.Path}` lists `{tool}`, which brings `{command}`; the job did not install it, or not with devDependencies");
            if (callers.TrueForAll(script => script.Key is "start" or "postinstall" or "install" or "prepare"))
                return new FixResult.Declined($"`{command}` is called where the project is installed or served; which kind of dependency it is has to be said by somebody");
            return project.Add(tool, isDevelopment: true, package.IsExact) is { } add
                ? new FixResult.NeedsTool(new ToolRun([add], project.Root, $"Added `{tool}`, which brings `{command}`, to the devDependencies of `{package.Path}`."), project.MayChange)
                : new FixResult.Declined($"`{project.Folder}` is a workspace of a package manager that cannot add `{tool}` to it without installing everything");
        }
        if (package.SectionOf(command) is not null)
            return new FixResult.Declined($"`{package.Path}` lists `{command}`; the job did not install it, or not with devDependencies");

        var brought = package.Dependencies.Concat(Tools.Where(pair => package.SectionOf(pair.Value) is not null).Select(pair => pair.Key)).Distinct(StringComparer.Ordinal);
        var near = brought.Where(name => command.Length >= 4 && MissingModules.IsOneSlip(name, command)).Concat(package.SectionOf("typescript") is not null && MissingModules.IsOneSlip("tsc", command) ? ["tsc"] : []).Distinct(StringComparer.Ordinal).ToList();
        if (near is not [var right])
            return new FixResult.Declined($"which package brings `{command}` is not known");
        if (callers is not [var (script, body)])
            return new FixResult.Declined($"more than one script calls `{command}`; `{right}` is meant");
        var places = Calls(body, command).ToList();
        foreach (var place in Enumerable.Reverse(places))
            body = body[..place] + right + body[(place + command.Length)..];
        return package.Replace("scripts", script, body) is { } edit
            ? new FixResult.Fixed(new Patch([edit]), $"Corrected `{command}` to `{right}` in the script `{script}` of `{package.Path}`.")
            : new FixResult.Declined($"the script `{script}` of `{package.Path}` is written in a way that is not edited");
    }

    // Where a shell takes the word for a program: at the start and behind an operator or an assignment.
    private static IEnumerable<int> Calls(string script, string command)
    {
        for (var at = script.IndexOf(command, StringComparison.Ordinal); at >= 0; at = script.IndexOf(command, at + 1, StringComparison.Ordinal))
        {
            var end = at + command.Length;
            var before = script[..at].TrimEnd();
            var isWhole = (at == 0 || script[at - 1] is ' ' or '&' or '|' or ';' or '(') && (end == script.Length || script[end] is ' ' or '&' or '|' or ';' or ')');
            if (isWhole && (before.Length == 0 || before[^1] is '&' or '|' or ';' or '(' || IsAssignment(before[(before.LastIndexOf(' ') + 1)..])))
                yield return at;
        }
    }

    private static bool IsAssignment(string word) => word is "cross-env" or "npx" or "exec" || (word.IndexOf('=', StringComparison.Ordinal) is var sign and > 0 && word.AsSpan(0, sign).IndexOfAnyExceptInRange('A', '_') < 0);
}
