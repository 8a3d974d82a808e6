using System.Text;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Shell;

/// <summary>
/// Recognises scripts that use bash and are run by the plain sh of Debian and Ubuntu, which have bash as well. Names bash in the first line of the script, or in the command that runs it.
/// Unsafe where the commands are not in a script of the repository: declined.
/// </summary>
public sealed partial class ShellBashInShFixer : IFixer
{
    public string FailureId => "shell-bash-in-sh";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (!diagnosis.Captures.TryGetValue("file", out var named) || await CheckoutPaths.FindAsync(checkout, named, cancellationToken) is not { } path || await TextFile.ReadAsync(checkout, path, cancellationToken) is not { Count: > 0 } script)
            return new FixResult.Declined("the log names no script of the repository; commands of a CI file or Makefile run in the shell that the image or SHELL names");
        var edits = new List<FileEdit>();
        var isNamed = Interpreter().Match(script[1]) is { Success: true } sh;
        if (isNamed)
        {
            var name = Interpreter().Match(script[1]).Groups["name"];
            script[1] = script[1].Remove(name.Index, name.Length).Insert(name.Index, "bash");
            edits.Add(script.ToEdit());
        }

        var runner = new Regex($@"(?<![\w./-])(?:sh|dash)(?<rest>\s+(?:-\w+\s+)*(?:\./)?{Regex.Escape(path)})(?![\w./-])", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        if (runner.IsMatch(diagnosis.Job.FailedCommand ?? ""))
        {
            var ciFile = diagnosis.Job.CiFile ?? ".gitlab-ci.yml";
            if (await TextFile.ReadAsync(checkout, ciFile, cancellationToken) is not { } ci || !ci.Lines.Any(line => runner.IsMatch(line)))
                return new FixResult.Declined($"`{path}` uses bash and is run with sh; `{ciFile}` does not hold the command that does so");
            for (var line = 1; line <= ci.Count; line++)
                ci[line] = runner.Replace(ci[line], "bash${rest}");
            edits.Add(ci.ToEdit());
        }
        else if (!isNamed)
        {
            return new FixResult.Declined($"`{path}` names bash already or no shell at all; run it with bash");
        }

        return new FixResult.Fixed(new Patch(edits), $"Let `{path}` run in bash, whose syntax it uses.");
    }

    [GeneratedRegex(@"^#!\s*(?:/usr)?/bin/(?:env\s+)?(?<name>sh|dash)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Interpreter();
}
