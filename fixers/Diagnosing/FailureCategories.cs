namespace QMoi.Fixers.Diagnosing;

/// <summary>The printed names of categories and actions: snake case, as in JSON and in the catalogue.</summary>
public static class FailureCategories
{
    public static string Name(this FailureCategory category) => category switch
    {
        FailureCategory.LintFormat => "lint_format",
        FailureCategory.AuthSecret => "auth_secret",
        _ => category.ToString().ToLowerInvariant(),
    };

    public static string Name(this FailureAction action) => action.ToString().ToLowerInvariant();

    public static FailureCategory? Find(string name) => Find<FailureCategory>(name, Name);

    public static FailureAction? FindAction(string name) => Find<FailureAction>(name, Name);

    private static T? Find<T>(string name, Func<T, string> nameOf)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (nameOf(value) == name)
                return value;
        }

        return null;
    }
}
