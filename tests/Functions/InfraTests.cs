using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using QMoi.Functions.Settings;
using YamlDotNet.RepresentationModel;

namespace QMoi.Tests.Functions;

/// <summary>What <c>infra/</c> names is there: settings, roles, ports, paths, metrics, files. Nothing is fetched; programs of the machine are used where it has them.</summary>
public sealed partial class InfraTests
{
    private const int Port = 8080;

    private static readonly string Infra = Path.Combine(QmoiProcess.Root, "infra");

    /// <summary>As Prometheus calls what the meter "QMoi" counts, and what each of them carries.</summary>
    private static readonly Dictionary<string, string[]> Metrics = new(StringComparer.Ordinal)
    {
        ["qmoi_deliveries_total"] = ["forge", "result"],
        ["qmoi_receive_duration_seconds"] = ["forge"],
        ["qmoi_work_total"] = ["outcome"],
        ["qmoi_work_duration_seconds"] = [],
        ["qmoi_queue_ready"] = [],
        ["qmoi_queue_waiting"] = [],
        ["qmoi_lanes_held"] = [],
        ["qmoi_queue_age_seconds"] = [],
        ["qmoi_forge_requests_total"] = ["forge", "status"],
        ["qmoi_forge_request_duration_seconds"] = ["forge"],
        ["qmoi_forge_limit_remaining"] = ["forge"],
        ["qmoi_tool_duration_seconds"] = ["tool"],
        ["qmoi_attempts_total"] = ["failure", "state"],
    };

    /// <summary>Variables of the infrastructure itself, which the program does not read.</summary>
    private static readonly string[] OwnVariables =
        ["QMOI_SECRETS", "QMOI_SETTINGS", "QMOI_TOOLS", "QMOI_TMP", "QMOI_DATABASE_PASSWORD", "QMOI_IMAGE", "QMOI_REGISTRY", "OTEL_EXPORTER_OTLP_ENDPOINT", "FUNCTIONS_CUSTOMHANDLER_PORT"];

    private static IEnumerable<string> Files => Directory.EnumerateFiles(Infra, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/secrets/", StringComparison.Ordinal));

    [Fact]
    public void Every_setting_that_is_named_exists()
    {
        var known = SettingsReader.Keys.SelectMany(setting => new[] { "QMOI__" + setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.PlainName }).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var file in Files.Append(Path.Combine(QmoiProcess.Root, "docs", "operations.md")))
            foreach (Match name in Variable().Matches(File.ReadAllText(file)))
                Assert.True(known.Contains(name.Value) || OwnVariables.Contains(name.Value), $"{file} names {name.Value}, which is no setting");
    }

