#!/usr/bin/env bash
# Every program on docs/getting_started.md prints what the page says.
set -euo pipefail

page=$PWD/docs/getting_started.md awk=$PWD/tests/docs/snippet.awk programs=$PWD/tests/docs
export SINTER_CACHE=$TEST_TMPDIR/cache
cd "$TEST_TMPDIR"

mapfile -t names < <(awk -v part=list -f "$awk" "$page")
status=$((${#names[@]} == 0))
for name in "${names[@]}"; do
  awk -v part=text -v program="$name" -f "$awk" "$page" >expected
  # The compiler was given a path in Bazel's output folder.
  if ! "$programs/$name" 2>errors | sed 's|[^ ]*/tests/docs/||' >printed || [[ -s errors ]] || ! diff -u expected printed; then
    echo "$name:"
    cat errors
    status=1
  fi
done
exit "$status"
