# Sourced by run: what a machine with a GPU, but without Bazel, needs to check CUDA (cuda_check.sh). Expects $root.
# shellcheck shell=bash disable=SC2154

cuda_check_targets=(
  //tools:sinter //examples:mnist //tests/cuda:kernel_bench
  //tests/cuda:{nvrtc,mappings,graphs,programs,denormals,edge}_test
  //tests/cuda_runtime:{tensor,engines,mlp,mnist,fuzz,faulting}_test
)

# pack_cuda_check FOLDER PROGRAM ...: stripped copies of the programs in FOLDER/bin, and in FOLDER/lib the libraries that they
# need, but for those of the C and C++ run-time, which every such machine has.
pack_cuda_check() {
  local folder=$1 program library
  shift
  rm -rf "$folder"
  mkdir -p "$folder/bin" "$folder/lib"
  for program in "$@"; do strip -o "$folder/bin/$(basename "$program")" "$program"; done
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | while read -r library; do
    case ${library##*/} in
      libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.* | ld-linux* | libstdc++.so.* | libgcc_s.so.*) ;;
      *) cp -L "$library" "$folder/lib/" ;;
    esac
  done
  chmod -R u+w "$folder"
}

# run_cuda_check [--quick]: builds and packs into .cuda_check/ (which git does not see); where this machine has a driver, runs it.
run_cuda_check() {
  if [[ ${1-} == -h || ${1-} == --help ]]; then
    echo "usage: ./run cuda-check [--quick]   packs the CUDA tests and timings into .cuda_check/; where there is a driver, runs them (docs/cuda.md)"
    return
  fi
  local folder=$root/.cuda_check target programs=()
  build "${cuda_check_targets[@]}"
  for target in "${cuda_check_targets[@]}"; do
    target=${target#//}
    programs+=("$root/bazel-bin/${target/://}")
  done
  pack_cuda_check "$folder/pack" "${programs[@]}"
  tar -C "$folder/pack" -c . | xz -T0 -6 >"$folder/pack.tar.xz"
  rm -rf "$folder/pack"
  echo "$folder/pack.tar.xz: $(($(stat -c %s "$folder/pack.tar.xz") / 1048576)) MiB"
  if ldconfig -p | grep -q libcuda.so.1 || [[ -e /usr/local/nvidia/lib64/libcuda.so.1 ]]; then
    exec "$root/tools/dev/cuda_check.sh" "$folder/pack.tar.xz" "$@"
  fi
  echo "this machine has no driver: carry .cuda_check to one that has, and run there"
  echo "  tools/dev/cuda_check.sh .cuda_check/pack.tar.xz --log cuda.log"
}
