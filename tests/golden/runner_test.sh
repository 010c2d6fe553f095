#!/usr/bin/env bash
# The runner of golden tests passes what is right and fails what is wrong, with a stand-in for sinter that prints its file.
set -euo pipefail

runner=$PWD/tests/golden/run_golden.sh
cd "$TEST_TMPDIR"
mkdir bin
cat >bin/sinter <<'SINTER'
#!/usr/bin/env bash
[[ $1 == opt ]] || exit 1
[[ ${3-} != --crash ]] || kill -SEGV $$
sed '/^\/\//d' "$2"
SINTER
chmod +x bin/sinter

# expect pass|fail NAME TEXT: the file NAME.sir that holds TEXT passes or fails.
expect() {
  local verdict=pass
  printf '%s\n' "$3" >"$2.sir"
  "$runner" bin/sinter "$2.sir" >"$2.log" 2>&1 || verdict=fail
  if [[ $verdict != "$1" ]]; then
    echo "$2: expected $1, got $verdict"
    cat "$2.log"
    exit 1
  fi
}

expect pass matching $'// RUN: sinter opt %s | FileCheck %s\n// CHECK: %[[X:.*]] = add\n%0 = add %a, %b'
expect fail different $'// RUN: sinter opt %s | FileCheck %s\n// CHECK: mul %b\n%0 = add %a, %b'
expect fail without_run 'text'
expect fail unknown_command '// RUN: sinter nonsense %s'
expect pass expected_failure '// RUN: not sinter nonsense %s'
expect fail unexpected_success '// RUN: not sinter opt %s'
expect fail crash_is_no_failure '// RUN: not sinter opt %s --crash'
expect fail every_part_of_a_pipe '// RUN: sinter nonsense %s | cat'
expect fail every_line $'// RUN: sinter opt %s\n// RUN: sinter nonsense %s\n// RUN: sinter opt %s\nx'
expect pass continued $'// RUN: sinter opt %s \\\\\n// RUN:   | FileCheck %s\n// CHECK: add\nadd'
expect pass scratch $'// RUN: sinter opt %s > %t && grep -q add %t\nadd'
