using System.Globalization;
using System.Text;
using QMoi.Simulator;

namespace QMoi.Bench;

/// <summary>Deliveries as GitHub sends them (6.5 to 19 KB), made by the simulated forge. Of three, two need nothing and one is worked: a closed pull request whose branch looks like the bot's.</summary>
internal sealed class Deliveries
{
    private const string Marker = "1000000000000001";

    private readonly Template[] templates;

    private Deliveries(Template[] templates) => this.templates = templates;

    public static async Task<Deliveries> MakeAsync()
    {
        // Nobody listens there: what was sent is kept all the same.
        await using var simulator = await ForgeSimulator.StartAsync(new SimulatorOptions { GitHubHookUrl = "http://127.0.0.1:1/" }, default);
        var repository = await simulator.GitHub.CreateRepositoryAsync("acme/app", new Dictionary<string, SimulatedFile>(StringComparer.Ordinal)
        {
            [".github/workflows/ci.yml"] = SimulatedFile.Text("on: push\njobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: 'true'\n"),
        });
        var (branch, words) = ("qmoi/fix/" + Marker, "Change " + Marker);
        await repository.PushAsync(branch, new Dictionary<string, SimulatedFile?>(StringComparer.Ordinal) { ["notes.md"] = SimulatedFile.Text("one\n") }, words);
        await simulator.DrainAsync(default);
        var request = await repository.OpenMergeRequestAsync(branch, "main", words, words);
        request.Comment(words);
        request.Close();
        await simulator.DrainAsync(default);

        Template Of(string name, string action) => new(
            name, simulator.GitHub.Deliveries.First(sent => sent.Event == name && (action.Length == 0 || Encoding.UTF8.GetString(sent.Body).StartsWith($$"""{"action":"{{action}}",""", StringComparison.Ordinal))).Body, repository.Id);
        var worked = Of("pull_request", "closed");
        return new Deliveries([worked, Of("workflow_job", "in_progress"), Of("workflow_run", "in_progress"), worked, Of("push", ""), Of("issue_comment", "created")]);
    }

    /// <param name="number">Unlike numbers give unlike bodies, in a thousand repositories.</param>
    public (string Event, byte[] Body) Number(long number)
    {
        var template = templates[number % templates.Length];
        var body = template.Body.ToArray();
        var digits = Encoding.ASCII.GetBytes(number.ToString("D16", CultureInfo.InvariantCulture));
        foreach (var place in template.Numbers)
            digits.CopyTo(body, place);
        var repository = template.Repository + (number % 1_000);
        foreach (var place in template.Repositories)
            Encoding.ASCII.GetBytes(repository.ToString(CultureInfo.InvariantCulture)).CopyTo(body, place);
        return (template.Event, body);
    }

    private sealed class Template
    {
        public Template(string name, byte[] body, long repository)
        {
            (Event, Repository) = (name, repository / 1_000 * 1_000);
            Body = body;
            Numbers = [.. Places(body, Marker)];
            Repositories = [.. Places(body, $"\"id\":{repository},").Select(place => place + "\"id\":".Length)];
            if (Numbers.Count == 0 || Repositories.Count == 0 || repository is < 1_000 or > 9_000)
                throw new InvalidOperationException($"A {name} delivery of the simulated forge cannot be numbered: {Numbers.Count} numbers, {Repositories.Count} times the repository {repository}.");
        }

        public string Event { get; }
        public byte[] Body { get; }
        public List<int> Numbers { get; }
        public List<int> Repositories { get; }

        /// <summary>The first of a thousand ids that are as long as its own.</summary>
        public long Repository { get; }

        private static IEnumerable<int> Places(byte[] body, string text)
        {
            var wanted = Encoding.ASCII.GetBytes(text);
            for (var from = 0; body.AsSpan(from).IndexOf(wanted) is >= 0 and var at; from += at + wanted.Length)
                yield return from + at;
        }
    }
}
