#!/usr/bin/env bash
# The counts in the output of contrast and bench that README.md shows are those of the programs.
set -euo pipefail

page=$PWD/README.md contrast=$PWD/tools/sinter bench=$PWD/bench/bench
export SINTER_CACHE=$TEST_TMPDIR/cache
cd "$TEST_TMPDIR"
status=0

"$contrast" contrast mlp --quick >contrast.txt
for what in "operations" "kernels launched" "bits:"; do
  line=$(grep -m 1 "^$what" contrast.txt)
  grep -qxF "$line" "$page" || { echo "README.md has not this line of contrast: $line" && status=1; }
done

# Workload, engine, kernels of each line.
counts() { awk 'NF > 10 && ($2 == "static" || $2 == "dynamic") { print $1, $2, $(NF - 4) }' "$1"; }
"$bench" --quick mlp relu >bench.txt
counts "$page" >shown
[[ -s shown ]] || { echo "README.md shows no line of bench" && status=1; }
while read -r line; do
  counts bench.txt | grep -qxF "$line" || { echo "README.md says of bench: $line" && status=1; }
done <shown
exit "$status"
