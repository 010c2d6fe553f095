# Sourced by format.sh and tidy.sh: which files they work on.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# changed_sources: C++ files that differ from branch main, or from the last commit when on main; relative to the root.
changed_sources() {
  local base
  base=$(git -C "$root" merge-base HEAD main 2>/dev/null || echo HEAD)
  {
    git -C "$root" diff --name-only --diff-filter=d "$base"
    git -C "$root" ls-files --others --exclude-standard
  } | grep -E '\.(h|cc|inc|def)$' | sort -u
}

# sources_of PATH ...: the C++ files among these files and folders, as absolute paths; the changed ones when none is given.
sources_of() {
  if (($# == 0)); then
    changed_sources | sed "s|^|$root/|"
  else
    find "$@" \( -name '*.h' -o -name '*.cc' \) -not -path '*/bazel-*' -not -path '*/.git/*' -exec readlink -f {} + | sort -u
  fi
}
