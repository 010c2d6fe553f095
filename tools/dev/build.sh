# Sourced by run: calls of Bazel, quiet when all is well. Expects $root, the repository.
# shellcheck shell=bash disable=SC2154

quiet=("--ui_event_filters=-info,-debug" --noshow_loading_progress)
[[ -t 2 ]] || quiet+=(--noshow_progress)

# bazel_in_root COMMAND ...: Bazel, wherever the caller stands.
bazel_in_root() (cd "$root" && exec bazel "$@")

build() { bazel_in_root build "${quiet[@]}" --show_result=0 "$@"; }

# run_program_of example|bench [NAME [arguments]]: runs a program of examples/ or bench/ in the caller's folder. Without NAME
# the examples are listed, the benchmarks all run.
run_program_of() {
  local folder=${1/example/examples} name=${2-}
  if [[ -n $name && $name != -* ]]; then
    build "//$folder:$name"
    exec "$root/bazel-bin/$folder/$name" "${@:3}"
  fi
  local programs
  mapfile -t programs < <(bazel_in_root query "${quiet[@]}" "kind(cc_binary, //$folder:all)" | sed 's/.*://' | sort)
  if [[ $folder == examples ]]; then
    printf '%s\n' "${programs[@]}"
    return
  fi
  build "${programs[@]/#///bench:}"
  for name in "${programs[@]}"; do
    echo "== $name"
    "$root/bazel-bin/bench/$name" "${@:2}"
  done
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
