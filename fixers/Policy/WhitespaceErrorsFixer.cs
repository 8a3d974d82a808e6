namespace QMoi.Fixers.Policy;

/// <summary>Removes the blanks that git complains of in new lines: at their ends, and blank lines at the end of a file.</summary>
public sealed class WhitespaceErrorsFixer : IFixer
{
    public string FailureId => "whitespace-errors";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Repair, paths => $"Removed blanks at the ends of lines and files in {paths}.", cancellationToken);

    private static string? Repair(NamedPlaces.Place place)
    {
        switch (place.Capture("what"))
        {
            case "trailing whitespace" when place.Text.TrimEnd() != place.Text:
                place.File[place.Line] = place.Text.TrimEnd();
                return null;
            case "new blank line at EOF" when place.File[place.File.Count].Trim().Length == 0:
                while (place.File.Count > 1 && place.File[place.File.Count].Trim().Length == 0)
                    place.File.Remove(place.File.Count);
                return null;
            case "trailing whitespace" or "new blank line at EOF":
                return $"`{place.File.Path}`, line {place.Line}, is not as the log says; the log is of another version of it";
            default:
                return $"\"{place.Capture("what")}\" in `{place.File.Path}`, line {place.Line}, is for a person to repair";
        }
    }
}
