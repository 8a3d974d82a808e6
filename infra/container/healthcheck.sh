#!/bin/bash
# Asks the bot beside it whether it is alive, with nothing but the shell: an image that has no curl lends none to what runs in its sandbox.
set -euo pipefail
exec 3<>/dev/tcp/127.0.0.1/"${1:-8080}"
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
