namespace QMoi.Fixers.Java;

/// <summary>Spotless finds files that are not formatted. Lets the project's own Spotless format them, with the build tool that ran; unsafe where it is not clear which that is.</summary>
public sealed class SpotlessViolationFixer : IFixer
{
    public string FailureId => "spotless-violation";

    public async Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken)
    {
        var isMaven = diagnosis.Matches.Any(match => match.Captures.ContainsKey("maven"));
        var isGradle = diagnosis.Matches.Any(match => match.Captures.ContainsKey("gradle"));
        if (isMaven == isGradle)
            return new FixResult.Declined("the log does not say whether Maven or Gradle ran Spotless");
        var wrapper = isMaven ? "mvnw" : "gradlew";
        var build = isMaven ? (string[])["pom.xml"] : ["build.gradle", "build.gradle.kts"];
        var has = false;
        foreach (var name in build)
            has |= await checkout.ReadAsync(name, cancellationToken) is not null;
        if (!has)
            return new FixResult.Declined($"there is no {build[0]} at the root of the repository");
        var hasWrapper = await checkout.ReadAsync(wrapper, cancellationToken) is { IsExecutable: not false };
        string[] arguments = isMaven ? ["-B", "-q", "spotless:apply"] : ["--no-daemon", "spotlessApply"];
        var program = hasWrapper ? "./" + wrapper : isMaven ? "mvn" : "gradle";
        return new FixResult.NeedsTool(
            new ToolRun([new ToolCommand([program, .. arguments], NeedsRegistry: true)], "", $"Ran `{(isMaven ? "spotless:apply" : "spotlessApply")}`."),
            ["**/*.java", "**/*.kt", "**/*.kts", "**/*.groovy", "**/*.gradle", "**/*.scala", "**/*.xml", "**/*.json", "**/*.md"]);
    }
}
