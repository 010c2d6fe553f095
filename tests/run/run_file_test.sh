#!/usr/bin/env bash
# `./run FILE.cc` keeps the program it made, and makes it again when the file, a header of it or a library has changed.
set -euo pipefail

# shellcheck source=tools/dev/run_file.sh
source tools/dev/run_file.sh
root=$TEST_TMPDIR/repository
export XDG_CACHE_HOME=$TEST_TMPDIR/cache
work="$TEST_TMPDIR/a folder"
mkdir -p "$root/bazel-bin" "$root/bazel-out" "$work"
cd "$work"

build() { :; }
# library NUMBER: the repository's only library, whose answer() is NUMBER.
library() {
  echo "int answer() { return $1; }" >"$TEST_TMPDIR/answer.cc"
  g++ -c "$TEST_TMPDIR/answer.cc" -o "$TEST_TMPDIR/answer.o"
  rm -f "$root/bazel-out/libanswer.a"
  ar rc "$root/bazel-out/libanswer.a" "$TEST_TMPDIR/answer.o"
  echo bazel-out/libanswer.a >"$root/bazel-bin/sinter.link"
}
# expect TEXT [arguments]: what my.cc prints.
expect() {
  local got
  got=$(run_file my.cc "${@:2}")
  if [[ $got != "$1" ]]; then
    echo "expected '$1', got '$got'"
    exit 1
  fi
}
programs() { find "$XDG_CACHE_HOME" -name program -newer mark | wc -l; }

library 1
echo '#define NAME "a"' >'my header.h'
cat >my.cc <<'CC'
#include "my header.h"
#include <cstdio>
int answer();
int main(int count, char** words) { std::printf("%s %d %s\n", NAME, answer(), count > 1 ? words[1] : "-"); }
CC
expect "a 1 -"
touch mark
expect "a 1 x y" "x y"
[[ $(programs) == 0 ]] || { echo "compiled again for nothing"; exit 1; }

echo '#define NAME "b"' >'my header.h'
expect "b 1 -"
library 2
expect "b 2 -"
sed -i 's/%s %d %s/%s=%d %s/' my.cc
expect "b=2 -"
CXXFLAGS=-DEXTRA expect "b=2 -"

sed -i 's/answer()/nonsense()/' my.cc
if (run_file my.cc) 2>errors; then
  echo "expected an error"
  exit 1
fi
grep -q nonsense errors
if (run_file absent.cc) 2>errors; then
  echo "expected an error"
  exit 1
fi
grep -q "cannot read absent.cc" errors
