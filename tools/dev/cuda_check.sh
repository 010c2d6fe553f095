#!/usr/bin/env bash
# Runs what `./run cuda-check` packed on a machine with a GPU, which needs neither Bazel nor a network: the CUDA tests on
# the real driver, MNIST beside the CPU, kernels timed by events. What it prints is for docs/cuda.md.
#   tools/dev/cuda_check.sh PACK [--quick] [--log FILE]
# PACK: pack.tar.xz, or the folder it was made from. --quick: a few tests and small sizes, for the simulated device.
set -uo pipefail

pack="" quick="" log=""
while (($#)); do
  case $1 in
    --quick) quick=--quick ;;
    --log) log=$2 && shift ;;
    *) pack=$1 ;;
  esac
  shift
done
if [[ ! -e $pack ]]; then
  echo "usage: cuda_check.sh PACK [--quick] [--log FILE]; ./run cuda-check makes PACK" >&2
  exit 2
fi
if [[ -n $log ]]; then exec > >(tee "$log") 2>&1; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -f $pack ]]; then
  mkdir "$work/pack"
  if ! tar -xJf "$pack" -C "$work/pack" 2>/dev/null; then # a machine without xz
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$pack" "$work/pack" || exit 2
  fi
  pack=$work/pack
fi
pack=$(cd "$pack" && pwd)

# The driver's library is where the loader looks, or where machines without an installed driver mount it.
libraries=$pack/lib
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib/wsl/lib; do
  if [[ -e $folder/libcuda.so.1 ]]; then libraries+=:$folder; fi
done
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libraries
export SINTER_TEST_ON=device SINTER_VERIFY=1 SINTER_CHECK=1 SINTER_CACHE=$work/cache TEST_TMPDIR=$work/tmp GTEST_COLOR=no
mkdir -p "$TEST_TMPDIR"
cd "$work" || exit 2
failures=0

heading() { printf '\n## %s\n' "$1"; }
# fail WHAT
fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

heading machine
date -u
uname -srm
if command -v nvidia-smi >/dev/null; then
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv,noheader
fi
"$pack/bin/sinter" doctor || fail doctor

heading tests
# test_run NAME [filter]: one binary, on a line; its output where it failed.
test_run() {
  local start=$SECONDS status=0
  "$pack/bin/$1" --gtest_filter="${2:-*}" >"$work/output" 2>&1 || status=$?
  local passed skipped
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests*.*/\1/p' "$work/output")
  skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) tests*.*/\1/p' "$work/output")
  printf '%-18s %s passed, %s skipped, %d s\n' "$1" "${passed:-0}" "${skipped:-0}" $((SECONDS - start))
  if ((status != 0)) || [[ ${passed:-0} == 0 ]]; then
    fail "$1 (status $status)"
    tail -n 60 "$work/output"
  fi
}
if [[ -n $quick ]]; then
  test_run mappings_test '*PointsOneByOne*'
  test_run denormals_test '*Dots*:*IsSeen*'
  test_run engines_test '*TrainALine*'
  test_run faulting_test '*ProgramNames*'
  test_run tensor_test '*GoesThereAndBack*'
else
  for name in nvrtc_test mappings_test graphs_test programs_test denormals_test edge_test tensor_test engines_test mlp_test mnist_test \
    fuzz_test faulting_test; do
    test_run "$name"
  done
fi
unset SINTER_VERIFY SINTER_CHECK SINTER_TEST_ON

heading "MNIST, beside the CPU"
if [[ -n $quick ]]; then
  # idx NAME HEADER BYTES: a file of the MNIST format, its contents some bytes that are no digits.
  idx() { { printf '%b' "$2" && head -c "$3" /dev/zero | tr '\0' "${4:-\7}"; } >"$work/data/$1"; }
  mkdir "$work/data"
  for set in train t10k; do
    idx $set-images-idx3-ubyte '\0\0\x08\x03\0\0\0\x40\0\0\0\x1c\0\0\0\x1c' $((64 * 784)) '\200'
    idx $set-labels-idx1-ubyte '\0\0\x08\x01\0\0\0\x40' 64
  done
  export SINTER_DATA=$work/data
fi
# train NAME [flags]: an epoch or three; the time it took.
train() {
  local start=$EPOCHREALTIME
  "$pack/bin/mnist" --epochs "$([[ -n $quick ]] && echo 1 || echo 3)" --save "$work/saved" "${@:2}" >"$work/$1.out" 2>&1 \
    || { fail "mnist $*" && cat "$work/$1.out"; }
  mv "$work/saved" "$work/$1.safetensors" 2>/dev/null
  awk -v from="$start" -v to="$EPOCHREALTIME" -v name="$1" 'BEGIN { printf "%-14s %.2f s\n", name, to - from }'
}
train cpu
train cuda --device cuda
if [[ -z $quick ]]; then
  train cuda-again --device cuda
  train cuda-dynamic --device cuda --dynamic
fi
grep Epoch "$work/cpu.out"
for name in cuda cuda-again cuda-dynamic; do
  [[ -e $work/$name.out ]] || continue
  if cmp -s "$work/cpu.safetensors" "$work/$name.safetensors" && cmp -s "$work/cpu.out" "$work/$name.out"; then
    echo "$name: weights, moments and all that is printed are the CPU's, bit for bit"
  else
    fail "mnist: $name differs from the CPU"
    diff "$work/cpu.out" "$work/$name.out"
  fi
done

heading "kernels, by events"
"$pack/bin/kernel_bench" $quick || fail kernel_bench

heading summary
if ((failures == 0)); then echo "cuda-check: all is well"; else echo "cuda-check: $failures failed"; fi
exit $((failures > 0))
