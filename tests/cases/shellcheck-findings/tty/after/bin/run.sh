#!/bin/bash
dir=$1
target=${2:-out}
cd "$dir"/sub || exit
	rm -r "$target"/tmp "a" "${dir}"
today=$(date +%F)
cp -r "$dir" "$today"."$target"
for f in *.txt; do
  wc -l "$f" "${@}"
done
