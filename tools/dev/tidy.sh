#!/usr/bin/env bash
# Runs clang-tidy-22 over C++ files: those given (folders too), or those changed since main. A header is seen through a .cc file that
# includes it. Headers that the build writes must be there.
set -euo pipefail
# shellcheck source=tools/dev/sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

# units: of the files named on standard input, those that are compiled, and for each header a file that includes it.
units() {
  local file header
  while IFS= read -r file; do
    if [[ $file == *.cc ]]; then
      echo "$file"
    else
      header=${file#"$root/"}
      git -C "$root" grep --untracked -lF "#include \"$header\"" -- '*.cc' | sed -e "s|^|$root/|" -e q || true
    fi
  done | sort -u
}

mapfile -t files < <(sources_of "$@" | units)
if ((${#files[@]} == 0)); then
  echo "no C++ file changed since main; name files or folders"
  exit 0
fi
cd "$root"
# shellcheck disable=SC2016  # the inner bash expands
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c '
  if ! output=$(clang-tidy-22 --quiet "$1" -- -std=c++20 -I. -Ibazel-bin -isystem /usr/lib/llvm-22/include 2>/dev/null); then
    echo "$output"
    exit 1
  fi' tidy
echo "${#files[@]} files are clean"
