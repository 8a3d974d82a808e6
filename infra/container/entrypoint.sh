#!/bin/sh
# Settings that came as files (/run/secrets/GITLAB_TOKEN) become the variables of their name; then it is qmoi.
set -eu
for file in "${QMOI_SECRETS:-/run/secrets}"/[A-Z]*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    case $name in *[!A-Za-z0-9_]*) continue ;; esac
    export "$name=$(cat "$file")"
done
exec qmoi "$@"
