#!/bin/sh
# The bot's commands as its own user and with its settings: install as /usr/local/sbin/qmoi, then "sudo qmoi doctor".
set -eu
if [ "$(id -u)" != 0 ]; then
    echo "qmoi: run it by sudo: its settings hold secrets, and its files belong to user qmoi" >&2
    exit 1
fi
set -a
# shellcheck source=/dev/null
. "${QMOI_SETTINGS:-/etc/qmoi/qmoi.env}"
: "${QMOI__Data:=/var/lib/qmoi}"
set +a
unset QMOI_SETTINGS
exec setpriv --reuid=qmoi --regid=qmoi --init-groups --no-new-privs /opt/qmoi/qmoi "$@"
