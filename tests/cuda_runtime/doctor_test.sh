#!/usr/bin/env bash
# `sinter doctor` on a machine whose driver is the fake one, and on one whose driver is too old.
set -eu
found=$(tools/sinter doctor)
for expected in "CUDA driver   .*libcuda.so.1 (CUDA 13.0)" "cuda:0 .*Simulated GPU 0, compute capability 9.0" "NVRTC "; do
  grep -q "$expected" <<<"$found" || { echo "doctor does not say '$expected' but:"; echo "$found"; exit 1; }
done
old=$(FAKE_CUDA=record,version=11040 tools/sinter doctor)
grep -q "is of CUDA 11.4, expected 12.0 or later; cure: update" <<<"$old" || { echo "$old"; exit 1; }

# A toolkit that the user names comes before what the loader finds, and that before Python packages.
library=tests/cuda_sim/fake/libnvrtc.so.13
toolkit=$TEST_TMPDIR/toolkit python=$TEST_TMPDIR/venv
packages=$python/lib/python3.11/site-packages/nvidia
mkdir -p "$toolkit/lib64" "$packages/cuda_nvrtc/lib" "$packages/cu13/lib"
cp -L "$library" "$packages/cu13/lib/libnvrtc.so.13"
cp -L "$library" "$packages/cuda_nvrtc/lib/libnvrtc.so.12"
expect_nvrtc() { # WHERE variables ...
  local where=$1 said
  shift
  said=$(env -u LD_LIBRARY_PATH -u CUDA_HOME -u CUDA_PATH "$@" tools/sinter doctor | grep '^NVRTC ')
  [[ $said == *"$where"* ]] || { echo "expected NVRTC in $where, but: $said"; exit 1; }
}
if ! env -u LD_LIBRARY_PATH tools/sinter doctor | grep -q '^NVRTC  *NVRTC [0-9]'; then # nothing is installed here
  expect_nvrtc "$packages/cuda_nvrtc/lib" VIRTUAL_ENV="$python"
fi
cp -L "$library" "$toolkit/lib64/libnvrtc.so.13"
expect_nvrtc "$toolkit/lib64/libnvrtc.so.13" VIRTUAL_ENV="$python" CUDA_HOME="$toolkit"
