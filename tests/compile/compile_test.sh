#!/usr/bin/env bash
# What users write that must not compile, and what the compiler says then. A table is a prelude and pieces of code: the compiler's
# first error of a piece behind "// error: TEXT" contains TEXT; a piece behind "// compiles" has none.
set -euo pipefail

tables=(tests/compile/*.txt)
work=$TEST_TMPDIR
flags=(-std=c++20 -Wall -isystem "$work" -isystem "$PWD")
mkdir -p "$work/sinter"
g++ "${flags[@]}" -x c++-header sinter/sinter.h -o "$work/sinter/sinter.h.gch" 2>/dev/null

# split TABLE FOLDER: one file a piece, which is the body of a function.
split() {
  awk -v folder="$2" '
    /^\/\/ (error: |compiles$)/ {
      if (file) print "}" >file
      file = folder "/" ++count ".cc"
      printf "%s\n%svoid piece([[maybe_unused]] Tensor x, [[maybe_unused]] Tensor y) {\n", $0, prelude >file
      next
    }
    file { print >file; next }
    { prelude = prelude $0 "\n" }
    END { print "}" >file }
  ' "$1"
}

# check PIECE: whether the compiler says what the first line wants.
check() {
  local wanted said
  wanted=$(sed -n '1s|^// error: ||p' "$1")
  said=$(g++ "${flags[@]}" -fsyntax-only "$1" 2>&1 | grep -m1 "error: ") || true
  [[ -n $wanted && $said == *"$wanted"* ]] || [[ -z $wanted && -z $said ]] && return
  printf '%s\nexpected the error: %s\ngot: %s\n' "$(cat "$1")" "${wanted:-none}" "${said:-none}"
  return 1
}

status=0 pieces=0
for table in "${tables[@]}"; do
  mkdir "$work/$(basename "$table" .txt)"
  split "$table" "$work/$(basename "$table" .txt)"
  for piece in "$work/$(basename "$table" .txt)"/*.cc; do
    check "$piece" || status=1
    ((++pieces))
  done
done
((pieces > 10)) || { echo "only $pieces pieces were found"; exit 1; }
exit "$status"
