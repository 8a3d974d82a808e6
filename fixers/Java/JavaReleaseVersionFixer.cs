using System.Globalization;
using System.Text.RegularExpressions;
using QMoi.Fixers.Ci;

namespace QMoi.Fixers.Java;

/// <summary>
/// javac does not know the release that the build asks for. Raises the JDK in the CI file: the image's or the input of the set-up action. Unsafe where the CI file names
/// several JDKs or an exact build of one, and for classes and build tools that are of another age than the JDK.
/// </summary>
public sealed partial class JavaReleaseVersionFixer : IFixer
{
    public string FailureId => "java-release-version";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var releases = diagnosis.Matches.Select(match => match.Captures.GetValueOrDefault("release")).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return releases is [var release] && decimal.TryParse(release, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) && wanted is >= 9 and < 100
            ? await CiToolchain.RaiseAsync(diagnosis, checkout, Places(), "the JDK", wanted, release, cancellationToken)
            : new FixResult.Declined("the log does not ask for one release of Java");
    }

    // eclipse-temurin:17, :17-jdk, maven:3.9-eclipse-temurin-17, gradle:8-jdk17, openjdk:17-slim, java-version: '17'. Longer numbers are exact builds.
    [GeneratedRegex("""(?:(?:eclipse-temurin|openjdk|amazoncorretto|sapmachine|ibm-semeru-runtimes)[:-](?:open-)?|[:-]jdk-?)(?:(?<version>\d+)(?:-(?:jdk|alpine|slim))*(?=["'\s]|$)|(?<fixed>\d\S*))|\bjava-version:\s*["']?(?:(?<version>\d+)(?=["'\s]|$)|(?<fixed>\S))""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Places();
}
