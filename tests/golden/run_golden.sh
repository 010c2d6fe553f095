#!/usr/bin/env bash
# Runs the RUN lines of one golden test: run_golden.sh path/to/sinter FILE
#   // RUN: sinter opt %s --passes=fuse | FileCheck %s
# %s is the file, %t a path for scratch files. `sinter`, `FileCheck` and `not` (which turns failure, but not a crash, into success)
# are on the PATH. A pipeline fails when any part of it does. A line that ends in a backslash goes on in the next RUN line.
set -euo pipefail

file=$2
PATH=$(cd "$(dirname "$1")" && pwd):/usr/lib/llvm-22/bin:$PATH
scratch=${TEST_TMPDIR:-$(mktemp -d)}/$(basename "$file").tmp

mapfile -t commands < <(sed -n 's,^ *\(//\|#\) *RUN: *,,p' "$file" | sed -e ':join' -e '/\\$/{N; s/\\\n/ /; b join' -e '}')
if ((${#commands[@]} == 0)); then
  echo "$file: has no RUN line"
  exit 1
fi
for command in "${commands[@]}"; do
  command=${command//%s/$file}
  command=${command//%t/$scratch}
  if ! bash -o pipefail -c "$command" </dev/null; then
    echo "$file: failed: $command"
    exit 1
  fi
done
