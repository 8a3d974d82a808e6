using QMoi.Handlers.Tools;

namespace QMoi.Tests.Tools;

public sealed class NugetConfigurationTests
{
    [Fact]
    public async Task Sources_of_all_files_count_but_those_that_are_switched_off()
    {
        var machine = await WriteAsync("""
            <configuration>
              <packageSources><add key="old" value="https://old.example/v3/index.json" /></packageSources>
            </configuration>
            """);
        var user = await WriteAsync("""
            <configuration>
              <packageSources>
                <clear />
                <add key="mirror" value="https://user:secret@nuget.example:8443/v3/index.json" />
                <add key="nuget.org" value="https://api.nuget.org/v3/index.json" />
                <add key="here" value="/srv/packages" />
              </packageSources>
              <disabledPackageSources><add key="nuget.org" value="true" /></disabledPackageSources>
            </configuration>
            """);
        Assert.Equal([new RegistryHost("nuget.example", 8443)], NugetConfiguration.Hosts([machine, user, "/no/such/file"]));
    }

    [Fact]
    public void Without_settings_there_is_the_source_of_NuGet() => Assert.Equal([new RegistryHost("api.nuget.org", 443)], NugetConfiguration.Hosts([]));

    [Fact]
    public async Task A_file_that_is_no_XML_says_nothing() => Assert.Equal([new RegistryHost("api.nuget.org", 443)], NugetConfiguration.Hosts([await WriteAsync("<configuration")]));

    private static async Task<string> WriteAsync(string text)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("qmoi-nuget-").FullName, "NuGet.Config");
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        return file;
    }
}
