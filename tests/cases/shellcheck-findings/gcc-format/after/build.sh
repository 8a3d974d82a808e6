#!/bin/bash
name=$1
build() {
  local now
  now=$(date +%s)
  stamp=$(git rev-parse HEAD)
  export stamp
  read -r answer
  if [ -n "$answer" ]; then
    echo "$now" | grep -E "$name"
  fi
  echo $(( now + ${#name} ))
  cd src || exit; mkdir "$(basename "$name")"
}
