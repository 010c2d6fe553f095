#!/usr/bin/env bash
# Runs clang-tidy-22 over C++ files: those given (folders too), or those changed since main. Headers are seen through the .cc files
# that include them.
set -euo pipefail
# shellcheck source=tools/dev/sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

mapfile -t files < <(sources_of "$@" | grep '\.cc$')
if ((${#files[@]} == 0)); then
  echo "no .cc file changed since main; name files or folders"
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
