using System.Globalization;

namespace QMoi.Fixers.Docker;

/// <summary>
/// A Dockerfile has a line that begins with no instruction. Corrects an instruction that is one slip of the finger from a real one, and joins a line that begins with
/// <c>&amp;&amp;</c> to the one above it. Unsafe where no Dockerfile, or more than one, has the word on that line.
/// </summary>
public sealed class DockerfileUnknownInstructionFixer : IFixer
{
    public string FailureId => "dockerfile-unknown-instruction";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Select(match => match.Captures).FirstOrDefault(captures => captures.ContainsKey("instruction")) is not { } captures
            || !int.TryParse(captures.GetValueOrDefault("line"), NumberStyles.None, CultureInfo.InvariantCulture, out var line))
            return new FixResult.Declined("the message does not name the line and the instruction");
        var wrong = captures["instruction"];
        // Docker says it in capitals, however it is written.
        var files = (await Dockerfiles.ReadAsync(checkout, cancellationToken)).Where(file => file.Has(line) && First(file[line]).Equals(wrong, StringComparison.OrdinalIgnoreCase)).ToList();
        if (files is not [var dockerfile])
            return new FixResult.Declined(files.Count == 0 ? $"no Dockerfile has `{wrong}` at the beginning of line {line}" : $"more than one Dockerfile has `{wrong}` at the beginning of line {line}");
        if (wrong is "&&" or "||" or "|")
            return Join(dockerfile, line);
        var near = Dockerfiles.Instructions.Where(right => Spelling.Distance(wrong.ToUpperInvariant(), right) is var distance && distance <= (right.Length > 4 ? 2 : 1)).ToList();
        if (near is not [var instruction])
            return new FixResult.Declined($"`{wrong}` in `{dockerfile.Path}`, line {line}, is not near to one instruction only");
        var written = First(dockerfile[line]);
        var at = dockerfile[line].IndexOf(written, StringComparison.Ordinal);
        dockerfile[line] = dockerfile[line].Remove(at, written.Length).Insert(at, written.Any(char.IsAsciiLetterUpper) ? instruction : instruction.ToLowerInvariant());
        return new FixResult.Fixed(new Patch([dockerfile.ToEdit()]), $"Corrected `{written}` to `{instruction}` in `{dockerfile.Path}`.");
    }

    private static FixResult Join(TextFile dockerfile, int line)
    {
        var above = line - 1;
        if (above < 1 || dockerfile[above].Trim().Length == 0 || dockerfile[above].TrimStart().StartsWith('#') || dockerfile[above].TrimEnd().EndsWith('\\'))
            return new FixResult.Declined($"line {line} of `{dockerfile.Path}` does not go on from the line above it");
        dockerfile[above] = dockerfile[above].TrimEnd() + " \\";
        return new FixResult.Fixed(new Patch([dockerfile.ToEdit()]), $"Joined line {line} of `{dockerfile.Path}` to the one above it.");
    }

    private static string First(string line) => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";
}
