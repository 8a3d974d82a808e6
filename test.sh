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
command -v python3 >/dev/null 2>&1 && /usr/bin/python3 -c 'import gitlab' >/dev/null 2>&1 || missing+=(python3-gitlab)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing: ${missing[*]}"
        (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >/tmp/qmoi-apt.log 2>&1 \
            || say "apt-get could not install all of: ${missing[*]} (see /tmp/qmoi-apt.log); tests that need them are skipped by name"
    else
        say "missing: ${missing[*]}. Install them, or run as root on Debian; tests that need them are skipped by name"
    fi
fi

# Published API description and the tools that repositories under test use, pinned; kept between runs.
tools=artifacts/test-tools
if [ ! -f "$tools/.ready" ] && command -v npm >/dev/null 2>&1; then
    mkdir -p "$tools"
    say "fetching the npm packages that tests use"
    if (cd "$tools" && npm pack --silent prettier@3.6.2 >/dev/null 2>&1 \
        && npm install --silent --no-save --ignore-scripts --no-audit --no-fund --prefix . @octokit/openapi@20.0.0 >/dev/null 2>&1); then
        touch "$tools/.ready"
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
tests/bin/Release/net10.0/QMoi.Tests -noLogo -parallel all "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
read -r total errors failed skipped < <(sed -n 's/.*Total: *\([0-9]*\), Errors: *\([0-9]*\), Failed: *\([0-9]*\), Skipped: *\([0-9]*\),.*/\1 \2 \3 \4/p' "$log" | tail -n 1)
if [ -z "${total:-}" ]; then
    echo "0 passed, 1 failed"
    exit 1
fi
bad=$((errors + failed))
[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
if [ "${skipped:-0}" -gt 0 ]; then
    echo "$((total - bad - skipped)) passed, $bad failed, $skipped skipped"
else
    echo "$((total - bad)) passed, $bad failed"
fi
[ "$bad" -eq 0 ]
