#!/bin/sh
echo "STAGE=test" >> "$GITHUB_ENV"
echo "$PWD/bin" >> "$GITHUB_PATH"
