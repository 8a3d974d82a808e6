namespace QMoi.Fixers.Php;

/// <summary>Runs PHP CS Fixer on the files that its dry run would change, with the rules of the project; risky rules stay as the configuration has them.</summary>
public sealed class PhpCsFixerFindingsFixer : IFixer
{
    public string FailureId => "php-cs-fixer-findings";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var files = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("file")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return PhpTool.RunAsync("friendsofphp/php-cs-fixer", ["php-cs-fixer", "fix", "--path-mode=intersection"], files, [], diagnosis, checkout, cancellationToken);
    }
}
