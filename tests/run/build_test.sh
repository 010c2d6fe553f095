#!/usr/bin/env bash
# What ./run says of Bazel's work where no terminal shows it: little, but not nothing for minutes.
set -euo pipefail

root=$TEST_TMPDIR/repository
mkdir -p "$root" bin
cat >bin/bazel <<'SH'
#!/usr/bin/env bash
sleep 40 </dev/null >/dev/null 2>&1 & # the server, which lives on
echo "Loading: 0 packages loaded" >&2
echo "[12 / 15] Compiling a.cc; 30s local" >&2
echo "a result"
echo "INFO: Build completed successfully, 5 total actions" >&2
[[ $* != *//broken* ]] || { echo "ERROR: a.cc does not compile" >&2; exit 3; }
SH
chmod +x bin/bazel
PATH=$PWD/bin:$PATH
# shellcheck source=tools/dev/build.sh
source tools/dev/build.sh </dev/null 2>/dev/null

# expect WHAT WANTED GOT
expect() {
  [[ $2 == "$3" ]] || { printf '%s: expected\n%s\ngot\n%s\n' "$@"; exit 1; }
}
first="building; the first time this takes about 6 minutes on two cores"
expect "the first build" "$first" "$(build //a 2>&1 >/dev/null)"
mkdir "$root/bazel-bin"
expect "another build" "" "$(build //a 2>&1 >/dev/null)"
expect "its results" "a result" "$(build //a 2>/dev/null)"
patience=0
expect "a long build" "building: [12 / 15] Compiling a.cc; 30s local" "$(build //a 2>&1 >/dev/null)"
patience=20
status=0
said=$(build //broken 2>&1 >/dev/null) || status=$?
expect "a broken build" "ERROR: a.cc does not compile" "$said"
expect "its status" 3 "$status"
((SECONDS < 30)) || { echo "somebody waited until Bazel's server ended"; exit 1; }
