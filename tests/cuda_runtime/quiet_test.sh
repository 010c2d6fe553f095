#!/usr/bin/env bash
# Programs that stay on the CPU look for nothing of CUDA, where it is and where it is not, and print nothing: the loader
# and the kernel are asked what was looked for.
set -euo pipefail

# looked_for PROGRAM ...: opened libraries and files that have to do with CUDA, by the loader's own record.
looked_for() {
  LD_DEBUG=libs,files "$@" 2>"$TEST_TMPDIR/loader" >"$TEST_TMPDIR/out" </dev/null
  grep -ciE 'libcuda|nvrtc|nvidia' "$TEST_TMPDIR/loader" || true
}
for program in "examples/linear_regression" "examples/tensors" "tools/sinter contrast regression --quick"; do
  # shellcheck disable=SC2086  # words
  if [[ $(looked_for $program) != 0 ]]; then
    echo "$program looks for CUDA:"
    grep -iE 'libcuda|nvrtc|nvidia' "$TEST_TMPDIR/loader"
    exit 1
  fi
  # shellcheck disable=SC2086
  SINTER_CACHE=$TEST_TMPDIR/cache $program 2>"$TEST_TMPDIR/err" >/dev/null </dev/null
  if [[ -s $TEST_TMPDIR/err ]]; then
    echo "$program prints"
    cat "$TEST_TMPDIR/err"
    exit 1
  fi
done
# The record does show it where CUDA is asked for.
[[ $(looked_for tools/sinter doctor) != 0 ]] || { echo "doctor looked for nothing?" && exit 1; }
