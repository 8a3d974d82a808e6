using System.Text;
using QMoi.Functions.Settings;
using QMoi.Handlers.Settings;

namespace QMoi.Tests.Functions;

/// <summary>What people read stays true.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public async Task Every_setting_is_documented_with_its_plain_name()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "docs", "settings.md"));
        foreach (var (key, plainName, _) in SettingsReader.Keys)
        {
            Assert.Contains($"`{key}`", page, StringComparison.Ordinal);
            if (plainName is not null)
                Assert.Contains($"`{plainName}`", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_settings_shown_on_the_first_page_can_be_used_as_they_stand()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "README.md"));
        var settings = RepositorySettings.Parse(Encoding.UTF8.GetBytes(page.Split("```yaml\n")[1].Split("```")[0]));
        Assert.Null(settings.Problem);
        Assert.NotEmpty(settings.Retry.Rules);
    }

    [Fact]
    public async Task The_page_of_fixers_is_what_the_program_writes_and_every_fixer_says_what_it_does()
    {
        var (exitCode, page, _) = await QmoiProcess.RunAsync(["catalog", "--fixers"]);
        Assert.Equal(0, exitCode);
        Assert.Equal(page.ReplaceLineEndings("\n"), (await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "docs", "fixers.md"))).ReplaceLineEndings("\n"));
        Assert.DoesNotContain("|  |\n", page.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_test_that_the_page_of_threats_names_exists()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(QmoiProcess.Root, "docs", "threats.md"));
        var tests = typeof(DocumentationTests).Assembly.GetTypes().SelectMany(type => type.GetMethods().Select(method => $"{type.Name}.{method.Name}")).ToHashSet(StringComparer.Ordinal);
        var rows = page.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2).Select(line => line.Split(" | ")[^1]).ToList();
        Assert.NotEmpty(rows);
        foreach (var row in rows)
        {
            var named = row.Split('`').Where((_, index) => index % 2 == 1).ToList();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, tests));
        }
    }

    [Fact]
    public async Task Every_link_between_the_pages_leads_somewhere()
    {
        var root = QmoiProcess.Root;
        foreach (var page in Directory.GetFiles(root, "*.md").Concat(Directory.GetFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)))
        {
            var text = Markdig.Markdown.Parse(await File.ReadAllTextAsync(page));
            foreach (var link in Markdig.Syntax.MarkdownObjectExtensions.Descendants<Markdig.Syntax.Inlines.LinkInline>(text))
                if (link.Url is { } url && !url.Contains("://", StringComparison.Ordinal))
                    Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, url.Split('#')[0])), $"{page} links to {url}");
        }
    }
}
