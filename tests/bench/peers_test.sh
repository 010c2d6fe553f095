#!/usr/bin/env bash
# Runs peers_test.py by the system's interpreter.
set -euo pipefail
exec python3 -B tests/bench/peers_test.py
