using QMoi.Fixers.Ci;
using System.Globalization;
using System.Text.RegularExpressions;

namespace QMoi.Fixers.Npm;

/// <summary>
/// The CI file itself gives Node.js a heap smaller than Node.js would take, and the heap was full at that limit: raises it. Declined without such a limit: then the job needs
/// memory that only its owner can promise, or the program leaks.
/// </summary>
public sealed partial class NodeHeapOomFixer : IFixer
{
    // From here on the limit is one that somebody chose for what the runner has.
    private const int Ample = 2048;
    private const int Least = 512;

    public string FailureId => "node-heap-oom";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = await CiFiles.TextsAsync(diagnosis, checkout, cancellationToken);
        var limits = files.SelectMany(file => Enumerable.Range(1, file.Count).Where(line => !CiFiles.IsComment(file[line]) && Limit().IsMatch(file[line])).Select(line => (File: file, Number: line))).ToList();
        if (limits is not [var (ci, number)])
            return new FixResult.Declined(limits.Count == 0
                ? "the CI file sets no limit for the heap of Node.js; the job needs a larger runner, fewer workers, or has a leak"
                : "the CI file sets more than one limit for the heap of Node.js; which of them this job has is not plain");
        var limit = int.Parse(Limit().Match(ci[number]).Groups["megabytes"].Value, CultureInfo.InvariantCulture);
        if (limit is 0 or >= Ample)
            return new FixResult.Declined($"the heap may have {limit} MB already; the job needs a larger runner, fewer workers, or has a leak");
        var used = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("used")).OfType<string>()
            .Select(text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var megabytes) ? megabytes : 0).DefaultIfEmpty(0).Max();
        // A heap far from the limit was full for another reason, or is that of another process.
        if (used > 0 && (used < limit * 0.5 || used > limit * 1.5))
            return new FixResult.Declined($"the heap held {used.ToString("0", CultureInfo.InvariantCulture)} MB and the limit in `{ci.Path}` is {limit} MB; another limit was met");
        var raised = Math.Max(Least, limit * 2);
        ci[number] = Limit().Replace(ci[number], match => match.Groups["option"].Value + raised.ToString(CultureInfo.InvariantCulture));
        return new FixResult.Fixed(new Patch([ci.ToEdit()]), $"Raised the heap limit of Node.js from {limit} to {raised} MB in `{ci.Path}`.");
    }

    [GeneratedRegex(@"(?<option>--max[-_]old[-_]space[-_]size[= ])(?<megabytes>\d{1,6})\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Limit();
}
