#!/bin/sh
# Makes the files of infra/compose/secrets that are not there yet: random where the bot may choose, empty where a forge gives the value.
set -eu
umask 077
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
random() { od -An -N 24 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -e "$folder/$1" ] || printf %s "$2" >"$folder/$1"; }
make POSTGRES_PASSWORD "$(random)"
make DATABASE_URL "postgres://qmoi:$(cat "$folder/POSTGRES_PASSWORD")@postgres:5432/qmoi?sslmode=disable"
make GITHUB_WEBHOOK_SECRET "$(random)"
make GITLAB_WEBHOOK_SECRET "$(random)"
make QMOI_ADMIN_TOKEN "$(random)"
make QMOI_ENCRYPTION_KEY "$(head -c 32 /dev/urandom | base64)"
for name in GITHUB_TOKEN GITHUB_APP_PRIVATE_KEY GITLAB_TOKEN; do make $name ""; done
# Compose mounts a file with the rights it has here, and the bot reads it as user 1654.
if [ "$(id -u)" = 0 ]; then
    chown -R 1654:1654 "$folder"
else
    chmod 755 "$folder"
    chmod 644 "$folder"/*
    echo "not root: the secrets are readable by every user of this machine; run this as root, or keep others out of a folder above" >&2
fi
