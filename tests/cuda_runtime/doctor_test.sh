#!/usr/bin/env bash
# `sinter doctor` on a machine whose driver is the fake one, and on one whose driver is too old.
set -eu
found=$(tools/sinter doctor)
for expected in "CUDA driver   .*libcuda.so.1 (CUDA 13.0)" "cuda:0 .*Simulated GPU 0, compute capability 9.0" "NVRTC "; do
  grep -q "$expected" <<<"$found" || { echo "doctor does not say '$expected' but:"; echo "$found"; exit 1; }
done
old=$(FAKE_CUDA=record,version=11040 tools/sinter doctor)
grep -q "is of CUDA 11.4, expected 12.0 or later; cure: update" <<<"$old" || { echo "$old"; exit 1; }
