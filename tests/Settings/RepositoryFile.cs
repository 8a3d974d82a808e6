using System.Text;
using QMoi.Handlers.Settings;

namespace QMoi.Tests.Settings;

internal static class RepositoryFile
{
    /// <summary>Every key that is known, as in the contract.</summary>
    internal const string Whole = """
        version: 1
        extends: ['gitlab>acme/qmoi-presets']      # presets
        enabled: true
        dry_run: false                             # say what would be done, do nothing
        retry:
          max_attempts: 2
          rules:
            - name: network
              when: ['log~=(?i)connection reset|ECONNRESET|503 Service', 'branch!=release/*']
            - name: known-flaky
              when: ['flaky=true', 'retry_pass_rate>=0.6']
        fix:
          order: [rules, recipes, llm]
          rules: ['*', '!eslint-fixable']
          deliver: { merge_request: commit, default_branch: merge_request }   # commit | suggestion | merge_request | comment
          auto_apply: { when: ['verified=true', 'confidence>=0.9', 'changed_lines<=30'], paths: ['!**/migrations/**'] }
          max_attempts: 2
          protected_branches: [main, release/*]
        commands:
          retry: { permission: triage, author: true }
        mirror: { pair: { gitlab: acme/app, github: acme/app, primary: gitlab }, refs: ['refs/heads/*', 'refs/tags/*', '!refs/heads/tmp/*'], sync: [branches, tags, merge_requests, statuses], on_divergence: pause_ref_and_notify }
        notify:
          - { to: 'slack:#ci', on: [broken, fixed], thread: commit }
          - { to: 'mailto:team@acme.example', on: ['mirror_lag>5m', 'budget>80%'] }
        llm: { providers: [anthropic, openai, gemini], budget: { month_usd: 50, per_fix_usd: 0.5 } }
        """;

    internal static RepositorySettings Parse(string yaml) => RepositorySettings.Parse(Encoding.UTF8.GetBytes(yaml));

    internal static RepositorySettings Good(string yaml)
    {
        var settings = Parse(yaml);
        Assert.Null(settings.Problem);
        return settings;
    }
}
