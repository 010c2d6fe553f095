# Sourced by run: compiles one C++ file of the user's against Sinter and runs it. Expects $root, the repository.
# shellcheck shell=bash disable=SC2154

# run_file FILE.cc [arguments]: the binary is kept, and compiled again when the content of anything it was made from has changed
# (the file, the headers it includes, Sinter's libraries). CXXFLAGS adds flags.
run_file() {
  local file=$1
  if [[ ! -r $file ]]; then
    echo "cannot read $file" >&2
    return 1
  fi
  build //:sinter_link

  local link=$root/bazel-bin/sinter.link key kept
  key=$(printf '%s\n' "$PWD" "$root" "$file" "${CXXFLAGS-}" | sha256sum)
  kept=${XDG_CACHE_HOME:-${HOME:-${TMPDIR:-/tmp}}/.cache}/sinter/run/${key:0:24}
  if ! sha256sum --check --status "$kept/made_from" 2>/dev/null; then compile_file "$file" "$link" "$kept"; fi
  exec "$kept/program" "${@:2}"
}

# compile_file FILE LINK KEPT: FILE's program and the checksums of what it was made from, put into the folder KEPT.
compile_file() {
  local file=$1 link=$2 kept=$3 libraries work
  mapfile -t libraries < <(sed "s|^bazel-out/|$root/bazel-out/|" "$link")
  mkdir -p "$kept"
  work=$(mktemp -d "$kept/new.XXXXXX")
  local flags=(-std=c++20 -O1 -g -Wall -ffp-contract=off -isystem "$root" -isystem "$root/bazel-bin")
  # shellcheck disable=SC2086  # CXXFLAGS is a list of words
  if ! g++ "${flags[@]}" ${CXXFLAGS-} -MD -MF "$work/deps" "$file" "${libraries[@]}" -o "$work/program"; then
    rm -rf "$work"
    exit 1
  fi
  {
    # A make rule becomes one name per line; backslash and space is a space in a name.
    sed -e 's/^[^:]*: *//' -e 's/\\$//' -e 's/\\ /\r/g' "$work/deps" | tr -s ' ' '\n' | sed -e '/^$/d' -e 's/\r/ /g'
    echo "$link"
    printf '%s\n' "${libraries[@]}" | grep '^/'
  } | sort -u | xargs -d '\n' sha256sum >"$work/made_from"
  mv -f "$work/program" "$work/made_from" "$kept/"
  rm -rf "$work"
}
