#!/bin/sh -e
# Checks.
if [[ "$1" == --all ]]; then
  echo all
fi
