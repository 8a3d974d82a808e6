using System.Text.RegularExpressions;

namespace QMoi.Fixers.Make;

/// <summary>
/// Recognises recipe lines of a Makefile that begin with blanks where make wants a tab. Puts a tab there, in this and the other recipes of the file with the same slip.
/// Unsafe where the line is not below a rule (conflict markers, broken conditionals): declined.
/// </summary>
public sealed partial class MakeMissingSeparatorFixer : IFixer
{
    public string FailureId => "make-missing-separator";

    public Task<FixResult> FixAsync(Diagnosis diagnosis, ICheckout checkout, CancellationToken cancellationToken) =>
        NamedPlaces.EditAsync(diagnosis, checkout, Indent, paths => $"Indented the recipes in {paths} with tabs.", cancellationToken);

    private static string? Indent(NamedPlaces.Place place)
    {
        var file = place.File;
        if (!IsSlip(file[place.Line]))
            return $"line {place.Line} of `{file.Path}` does not begin with blanks, so a tab is not what it lacks";
        var recipes = new List<int>();
        var isRecipe = false;
        for (var line = 1; line <= file.Count; line++)
        {
            var text = file[line];
            if (line > 1 && file[line - 1].EndsWith('\\'))
                continue;
            if (string.IsNullOrWhiteSpace(text) || text.TrimStart().StartsWith('#') || Conditional().IsMatch(text))
                continue;
            if (text[0] == '\t')
                continue;
            if (IsSlip(text) && isRecipe && !Assignment().IsMatch(text) && !Rule().IsMatch(text.TrimStart()))
                recipes.Add(line);
            else
                isRecipe = Rule().IsMatch(text) && !Assignment().IsMatch(text);
        }

        if (!recipes.Contains(place.Line))
            return $"line {place.Line} of `{file.Path}` is not plainly part of a recipe";
        foreach (var line in recipes)
            file[line] = "\t" + file[line].TrimStart(' ', '\t');
        return null;
    }

    private static bool IsSlip(string line) => line.StartsWith(' ') && !string.IsNullOrWhiteSpace(line);

    [GeneratedRegex(@"^\s*(?:-?include|ifn?eq|ifn?def|else|endif|define|endef|export|unexport|override|vpath)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Conditional();

    [GeneratedRegex(@"^[^\s#:=][^#:=]*::?(?:[^=]|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Rule();

    [GeneratedRegex(@"^\s*[\w.-]+\s*(?:[:+?!]|::)?=\s", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignment();
}
