# Sourced by run: calls of Bazel, quiet when all is well and soon done. Expects $root, the repository.
# shellcheck shell=bash disable=SC2154

quiet=("--ui_event_filters=-info,-debug" --noshow_loading_progress)
[[ -t 2 ]] || quiet+=(--curses=no --color=no --show_progress_rate_limit=30)
patience=20 # seconds before Bazel says how far it is, where that is no line of a terminal

# bazel_in_root COMMAND ...: Bazel, wherever the caller stands. Its standard error is a terminal, or goes through `progress`.
bazel_in_root() {
  if [[ -t 2 ]]; then
    clean_bazel "$@"
  else
    { clean_bazel "$@" 2>&1 >&3 3>&- | progress >&2; } 3>&1 # its server lives on, and would keep 3 open
  fi
}

# clean_bazel COMMAND ...: Bazel without the caller's environment, so that an activated Python environment, another HOME or another
# language builds nothing anew. Its outputs lie where the account's home is, whatever HOME says.
clean_bazel() {
  local home program
  home=$(getent passwd "$(id -u)" | cut -d: -f6)
  program=$(command -v bazel)
  (cd "$root" && exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="${home:-${HOME:-/tmp}}" USER="$(id -un)" LANG=C.UTF-8 \
    TERM="${TERM-dumb}" TMPDIR="${TMPDIR:-/tmp}" "$program" "$@")
}

# progress: Bazel's messages without those that say that it is well; how far it is only when that takes long.
progress() {
  local line start=$SECONDS
  while IFS= read -r line; do
    case $line in
      "Loading:"* | "Analyzing:"* | "INFO: Build completed"*) ;;
      "["*" / "*"]"*) ((SECONDS - start < patience)) || printf 'building: %s\n' "$line" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

build() {
  [[ -e $root/bazel-bin ]] || echo "building; the first time this takes about 6 minutes on two cores" >&2
  bazel_in_root build "${quiet[@]}" --show_result=0 "$@"
}

# run_example [NAME [arguments]]: runs a program of examples/ in the caller's folder. Without NAME they are listed.
run_example() {
  if (($#)); then
    build "//examples:$1"
    exec "$root/bazel-bin/examples/$1" "${@:2}"
  fi
  bazel_in_root query "${quiet[@]}" "kind(cc_binary, //examples:all)" | sed 's/.*://' | sort
}

# run_bench [NAME ...] [--flags]: the benchmark suite, or with --peers first, that beside PyTorch and JAX.
run_bench() {
  build //bench
  if [[ ${1-} == --peers ]]; then exec python3 "$root/bench/peers.py" "${@:2}"; fi
  exec "$root/bazel-bin/bench/bench" "$@"
}

# run_tests [--flag ...] [name]: the tests whose target contains name (or all), with Bazel's flags. Ends with the line
# "N passed, N failed", which counts test cases, and fails when one failed.
run_tests() {
  local flags=() name="" word targets=(//...) events status=0
  for word in "$@"; do
    if [[ $word == -* ]]; then flags+=("$word"); else name=$word; fi
  done
  if [[ -n $name ]]; then
    mapfile -t targets < <(bazel_in_root query "${quiet[@]}" --keep_going "filter('$name', tests(//...))")
    if ((${#targets[@]} == 0)); then
      echo "no test target contains '$name'; ./run test without a name runs all of them" >&2
      return 1
    fi
  fi
  [[ -e $root/bazel-bin ]] || echo "building all tests; the first time this takes about 6 minutes on two cores" >&2
  events=$(mktemp)
  bazel_in_root test "${quiet[@]}" --show_result=0 --keep_going --build_tests_only --test_summary=none \
    --build_event_json_file="$events" "${flags[@]}" "${targets[@]}" | sed -e '/^$/d' -e '/^Executed [0-9]* out of/d' >&2 || status=$?
  awk -v status="$status" -f "$root/tools/dev/count_tests.awk" "$events" || status=1
  rm -f "$events"
  return "$status"
}
