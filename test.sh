#!/usr/bin/env bash
# All tests. Installs what they need (Debian packages, as root), builds, runs, and closes with "N passed, N failed".
#   ./test.sh                  everything
#   ./test.sh -class '*Git*'   arguments go to the test runner (see: tests/bin/Release/net10.0/QMoi.Tests --help)
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }

# ---- what the machine must have (the registries are used here and not later)
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need git git
need node nodejs
need npm npm
need bwrap bubblewrap
need prlimit util-linux
need gh gh
need rg ripgrep
need shellcheck shellcheck
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql-15)
/usr/bin/python3 -c 'import gitlab' >/dev/null 2>&1 || missing+=(python3-gitlab)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing: ${missing[*]}"
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >/tmp/qmoi-apt.log 2>&1 \
            || say "apt-get could not install all of: ${missing[*]} (see /tmp/qmoi-apt.log); tests that need them are skipped by name"
    else
        say "missing: ${missing[*]}. Install them, or run as root on Debian; tests that need them are skipped by name"
    fi
fi

# GitHub's published API description and a tool that repositories under test use, pinned; kept between runs.
# Of the first only one file is wanted: unpacked whole it is 400 MB.
tools=artifacts/test-tools
packages=(prettier@3.6.2 @octokit/openapi@23.0.2)
if [ "$(cat "$tools/.ready" 2>/dev/null)" != "${packages[*]}" ] && command -v npm >/dev/null 2>&1; then
    say "fetching the npm packages that tests use"
    openapi=$tools/node_modules/@octokit/openapi
    rm -rf "$tools"
    mkdir -p "$openapi"
    if (cd "$tools" && npm pack --silent "${packages[@]}") >/dev/null 2>&1 \
        && tar -xzf "$tools"/octokit-openapi-*.tgz -C "$openapi" --strip-components=1 package/package.json package/LICENSE package/generated/api.github.com.json; then
        rm -f "$tools"/octokit-openapi-*.tgz
        printf '%s\n' "${packages[*]}" >"$tools/.ready"
    else
        say "the npm registry cannot be reached; tests that need it are skipped by name"
    fi
fi

# ---- build
say "building"
if ! dotnet build -c Release QMoi.sln --nologo -v quiet; then
    echo "0 passed, 1 failed"
    exit 1
fi

# ---- run
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Tests wait for processes and servers more than they compute.
tests/bin/Release/net10.0/QMoi.Tests -noLogo -noColor -maxThreads 2x "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
# "QMoi.Tests  Total: 33, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 0.251s"; only "Total: 0" where no test was meant.
read -r total errors failed skipped notRun < <(sed -nE 's/^ *QMoi\.Tests +Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+), Not Run: ([0-9]+),.*/\1 \2 \3 \4 \5/p' "$log" | tail -n 1)
if [ -z "${total:-}" ]; then
    say "no test was run (the runner left with status $status)"
    echo "0 passed, 1 failed"
    exit 1
fi
# Errors are not among the tests: a fixture that could not be torn down, for one.
passed=$((total - failed - skipped - notRun))
bad=$((errors + failed))
[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $bad failed, $skipped skipped"
else
    echo "$passed passed, $bad failed"
fi
[ "$bad" -eq 0 ]
