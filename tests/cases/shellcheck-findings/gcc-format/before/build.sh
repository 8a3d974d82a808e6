#!/bin/bash
name=$1
build() {
  local now=$(date +%s)
  export stamp=$(git rev-parse HEAD)
  read answer
  if [ ! -z "$answer" ]; then
    echo "$now" | egrep $name
  fi
  echo $(( $now + ${#name} ))
  cd src; mkdir $(basename "$name")
}
