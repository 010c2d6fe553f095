#!/usr/bin/env bash
# What `./run cuda-check` packs runs end to end, here on the simulated device; and a failure is not lost.
set -euo pipefail

# shellcheck source=tools/dev/cuda_pack.sh
source tools/dev/cuda_pack.sh
export LD_LIBRARY_PATH=$PWD/$LD_LIBRARY_PATH
programs=()
for target in "${cuda_check_targets[@]}"; do
  target=${target#//}
  programs+=("${target/://}")
done
pack_cuda_check "$TEST_TMPDIR/pack" "${programs[@]}"

# expect STATUS PACK TEXT ...: what cuda_check.sh gives and prints.
expect() {
  local status=0 text
  tools/dev/cuda_check.sh "$2" --quick --log "$TEST_TMPDIR/log" >"$TEST_TMPDIR/output" || status=$?
  for text in "${@:3}"; do
    if ! grep -qE "$text" "$TEST_TMPDIR/output"; then
      echo "not printed: $text"
      status=none
    fi
  done
  if [[ $status != "$1" ]] || ! cmp -s "$TEST_TMPDIR/log" "$TEST_TMPDIR/output"; then
    echo "status $status, expected $1; it printed"
    cat "$TEST_TMPDIR/output"
    exit 1
  fi
}

# shellcheck disable=SC2016  # the backquotes are what is printed
expect 0 "$TEST_TMPDIR/pack" '^cuda:0 .*Simulated GPU 0' '^mappings_test +1 passed, 0 skipped' \
  '^denormals_test +1 passed, 1 skipped' '^faulting_test +1 passed' \
  "^cuda: weights, moments and all that is printed are the CPU's, bit for bit" \
  '^\| softmax \| `.*` \| row \|' '^\| dot 40 x 40 x 40 \| `.*` \| tile \|' '^\| MNIST step 5 \| [0-9]+ \|' \
  '^cuda-check: all is well'
[[ -e $TEST_TMPDIR/pack/lib/libfmt.so.9 && ! -e $TEST_TMPDIR/pack/lib/libc.so.6 ]]

# Programs of which all pass but one test; and MNIST is another on "cuda".
mkdir -p "$TEST_TMPDIR/failing/bin"
for program in "${programs[@]}"; do
  printf '#!/bin/sh\necho "[  PASSED  ] 1 test."\n' >"$TEST_TMPDIR/failing/bin/$(basename "$program")"
done
printf '#!/bin/sh\necho this is wrong; exit 3\n' >"$TEST_TMPDIR/failing/bin/engines_test"
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "$*"; for word; do [ "$last" = --save ] && echo >"$word"; last=$word; done\n' \
  >"$TEST_TMPDIR/failing/bin/mnist"
chmod +x "$TEST_TMPDIR"/failing/bin/*
expect 1 "$TEST_TMPDIR/failing" '^FAILED: engines_test \(status 3\)' '^this is wrong' \
  '^FAILED: mnist: cuda differs from the CPU' '^cuda-check: 2 failed'
