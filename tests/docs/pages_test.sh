#!/usr/bin/env bash
# Every C++ program on README.md and docs/*.md is compiled and run by `./run FILE.cc`, all in one compilation, and prints
# what the page says. No page shows C++ in another way, or a flag that its command does not know.
set -euo pipefail

# shellcheck source=tools/dev/run_file.sh
source tools/dev/run_file.sh
pages=("$PWD"/README.md "$PWD"/docs/*.md) awk=$PWD/tests/docs/pages.awk
declare -A commands=([mnist]=$PWD/examples/mnist [bench]=$PWD/bench/bench [math_errors]=$PWD/tools/math/math_errors)
for name in opt doctor contrast; do commands[$name]="$PWD/tools/sinter $name"; done

# The repository as the door sees it.
root=$TEST_TMPDIR/repository
configuration=$(sed -n 's|^bazel-out/\([^/]*\)/bin/.*|\1|p' sinter.link | head -n 1)
mkdir -p "$root/bazel-out/$configuration"
ln -s "$PWD"/* "$root/"
ln -s "$PWD" "$root/bazel-bin"
ln -s "$PWD" "$root/bazel-out/$configuration/bin"
build() { :; }
export XDG_CACHE_HOME=$TEST_TMPDIR/programs SINTER_CACHE=$TEST_TMPDIR/cache
mkdir "$TEST_TMPDIR/work"
cd "$TEST_TMPDIR/work"
status=0
fail() {
  echo "$1"
  status=1
}

awk -v part=program -f "$awk" "${pages[@]}" >all.cc
awk -v part=list -f "$awk" "${pages[@]}" >list
[[ -s list ]] || fail "the pages show no program"
while read -r number page name what; do
  echo "$number: $name on $page"
  mkdir "$number"
  if ! (SINTER_DUMP=$TEST_TMPDIR/dump/$number run_file all.cc "$number") >"$number/printed" 2>"$number/errors"; then
    fail "it fails:"
    cat "$number/errors"
  elif [[ $what == prints ]]; then
    awk -v part=text -v number="$number" -f "$awk" "${pages[@]}" | diff -u - "$number/printed" || fail "it prints something else"
  elif [[ $page == README.md ]]; then
    # Trains, and its step is the fourteen kernels in seven phases that the page speaks of.
    awk '/^mean loss/ { found = 1; if ($3 > 0.1 && $3 < 1.2) good = 1 } END { exit !(found && good) }' "$number/printed" ||
      fail "the mean loss of the first epoch is not between 0.1 and 1.2"
    plan=$(find "$TEST_TMPDIR/dump/$number" -name '*.jit.plan' | sort | head -n 1)
    if [[ $(grep -c '^phase' "$plan") != 14 ]] || ! grep -q '7 phases' "$plan"; then
      fail "README.md says fourteen kernels in seven phases; the plan is $(cat "$plan")"
    fi
  fi
done <list

awk -v part=stray -f "$awk" "${pages[@]}" >stray
[[ ! -s stray ]] || fail "C++ that no test compiles; make it a cpp block, a whole program: $(cat stray)"

# Flags of `./run VERB ...`, up to the end of the code.
grep -ohE '\./run [a-z_]+[^`#&>|]*' "${pages[@]}" | sort -u >lines
[[ -s lines ]] || fail "the pages show no command"
while read -r _ verb rest; do
  [[ -n ${commands[$verb]-} ]] || continue
  # shellcheck disable=SC2086  # a command and its name
  ${commands[$verb]} --help >help
  for word in $rest; do
    [[ $word == --* ]] || continue
    grep -qe "${word%%=*}\b" help || fail "./run $verb has no ${word%%=*}, which a page shows"
  done
done <lines
exit "$status"
