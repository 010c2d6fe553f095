#!/usr/bin/env bash
# A build depends on what it is made of alone: with another PATH, HOME, LANG or compiler flags in the caller's environment no action runs.
set -euo pipefail

root=$TEST_TMPDIR/repository
stubs=$(dirname "$(readlink -f .bazelrc)")/third_party/bazel
mkdir "$root"
cp -L .bazelrc "$root/"
for stub in rules_cc remote_coverage_tools; do
  echo "local_repository(name = '$stub', path = '$stubs/$stub')" >>"$root/WORKSPACE"
done
echo "startup --output_user_root=$TEST_TMPDIR/outputs" >>"$root/.bazelrc"
echo 'cc_library(name = "a", srcs = ["a.cc"])' >"$root/BUILD"
echo 'int a() { return 1; }' >"$root/a.cc"
# shellcheck source=tools/dev/build.sh
source tools/dev/build.sh
trap 'clean_bazel shutdown' EXIT

# executed [NAME=VALUE ...]: how many actions a build ran in this environment.
executed() {
  (for setting in "$@"; do export "${setting?}"; done; build //:a --explain="$TEST_TMPDIR/explained" --verbose_explanations >&2)
  grep "^Executing action" "$TEST_TMPDIR/explained" | grep -vc "unconditional execution is requested" || true
}
first=$(executed)
((first > 0)) || { echo "the first build ran $first actions"; exit 1; }
mkdir -p "$TEST_TMPDIR/shims" "$TEST_TMPDIR/home"
printf '#!/bin/sh\nexec /usr/bin/gcc "$@"\n' >"$TEST_TMPDIR/shims/gcc"
chmod +x "$TEST_TMPDIR/shims/gcc"
for setting in "PATH=$TEST_TMPDIR/shims:$PATH" "HOME=$TEST_TMPDIR/home" LANG=de_DE.UTF-8 CC=clang CPATH=/opt/include \
  CXXFLAGS=-O0 LD_LIBRARY_PATH=/opt/lib VIRTUAL_ENV=/opt/venv; do
  again=$(executed "$setting")
  ((again == 0)) || { echo "with $setting $again actions ran again"; cat "$TEST_TMPDIR/explained"; exit 1; }
done