    [Fact]
    public void Every_start_of_the_bot_names_a_role_it_has_and_the_port_that_others_expect()
    {
        var starts = 0;
        foreach (var file in Files)
        {
            var text = File.ReadAllText(file);
            foreach (Match role in Role().Matches(text))
                Assert.True(role.Groups["is"].Value is "web" or "worker" or "all" or "role.name", $"{file}: {role.Value}");
            foreach (Match urls in Urls().Matches(text))
            {
                starts++;
                Assert.Equal($"{Port}", urls.Groups["is"].Value);
            }
        }
        Assert.True(starts >= 6, "image, compose, web, worker, systemd and Container Apps start it");
        Assert.Contains($"EXPOSE {Port}", Read("container/Dockerfile"), StringComparison.Ordinal);
        Assert.Contains($"${{1:-{Port}}}", Read("container/healthcheck.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_are_bound_as_the_host_proxies_them_and_as_the_program_answers()
    {
        string[] routes = ["webhooks/{forge}", "healthz", "readyz", "api/qmoi/{*path}"];
        string[] timers = ["work", "sweep", "retention"];
        var (seenRoutes, seenTimers) = (new List<string>(), new List<string>());
        foreach (var file in Directory.GetFiles(Path.Combine(Infra, "azure-functions"), "function.json", SearchOption.AllDirectories))
        {
            using var function = JsonDocument.Parse(File.ReadAllText(file));
            var bindings = function.RootElement.GetProperty("bindings").EnumerateArray().ToList();
            if (Text(bindings[0], "type") == "timerTrigger")
            {
                Assert.Single(bindings);
                Assert.Matches("^([0-9*/,-]+ ){5}[0-9*/,-]+$", Text(bindings[0], "schedule"));
                seenTimers.Add(Path.GetFileName(Path.GetDirectoryName(file)!));
                continue;
            }
            // With any other binding the host sends an envelope instead of the bytes that the forge has signed.
            Assert.Equal(["httpTrigger in", "http out"], bindings.Select(binding => $"{Text(binding, "type")} {Text(binding, "direction")}"));
            Assert.Equal("anonymous", Text(bindings[0], "authLevel"));
            seenRoutes.Add(Text(bindings[0], "route"));
        }
        Assert.Equal(routes.Order(), seenRoutes.Order());
        Assert.Equal(timers.Order(), seenTimers.Order());

        using var host = JsonDocument.Parse(File.ReadAllText(Path.Combine(QmoiProcess.Root, "host.json")));
        var root = host.RootElement;
        Assert.True(root.GetProperty("customHandler").GetProperty("enableProxyingHttpRequest").GetBoolean());
        Assert.Equal("qmoi", Text(root.GetProperty("customHandler").GetProperty("description"), "defaultExecutablePath"));
        Assert.Equal("", Text(root.GetProperty("extensions").GetProperty("http"), "routePrefix"));
        Assert.True(TimeSpan.Parse(Text(root, "functionTimeout"), null) > new WorkSettings().HandlerTimeout, "a delivery in hand may be finished");
    }

    [Fact]
    public void The_dashboard_shows_every_metric_and_no_other()
    {
        using var document = JsonDocument.Parse(Read("grafana/qmoi.json"));
        var panels = document.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        var taken = new HashSet<(int, int)>();
        var shown = new HashSet<string>(StringComparer.Ordinal);
        foreach (var panel in panels)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32());
            for (var column = x; column < x + place.GetProperty("w").GetInt32(); column++)
                for (var row = y; row < y + place.GetProperty("h").GetInt32(); row++)
                    Assert.True(column < 24 && taken.Add((column, row)), $"'{Text(panel, "title")}' lies over another panel");
            if (Text(panel, "type") == "row")
                continue;
            Assert.NotEqual("", Text(panel, "description"));
            foreach (var target in panel.GetProperty("targets").EnumerateArray())
                shown.UnionWith(MetricsOf(Text(target, "expr")));
        }
        Assert.Equal(Metrics.Keys.Order(), shown.Order());
    }

    [Fact]
    public void Alerts_and_the_autoscaler_ask_for_metrics_that_exist()
    {
        foreach (var rule in Nodes(Yaml("grafana/alerts.yaml")[0]).OfType<YamlMappingNode>().Where(node => node.Children.ContainsKey("expr")))
            Assert.NotEmpty(MetricsOf(rule["expr"].ToString()));
        Assert.Equal("qmoi_queue_age_seconds", Kubernetes("HorizontalPodAutoscaler", "qmoi-worker")["spec"]["metrics"][0]["external"]["metric"]["name"].ToString());
        var operations = File.ReadAllText(Path.Combine(QmoiProcess.Root, "docs", "operations.md"));
        foreach (Match alert in Alert().Matches(Read("grafana/alerts.yaml")))
            Assert.Contains($"`{alert.Groups["is"].Value}`", operations, StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_of_the_cluster_have_no_rights_and_are_looked_after()
    {
        foreach (var role in (string[])["web", "worker"])
        {
            var pod = Kubernetes("Deployment", $"qmoi-{role}")["spec"]["template"]["spec"];
            var container = pod["containers"][0];
            Assert.Equal(["serve", "--role", role, "--urls", $"http://0.0.0.0:{Port}"], ((YamlSequenceNode)container["args"]).Select(word => word.ToString()));
            Assert.Equal($"{Port}", container["ports"][0]["containerPort"].ToString());
            Assert.Equal(("true", "1654", "RuntimeDefault"), (pod["securityContext"]["runAsNonRoot"].ToString(), pod["securityContext"]["runAsUser"].ToString(), pod["securityContext"]["seccompProfile"]["type"].ToString()));
            var security = container["securityContext"];
            Assert.Equal(("false", "true", "[ ALL ]"), (security["allowPrivilegeEscalation"].ToString(), security["readOnlyRootFilesystem"].ToString(), security["capabilities"]["drop"].ToString()));
            Assert.Equal("false", pod["automountServiceAccountToken"].ToString());
            Assert.Equal(["/healthz", "/healthz", "/readyz"], ((string[])["startupProbe", "livenessProbe", "readinessProbe"]).Select(probe => container[probe]["httpGet"]["path"].ToString()));
            Assert.Equal(["/data", "/tmp"], ((YamlSequenceNode)container["volumeMounts"]).Select(mount => mount["mountPath"].ToString()));
            Assert.True(int.Parse(pod["terminationGracePeriodSeconds"].ToString(), null) > 60, "what is in hand may be finished");
            Assert.NotNull(container["resources"]["limits"]["memory"]);
            foreach (var kind in (string[])["HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"])
                Assert.NotNull(Kubernetes(kind, $"qmoi-{role}"));
            Assert.Equal($"qmoi-{role}", Kubernetes("HorizontalPodAutoscaler", $"qmoi-{role}")["spec"]["scaleTargetRef"]["name"].ToString());
        }
    }

    [Fact]
    public void What_selects_pods_selects_those_that_there_are()
    {
        var labels = ((string[])["web", "worker"]).Select(role => Kubernetes("Deployment", $"qmoi-{role}")["spec"]["template"]["metadata"]["labels"].ToString()).ToList();
        string[] selectors =
        [
            .. ((string[])["web", "worker"]).SelectMany(role => new[]
            {
                Kubernetes("Deployment", $"qmoi-{role}")["spec"]["selector"]["matchLabels"], Kubernetes("PodDisruptionBudget", $"qmoi-{role}")["spec"]["selector"]["matchLabels"],
                Kubernetes("NetworkPolicy", $"qmoi-{role}")["spec"]["podSelector"]["matchLabels"],
            }).Select(selector => selector.ToString()),
            Kubernetes("Service", "qmoi")["spec"]["selector"].ToString(),
        ];
        Assert.All(selectors, selector => Assert.Contains(selector, labels, StringComparer.Ordinal));
    }

    [Fact]
    public void Kustomizations_name_the_files_beside_them_all_and_only_those()
    {
        foreach (var folder in Directory.GetDirectories(Path.Combine(Infra, "kubernetes")))
        {
            var kustomization = Yaml(Path.Combine(folder, "kustomization.yaml"))[0];
            var named = ((YamlSequenceNode)kustomization["resources"]).Select(file => file.ToString()).ToList();
            if (kustomization is YamlMappingNode map && map.Children.TryGetValue("patches", out var patches))
                named.AddRange(((YamlSequenceNode)patches).Select(patch => patch["path"].ToString()));
            Assert.All(named, file => Assert.True(Path.Exists(Path.Combine(folder, file)), $"{folder} names {file}"));
            var there = Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Where(file => file != "kustomization.yaml");
            Assert.Equal(there.Order(StringComparer.Ordinal), named.Where(file => !file.StartsWith("../", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Only_workers_get_what_the_sandbox_needs_and_only_where_asked_for()
    {
        var patch = Yaml("kubernetes/sandbox/worker.yaml")[0];
        Assert.Equal("qmoi-worker", patch["metadata"]["name"].ToString());
        var pod = patch["spec"]["template"]["spec"];
        Assert.Equal(("false", "Unmasked", "Unconfined"), (pod["hostUsers"].ToString(), pod["containers"][0]["securityContext"]["procMount"].ToString(), pod["containers"][0]["securityContext"]["seccompProfile"]["type"].ToString()));
        Assert.All(Directory.GetFiles(Path.Combine(Infra, "kubernetes", "base")), file => Assert.DoesNotContain("Unconfined", File.ReadAllText(file), StringComparison.Ordinal));
        Assert.DoesNotContain("privileged: true", string.Concat(Files.Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_is_built_from_files_that_are_sent_and_runs_as_nobody_special()
    {
        var lines = Read("container/Dockerfile").ReplaceLineEndings("\n").Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
        var sent = File.ReadAllLines(Path.Combine(QmoiProcess.Root, ".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();
        foreach (var line in lines.Where(line => line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal)))
            foreach (var source in line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..^1].Where(word => !word.StartsWith("--", StringComparison.Ordinal)).Select(word => word.TrimEnd('/')))
            {
                Assert.True(Path.Exists(Path.Combine(QmoiProcess.Root, source)), $"{source} is copied and is not there");
                Assert.True(sent.Exists(path => source == path || source.StartsWith(path + "/", StringComparison.Ordinal)), $"{source} is copied, and .dockerignore keeps it away");
            }
        Assert.All(lines.Where(line => line.StartsWith("FROM ", StringComparison.Ordinal)), line => Assert.Matches(@"^FROM \S+:\d[\w.-]* AS \w+$", line));
        Assert.DoesNotContain(lines, line => line.StartsWith("ADD ", StringComparison.Ordinal));
        Assert.Equal("USER $APP_UID", lines.Last(line => line.StartsWith("USER ", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("HEALTHCHECK ", StringComparison.Ordinal));
        Assert.All((string[])["bubblewrap", "git", "util-linux"], package => Assert.Contains(lines, line => line.Contains("apt-get install", StringComparison.Ordinal) && line.Contains($" {package} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_service_of_compose_is_read_only_and_every_secret_is_made()
    {
        var compose = Yaml("compose/compose.yaml")[0];
        var secrets = ((YamlMappingNode)compose["secrets"]).Children.Keys.Select(name => name.ToString()).ToList();
        foreach (var (name, service) in ((YamlMappingNode)compose["services"]).Children)
        {
            Assert.Equal("true", service["read_only"].ToString());
            Assert.Equal("[ ALL ]", service["cap_drop"].ToString());
            Assert.Contains("no-new-privileges:true", service["security_opt"].ToString(), StringComparison.Ordinal);
            Assert.All(((YamlSequenceNode)service["secrets"]).Select(secret => secret.ToString()), secret => Assert.Contains(secret, secrets, StringComparer.Ordinal));
            Assert.DoesNotContain(":latest", name + service["image"].ToString(), StringComparison.Ordinal);
        }
        // Programs of a checkout are run from there; Docker's default is noexec.
        Assert.StartsWith("/tmp:exec,", compose["services"]["qmoi"]["tmpfs"][0].ToString(), StringComparison.Ordinal);
        var maker = Read("compose/make-secrets.sh");
        Assert.All(secrets, secret => Assert.Contains(secret, maker, StringComparison.Ordinal));
        Assert.Contains("secrets/", Read("compose/.gitignore"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_unit_is_hardened_as_far_as_the_sandbox_of_the_tools_allows()
    {
        var settings = Read("systemd/qmoi.service").Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#')).Select(line => line.Split('=', 2)).ToLookup(pair => pair[0], pair => pair[1]);
        Assert.All((string[])["NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID", "ProtectKernelModules", "ProtectControlGroups"], name => Assert.Equal("yes", Assert.Single(settings[name])));
        Assert.Equal("strict", Assert.Single(settings["ProtectSystem"]));
        Assert.Equal("", Assert.Single(settings["CapabilityBoundingSet"]));
        // Each was tried: bubblewrap does not work with it.
        Assert.All((string[])["ProtectHostname", "ProtectKernelTunables", "ProtectKernelLogs", "ProtectProc", "ProcSubset", "MemoryDenyWriteExecute"], name => Assert.Empty(settings[name]));
        Assert.Contains("AF_NETLINK", Assert.Single(settings["RestrictAddressFamilies"]), StringComparison.Ordinal);
        Assert.Equal("@system-service @mount sethostname", Assert.Single(settings["SystemCallFilter"]));
        Assert.Equal("2", Assert.Single(settings["RestartPreventExitStatus"]));
    }

    [Fact]
    public async Task Systemd_takes_the_unit()
    {
        var folder = Directory.CreateTempSubdirectory("qmoi-unit-");
        try
        {
            // On this machine the program is not installed where the unit starts it.
            var unit = Path.Combine(folder.FullName, "qmoi.service");
            await File.WriteAllTextAsync(unit, Read("systemd/qmoi.service").Replace("/opt/qmoi/qmoi", "/bin/true", StringComparison.Ordinal));
            Assert.Equal((0, ""), await RunAsync("systemd-analyze", ["verify", unit]));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_shell_scripts_have_no_known_mistake()
    {
        var scripts = Files.Where(file => file.EndsWith(".sh", StringComparison.Ordinal)).ToList();
        Assert.All(scripts, script => Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(script).HasFlag(UnixFileMode.UserExecute), $"{script} cannot be run"));
        Assert.Equal((0, ""), await RunAsync("shellcheck", scripts));
    }

    [Fact]
    public async Task Secrets_that_come_as_files_become_variables()
    {
        var folder = Directory.CreateTempSubdirectory("qmoi-entrypoint-");
        try
        {
            string At(string name) => Path.Combine(folder.FullName, name);
            Directory.CreateDirectory(At("secrets"));
            await File.WriteAllTextAsync(At("secrets/GITLAB_TOKEN"), "two\nlines $HOME `id`\n");
            await File.WriteAllTextAsync(At("secrets/GITHUB_TOKEN"), "");
            await File.WriteAllTextAsync(At("secrets/PATH.bak"), "not a variable");
            await File.WriteAllTextAsync(At("qmoi"), "#!/bin/sh\nprintf '%s|%s|%s' \"$GITLAB_TOKEN\" \"$GITHUB_TOKEN\" \"$*\"\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(At("qmoi"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var (code, said) = await RunAsync(Path.Combine(Infra, "container", "entrypoint.sh"), ["serve", "--role", "web"], ("PATH", $"{folder.FullName}:/usr/bin:/bin"), ("QMOI_SECRETS", At("secrets")));
            Assert.Equal((0, "two\nlines $HOME `id`||serve --role web"), (code, said));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Bicep_files_fit_each_other()
    {
        var files = Directory.GetFiles(Path.Combine(Infra, "azure"), "*.bicep").ToDictionary(file => Path.GetFileName(file), file => Comment().Replace(File.ReadAllText(file), ""), StringComparer.Ordinal);
        Assert.Equal(["container-apps.bicep", "functions.bicep", "shared.bicep"], files.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, text) in files)
        {
            AssertBalanced(name, text);
            var words = Word().Matches(text).CountBy(word => word.Value, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
            Assert.All(Declarations(text, "param").Keys.Concat(Declarations(text, "var").Keys), declared => Assert.True(words[declared] > 1, $"{name}: {declared} is never used"));
            foreach (Match module in Module().Matches(text))
            {
                var other = files[module.Groups["file"].Value];
                AssertGives(Declarations(other, "param"), Given().Matches(module.Groups["body"].Value), name);
                Assert.All(Output().Matches(text).Select(output => output.Groups["is"].Value), output => Assert.True(Declarations(other, "output").ContainsKey(output), $"{name} reads {output}"));
            }
        }
        foreach (var file in Directory.GetFiles(Path.Combine(Infra, "azure"), "*.bicepparam"))
        {
            var text = File.ReadAllText(file);
            AssertBalanced(file, text);
            AssertGives(Declarations(files[Using().Match(text).Groups["is"].Value], "param"), Assigned().Matches(text), file);
        }
    }

    [Fact]
    public void What_operations_quotes_is_what_the_program_says()
    {
        var page = File.ReadAllText(Path.Combine(QmoiProcess.Root, "docs", "operations.md"));
        var source = string.Join('\n', ((string[])["functions", "handlers", "forges"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(QmoiProcess.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText)).Replace("\\\"", "\"", StringComparison.Ordinal);
        var quoted = page[page.IndexOf("## Troubleshooting", StringComparison.Ordinal)..].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]).ToList();
        Assert.True(quoted.Count >= 20);
        foreach (var message in quoted)
            foreach (var part in message.Split("...", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                Assert.True(source.Contains(part, StringComparison.Ordinal), $"docs/operations.md quotes '{part}', which the program does not say");
        var admin = File.ReadAllText(Path.Combine(QmoiProcess.Root, "functions", "Commands", "AdminCommand.cs"));
        foreach (Match command in Admin().Matches(page))
            Assert.True(admin.Contains($"\"{command.Groups["is"].Value}\"", StringComparison.Ordinal), $"docs/operations.md names 'qmoi admin {command.Groups["is"].Value}', which there is not");
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Infra, file));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static IReadOnlyList<YamlNode> Yaml(string file)
    {
        var stream = new YamlStream();
        using var text = new StringReader(Read(file));
        stream.Load(text);
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    private static YamlNode Kubernetes(string kind, string name) =>
        Assert.Single(Directory.GetFiles(Path.Combine(Infra, "kubernetes", "base")).SelectMany(Yaml), node => node["kind"].ToString() == kind && node["metadata"]["name"].ToString() == name);

    private static IEnumerable<YamlNode> Nodes(YamlNode node) => node.AllNodes;

    private static IReadOnlyList<string> MetricsOf(string expression)
    {
        var found = Metric().Matches(expression).Select(match => HistogramPart().Replace(match.Value, "")).Distinct(StringComparer.Ordinal).ToList();
        foreach (var metric in found)
            Assert.True(Metrics.ContainsKey(metric), $"{metric} in {expression} is no metric of the bot");
        var labels = found.SelectMany(metric => Metrics[metric]).Concat(["job", "le"]).ToList();
        foreach (var label in Labels().Matches(expression).SelectMany(match => match.Groups["is"].Value.Split(',', StringSplitOptions.TrimEntries)).Concat(Matchers().Matches(expression).Select(match => match.Groups["is"].Value)))
            Assert.True(labels.Contains(label), $"{label} in {expression} is no label of {string.Join(", ", found)}");
        return found;
    }

    /// <summary>By name; whether it may be left out.</summary>
    private static Dictionary<string, bool> Declarations(string bicep, string kind) =>
        Declared().Matches(bicep).Where(declared => declared.Groups["kind"].Value == kind).ToDictionary(declared => declared.Groups["is"].Value, declared => declared.Groups["optional"].Success, StringComparer.Ordinal);

    private static void AssertGives(Dictionary<string, bool> parameters, MatchCollection given, string file)
    {
        var names = given.Select(match => match.Groups["is"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.All(names, name => Assert.True(parameters.ContainsKey(name), $"{file} gives {name}, which is not asked for"));
        Assert.All(parameters.Where(parameter => !parameter.Value), parameter => Assert.True(names.Contains(parameter.Key), $"{file} does not give {parameter.Key}"));
    }

    /// <summary>Brackets of all kinds pair up, also around and inside strings with <c>${...}</c>.</summary>
    private static void AssertBalanced(string name, string text)
    {
        var open = new Stack<char>();
        for (var i = 0; i < text.Length; i++)
        {
            var inString = open.TryPeek(out var top) && top == '\'';
            if (inString && text[i] == '\\')
                i++;
            else if (text[i] == '\'' && inString)
                open.Pop();
            else if (text[i] == '\'')
                open.Push('\'');
            else if (inString && text[i] == '$' && text[i + 1] == '{')
                open.Push(text[++i]);
            else if (!inString && text[i] is '{' or '[' or '(' && !inString)
                open.Push(text[i]);
            else if (!inString && text[i] is '}' or ']' or ')' && !inString)
                Assert.True(open.TryPop(out var opened) && $"{opened}{text[i]}" is "{}" or "[]" or "()", $"{name}, line {text.AsSpan(0, i).Count('\n') + 1}: '{text[i]}' closes nothing");
            else if (inString && text[i] == '\n')
                Assert.Fail($"{name}, line {text.AsSpan(0, i).Count('\n') + 1}: a string is not closed");
        }
        Assert.Empty(open);
    }

    /// <summary>Skips the test, by name, where the machine has no such program.</summary>
    private static async Task<(int Code, string Said)> RunAsync(string program, IReadOnlyList<string> arguments, params (string Name, string Value)[] environment)
    {
        if (!program.Contains('/', StringComparison.Ordinal) && !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))))
            Assert.Skip($"{program} is not on this machine.");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, (await output + await errors).Trim());
    }

    private const RegexOptions Lines = RegexOptions.NonBacktracking | RegexOptions.Multiline;

    [GeneratedRegex(@"\b(?:QMOI__\w+|(?:QMOI|GITHUB|GITLAB|DATABASE|OTEL|FUNCTIONS)_[A-Z_]*[A-Z])\b", Lines)]
    private static partial Regex Variable();

    [GeneratedRegex("""--role[\s"',]+(?<is>[\w.]+)""", Lines)]
    private static partial Regex Role();

    [GeneratedRegex("""--urls[\s"',]+http://[\w.]+:(?<is>\d+)""", Lines)]
    private static partial Regex Urls();

    [GeneratedRegex(@"\bqmoi_[a-z_]+\b", Lines)]
    private static partial Regex Metric();

    [GeneratedRegex("_(?:bucket|count|sum)$", Lines)]
    private static partial Regex HistogramPart();

    [GeneratedRegex(@"\bby \((?<is>[^)]*)\)", Lines)]
    private static partial Regex Labels();

    [GeneratedRegex("""[{,]\s*(?<is>\w+)\s*(?:=~|!~|!=|=)\s*["]""", Lines)]
    private static partial Regex Matchers();

    [GeneratedRegex(@"- alert: (?<is>\w+)", Lines)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^(?<kind>param|var|output) (?<is>\w+)(?<optional> \w+ = )?", Lines)]
    private static partial Regex Declared();

    [GeneratedRegex(@"^module (?<is>\w+) '(?<file>[\w.-]+)' = \{\n(?<body>(?: .*\n)*)\}", Lines)]
    private static partial Regex Module();

    [GeneratedRegex(@"^    (?<is>\w+):", Lines)]
    private static partial Regex Given();

    [GeneratedRegex(@"^param (?<is>\w+) =", Lines)]
    private static partial Regex Assigned();

    [GeneratedRegex("^using '(?<is>[^']+)'", Lines)]
    private static partial Regex Using();

    [GeneratedRegex(@"\b\w+\b", Lines)]
    private static partial Regex Word();

    [GeneratedRegex(@"\bshared\.outputs\.(?<is>\w+)", Lines)]
    private static partial Regex Output();

    [GeneratedRegex(@"^\s*//.*$", Lines)]
    private static partial Regex Comment();

    [GeneratedRegex("qmoi admin (?<is>\\w+)", Lines)]
    private static partial Regex Admin();
}
