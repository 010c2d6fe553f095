#!/usr/bin/env bash
# Which files ./run tidy looks at, and what it makes of findings. A stand-in for clang-tidy notes the files that it is given.
set -euo pipefail

tools=$PWD/tools/dev
root=$TEST_TMPDIR/repository
export HOME=$TEST_TMPDIR SEEN=$TEST_TMPDIR/seen PATH=$TEST_TMPDIR/bin:$PATH
mkdir -p "$root/tools/dev" "$root/part" "$TEST_TMPDIR/bin"
cp "$tools/tidy.sh" "$tools/sources.sh" "$root/tools/dev"
cat >"$TEST_TMPDIR/bin/clang-tidy-22" <<'SH'
#!/usr/bin/env bash
basename "$2" >>"$SEEN"
! grep "finding" "$2"
SH
chmod +x "$TEST_TMPDIR/bin/clang-tidy-22"
cd "$root"
git init -q -b main
git config user.email nobody@example.com
git config user.name nobody
for name in same changed user; do echo '#include "part/part.h"' >"part/$name.cc"; done
touch part/part.h part/text.md part/alone.h
git add -A
git commit -qm all

# expect WHAT FILES OUTPUT [arguments]
expect() {
  local got
  : >"$SEEN"
  got=$(tools/dev/tidy.sh "${@:4}")
  [[ $got == "$3" ]] || { echo "$1: expected '$3', got '$got'"; exit 1; }
  got=$(sort "$SEEN" | xargs)
  [[ $got == "$2" ]] || { echo "$1: expected to see '$2', saw '$got'"; exit 1; }
}
expect "nothing changed" "" "no C++ file changed since main; name files or folders"
echo "// more" >>part/text.md
echo "// more" >>part/user.cc
touch part/new.cc
expect "changed and new files" "new.cc user.cc" "2 files are clean"
echo "// more" >>part/alone.h
expect "a header that nobody includes" "new.cc user.cc" "2 files are clean"
git checkout -q part/user.cc
echo "// more" >>part/part.h
expect "a header" "changed.cc new.cc" "2 files are clean"
expect "a folder" "changed.cc new.cc same.cc user.cc" "4 files are clean" part
expect "a file" "same.cc" "1 files are clean" part/same.cc
echo "// finding" >>part/same.cc
if tools/dev/tidy.sh part >out; then
  echo "a finding should fail"
  exit 1
fi
grep -q "// finding" out
