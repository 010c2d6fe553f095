#!/usr/bin/env bash
# Formats C++ files in place with clang-format-22: those given (folders too), or those changed since main.
set -euo pipefail
# shellcheck source=tools/dev/sources.sh
source "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

mapfile -t files < <(sources_of "$@")
((${#files[@]} == 0)) || clang-format-22 -i "${files[@]}"
echo "formatted ${#files[@]} files"
