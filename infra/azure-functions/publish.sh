#!/usr/bin/env bash
# Publishes the bot for linux-x64, compiled ahead of time (ReadyToRun), into an empty folder.
#   infra/azure-functions/publish.sh FOLDER             the app root of Azure Functions: program, this machine's .NET runtime, host.json, one folder a function
#   infra/azure-functions/publish.sh --program FOLDER   the program alone, for a machine or an image that has ASP.NET Core 10
set -euo pipefail

isAppRoot=yes
if [ "${1:-}" = --program ]; then
    isAppRoot=no
    shift
fi
if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    echo "usage: publish.sh [--program] FOLDER" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
mkdir -p "$1"
root=$(cd "$1" && pwd)
if [ -n "$(ls -A "$root")" ]; then
    echo "publish.sh: $root is not empty; what an older version left there would be deployed too" >&2
    exit 2
fi

# A runtime identifier would write itself into the lock files, which speak of every machine: it gets its own, beside the build's other files.
arguments=(publish functions/QMoi.Functions.csproj -c Release -r linux-x64 --self-contained false -o "$root" --nologo -v quiet
    -p:PublishReadyToRun=true -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false -p:DebugType=none)
if [ $isAppRoot = yes ]; then
    # The runtime in a folder of its own, not "self-contained": the sandbox shows tools the runtime's folder, and that must not be the app root.
    arguments+=(-p:AppHostDotNetSearch=AppRelative -p:AppHostRelativeDotNet=dotnet)
fi
(cd "$repository" && dotnet "${arguments[@]}")
if [ $isAppRoot = no ]; then
    echo "$root"
    exit 0
fi

dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
major=$(sed -nE 's/.*"tfm": *"net([0-9]+)\.0".*/\1/p' "$root/qmoi.runtimeconfig.json")
for part in shared/Microsoft.NETCore.App shared/Microsoft.AspNetCore.App host/fxr; do
    newest=$(find "$dotnet/$part" -mindepth 1 -maxdepth 1 -name "$major.*" 2>/dev/null | sort -V | tail -n 1)
    if [ -z "$newest" ]; then
        echo "publish.sh: $dotnet has no $part $major; install the .NET $major SDK with ASP.NET Core" >&2
        exit 1
    fi
    mkdir -p "$root/dotnet/$part"
    cp -R "$newest" "$root/dotnet/$part/"
done

cp "$repository/host.json" "$root/"
for function in "$here"/*/function.json; do
    folder=$root/$(basename "$(dirname "$function")")
    mkdir -p "$folder"
    cp "$function" "$folder/"
done
echo "$root"
