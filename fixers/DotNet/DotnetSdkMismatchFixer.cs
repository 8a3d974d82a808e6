using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.DotNet;

/// <summary>
/// The projects (NETSDK1045) or global.json ask for a newer SDK than the job has. Raises the SDK's image or the input of the set-up action in the CI file. Unsafe where the
/// CI file names several versions or an exact one, and where the SDK lacks for another reason, such as a patch that does not exist.
/// </summary>
public sealed partial class DotnetSdkMismatchFixer : IFixer
{
    public string FailureId => "dotnet-sdk-mismatch";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        if (diagnosis.Matches.Any(match => match.Captures.ContainsKey("version")))
            return new FixResult.Declined("a runtime is missing, not an SDK");
        var wanted = diagnosis.Matches.SelectMany(match => match.Captures).Where(capture => capture.Key is "sdk" or "framework")
            .Select(capture => Number().Match(capture.Value)).Where(match => match.Success).Select(match => match.Value).Distinct(StringComparer.Ordinal).ToList();
        if (wanted is not [var version] || !decimal.TryParse(version, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            return new FixResult.Declined("the log does not ask for one version of the SDK");
        if (diagnosis.Matches.All(match => !match.Captures.ContainsKey("sdk"))
            && await TextFile.ReadAsync(checkout, "global.json", cancellationToken) is { } global && !string.Join('\n', global.Lines).Contains($"\"{version}", StringComparison.Ordinal)
            && string.Join('\n', global.Lines).Contains("\"version\"", StringComparison.Ordinal))
            return new FixResult.Declined("global.json holds the SDK to another version than the projects ask for");
        return await CiToolchain.RaiseAsync(diagnosis, checkout, Places(), "the .NET SDK", number, version, cancellationToken);
    }

    [GeneratedRegex(@"^[1-9]?\d\.\d|(?<=\s)[1-9]?\d\.\d", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Number();

    // mcr.microsoft.com/dotnet/sdk:8.0, :8.0-alpine, dotnet-version: '8.0.x'. A digest, a patch or the name of a distribution stands for one version only.
    [GeneratedRegex("""dotnet/sdk:(?:(?<version>\d+\.\d)(?:-alpine)?(?=["'\s]|$)|(?<fixed>\S+))|dotnet-version:\s*["']?(?:(?<version>\d+\.\d)(?:\.x)?(?=["'\s]|$)|(?<fixed>[|\[$\d]))""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Places();
}
