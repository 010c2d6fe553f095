# Sourced by run: calls of Bazel, quiet when all is well. Expects $root, the repository.
# shellcheck shell=bash disable=SC2154

quiet=("--ui_event_filters=-info,-debug" --noshow_loading_progress)
[[ -t 2 ]] || quiet+=(--noshow_progress)

# bazel_in_root COMMAND ...: Bazel, wherever the caller stands.
bazel_in_root() (cd "$root" && exec bazel "$@")

build() { bazel_in_root build "${quiet[@]}" --show_result=0 "$@"; }

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
  events=$(mktemp)
  bazel_in_root test "${quiet[@]}" --show_result=0 --keep_going --build_tests_only --test_summary=none \
    --build_event_json_file="$events" "${flags[@]}" "${targets[@]}" | sed -e '/^$/d' -e '/^Executed [0-9]* out of/d' >&2 || status=$?
  awk -v status="$status" -f "$root/tools/dev/count_tests.awk" "$events" || status=1
  rm -f "$events"
  return "$status"
}
