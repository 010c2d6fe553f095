# Sourced by run: the Debian packages that Sinter is built from, and how they get onto the machine.
# shellcheck shell=bash

build_packages=(
  g++ bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto
  llvm-22-dev llvm-22-tools
  libfmt-dev libcli11-dev nlohmann-json3-dev zlib1g-dev libxxhash-dev
  libgtest-dev libgmock-dev libbenchmark-dev libmpfr-dev
  gnuplot-nox graphviz
)
lint_packages=(clang-format-22 clang-tidy-22 shellcheck)

# need_packages build|lint ...: returns at once when all packages of these lists are installed; else installs what is missing,
# or prints the command that would and exits.
need_packages() {
  local list package missing=()
  declare -A installed=()
  while read -r package; do installed[$package]=1; done < <(
    dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${build_packages[@]}" "${lint_packages[@]}" 2>/dev/null |
      sed -n 's/^installed //p'
  )
  for list in "$@"; do
    local -n packages=${list}_packages
    for package in "${packages[@]}"; do [[ ${installed[$package]-} ]] || missing+=("$package"); done
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

install_packages() {
  local as_root=()
  if ((EUID != 0)); then
    as_root=(sudo)
    if ! command -v sudo >/dev/null || { [[ ! -t 0 ]] && ! sudo -n true 2>/dev/null; }; then
      echo "Sinter needs Debian packages that are not installed, and installing them takes root. Run this, then try again:" >&2
      echo "  apt-get update && apt-get install --no-install-recommends $*" >&2
      exit 1
    fi
  fi
  echo "installing Debian packages, once; this takes a minute or two: $*" >&2
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@"; } </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install them (all of its output: $log)" >&2
    exit 1
  fi
  rm -f "$log"
}
