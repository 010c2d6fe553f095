#!/usr/bin/env bash
# The program on README.md trains, and its step is the fourteen kernels in seven phases that the page speaks of.
set -euo pipefail

program=$PWD/tests/docs/readme
export SINTER_CACHE=$TEST_TMPDIR/cache SINTER_DUMP=$TEST_TMPDIR/dump
"$program" | tee printed
awk '/^mean loss/ { found = 1; if ($3 > 0.1 && $3 < 1.2) good = 1 } END { exit !(found && good) }' printed || {
  echo "the mean loss of the first epoch is not between 0.1 and 1.2"
  exit 1
}
plan=$(find "$SINTER_DUMP" -name '*.jit.plan' | sort | head -n 1)
if [[ $(grep -c '^phase' "$plan") != 14 ]] || ! grep -q '7 phases' "$plan"; then
  echo "README.md says fourteen kernels in seven phases; the plan is"
  cat "$plan"
  exit 1
fi
