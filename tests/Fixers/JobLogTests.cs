using System.Text;
using QMoi.Fixers.Diagnosing;

namespace QMoi.Tests.Fixers;

public sealed class JobLogTests
{
    [Theory]
    [InlineData("10%\r20%\rdone\n", "done")]
    [InlineData("text\r\n", "text")]
    [InlineData("\e[31mred\e[0m \e]8;;https://a.invalid\alink\e]8;;\a \u009b1mbold\n", "red link bold")]
    [InlineData("2024-05-06T07:08:09.1234567Z ##[error]no\n", "no")]
    [InlineData("2024-05-06T07:08:09.123456Z 01E bad\n", "bad")]
    [InlineData("::error file=a.js,line=1::wrong\n", "wrong")]
    [InlineData("a\0b\n", "ab")]
    [InlineData("section_start:1:x[collapsed=true]\r\e[0Ktext\n", "text")]
    [InlineData("no end", "no end")]
    public async Task A_line_is_read_as_a_person_sees_it(string raw, string text) => Assert.Equal(text, Assert.Single(await ReadAsync(Encoding.UTF8.GetBytes(raw))).Text);

    [Fact]
    public async Task Lines_are_counted_on_line_feeds_alone()
    {
        var lines = await ReadAsync("a\n\n\rb\rc\r\n\nd"u8.ToArray());
        Assert.Equal(["1 a", "2 ", "3 c", "4 ", "5 d"], lines.Select(line => $"{line.Number} {line.Text}"));
    }

    [Fact]
    public async Task Sections_are_known_and_their_markers_gone()
    {
        var lines = await ReadAsync("section_start:1:step_script\r\e[0K$ x\ny\nsection_end:1:step_script\r\e[0Kz\n"u8.ToArray());
        Assert.Equal([("$ x", "step_script"), ("y", "step_script"), ("z", null)], lines.Select(line => (line.Text, line.Section)));
    }

    [Theory]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(8191)]
    [InlineData(8192)]
    public async Task A_line_of_up_to_8_KiB_is_kept(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(index => (char)('a' + (index % 26))));
        Assert.Equal(text, Assert.Single(await ReadAsync(Encoding.UTF8.GetBytes(text))).Text);
    }

    [Theory]
    [InlineData(8193)]
    [InlineData(12_288)]
    [InlineData(300_001)]
    public async Task Of_a_longer_line_head_and_tail_are_kept(int length)
    {
        var line = Assert.Single(await ReadAsync(Encoding.UTF8.GetBytes("head " + new string('x', length - 10) + " tail")));
        Assert.StartsWith("head ", line.Text, StringComparison.Ordinal);
        Assert.EndsWith(" tail", line.Text, StringComparison.Ordinal);
        Assert.InRange(line.Text.Length, 10, JobLog.LongestLine + 10);
    }

    [Theory]
    [InlineData("use ghp_16C7e42F292c6912E7710c838347Ae178B4a now")]
    [InlineData("use glpat-AbCdEfGhIjKlMnOpQrSt now")]
    [InlineData("use AKIAIOSFODNN7EXAMPLE now")]
    [InlineData("use npm_abcdefghijklmnopqrstuvwxyz0123456789 now")]
    [InlineData("use eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P now")]
    [InlineData("use https://user:hunter2hunter2@host.invalid/x now")]
    [InlineData("use https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX now")]
    [InlineData("use password=correcthorsebatterystaple now")]
    [InlineData("use Authorization: Bearer abcdefghijklmnopqrstuvwxyz now")]
    public void Secrets_are_masked(string line)
    {
        var masked = new Redactor().Redact(line);
        Assert.Contains(Redactor.Mask, masked, StringComparison.Ordinal);
        Assert.StartsWith("use ", masked, StringComparison.Ordinal);
        Assert.EndsWith(" now", masked.Replace("/x now", " now", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", masked, StringComparison.Ordinal);
        Assert.True(masked.Length < line.Length || masked.Contains("://[REDACTED]@", StringComparison.Ordinal), masked);
    }

    [Theory]
    [InlineData("Checking out 9bc31d5ccc31df68ecc42ccf4149144866c47d8a as main")]
    [InlineData("token: 123e4567-e89b-12d3-a456-426614174000")]
    [InlineData("npm error network request to https://registry.npmjs.org/left-pad failed")]
    [InlineData("fatal: repository 'https://github.com/acme/app.git' not found")]
    public void What_is_no_secret_stays(string line) => Assert.Equal(line, new Redactor().Redact(line));

    [Fact]
    public void A_private_key_is_masked_over_its_lines()
    {
        var redactor = new Redactor();
        string[] lines = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA", "abc+/=", "-----END RSA PRIVATE KEY-----", "after it"];
        Assert.Equal([Redactor.Mask, Redactor.Mask, Redactor.Mask, Redactor.Mask, "after it"], lines.Select(redactor.Redact));
    }

    private static async Task<List<JobLogLine>> ReadAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        var lines = new List<JobLogLine>();
        await foreach (var line in new JobLog(stream).ReadAsync(TestContext.Current.CancellationToken))
            lines.Add(line);
        return lines;
    }
}
