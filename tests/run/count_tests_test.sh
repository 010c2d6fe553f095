#!/usr/bin/env bash
# The last line of `./run test` counts what Bazel's events and the XML of the tests say, and no failure is lost.
set -euo pipefail

script=$PWD/tools/dev/count_tests.awk
cd "$TEST_TMPDIR"

# event STATUS XML: one of Bazel's test results; its log says so.
event() {
  echo "log of $2" >"$2.log"
  printf '{"id":{"testResult":{"label":"//x"}},"testResult":{"testActionOutput":[{"name":"test.log","uri":"file://%s"},' "$PWD/$2.log"
  printf '{"name":"test.xml","uri":"file://%s"}],"status":"%s"}}\n' "$PWD/$2" "$1"
}
# expect STATUS TEXT: the events so far, and Bazel's exit status, count as TEXT.
expect() {
  local got
  got=$(awk -v status="$1" -f "$script" events 2>stderr) || true
  if [[ $got != "$2" ]]; then
    echo "expected '$2', got '$got'"
    exit 1
  fi
  : >events
}
suite() { printf '  <testsuite name="S" tests="%d" failures="%d" disabled="%d" skipped="%d" errors="%d" time="1">\n' "$@"; }

{ echo '<testsuites tests="5" failures="0">'; suite 3 0 0 0 0; suite 2 0 0 0 0; } >good.xml
{ echo '<testsuites tests="9" failures="2">'; suite 4 1 0 0 1; suite 5 0 1 2 0; } >mixed.xml
printf '<testsuites>\n  <testsuite name="a" tests="1" failures="0" errors="1">\n' >crashed.xml

event PASSED good.xml >events
expect 0 "5 passed, 0 failed"

{ event PASSED good.xml; event FAILED mixed.xml; } >events  # skipped and disabled cases are neither
expect 3 "9 passed, 2 failed"
grep -q "log of mixed.xml" stderr

event FAILED crashed.xml >events
expect 3 "0 passed, 1 failed"

event FAILED good.xml >events  # a sanitizer's report after the last case
expect 3 "5 passed, 1 failed"

{ event TIMEOUT absent.xml; event FAILED good.xml; event FAILED mixed.xml; } >events
expect 3 "9 passed, 4 failed"

: >events  # it did not build
expect 1 "0 passed, 1 failed"

{ event PASSED good.xml; echo '{"id":{"started":{}}}'; } >events  # one target built and ran, another did not build
expect 1 "5 passed, 1 failed"
