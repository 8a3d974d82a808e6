using System.Text;
using QMoi.Fixers;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

public sealed class CatalogueTests
{
    private static readonly LogDiagnoser Diagnoser = new(Catalogue.Embedded);

    public static TheoryData<string> Ids => [.. Catalogue.Embedded.Entries.Select(entry => entry.Id)];

    public static TheoryData<string> IdsWithLookAlike => [.. Catalogue.Embedded.Entries.Where(entry => entry.LookAlike.Length > 0).Select(entry => entry.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_sample_of_an_entry_is_diagnosed_as_that_entry(string id)
    {
        var entry = Catalogue.Embedded.Find(id)!;
        var diagnosis = (await DiagnoseAsync(entry.Sample)).Diagnoses[0];
        Assert.Equal(id, diagnosis.FailureId);
        Assert.DoesNotContain('{', diagnosis.Summary);
        Assert.DoesNotContain('{', diagnosis.Next);
        Assert.InRange(diagnosis.Confidence, 0.01, 1);
        Assert.Contains(diagnosis.Evidence, line => line.Number == diagnosis.RootCause.Line);
        Assert.Matches("^[0-9a-f]{16}$", diagnosis.FailureSignature);
    }

    [Theory]
    [MemberData(nameof(IdsWithLookAlike))]
    public async Task The_look_alike_of_an_entry_is_not(string id)
    {
        var report = await DiagnoseAsync(Catalogue.Embedded.Find(id)!.LookAlike);
        Assert.NotEqual(id, report.Diagnoses[0].FailureId);
    }

    [Fact]
    public void Every_fixer_repairs_an_entry_of_the_catalogue_and_has_cases_one_of_which_it_declines()
    {
        foreach (var fixer in FixerIndex.All)
        {
            Assert.NotNull(Catalogue.Embedded.Find(fixer.FailureId));
            Assert.Same(fixer, FixerIndex.Find(fixer.FailureId));
            var cases = Directory.GetDirectories(Path.Combine(CaseTests.Root, fixer.FailureId)).Select(Path.GetFileName).ToList();
            Assert.Contains(cases, name => name!.StartsWith("declines-", StringComparison.Ordinal));
            Assert.Contains(cases, name => !name!.StartsWith("declines-", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("- {id: a, colour: red}", "unknown key 'colour'")]
    [InlineData("- {id: a, title: t}", "'signatures' must be a list")]
    [InlineData("a: b", "must be one list")]
    [InlineData("- [", "line ")]
    public void A_catalogue_with_a_mistake_is_refused_with_its_place(string text, string message)
    {
        var exception = Assert.Throws<FormatException>(() => Catalogue.Parse([("x.yaml", text)]));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith("x.yaml", exception.Message, StringComparison.Ordinal);
    }

    internal static async Task<LogReport> DiagnoseAsync(string log, JobFacts? job = null)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(log));
        return await Diagnoser.DiagnoseAsync(stream, job ?? JobFacts.None, TestContext.Current.CancellationToken);
    }
}
