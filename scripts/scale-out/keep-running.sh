#!/usr/bin/env bash
# Starts a run, and starts it again from its last checkpoint whenever it fails, until it ends by itself, is interrupted, or fails at once several times:
#
#   scripts/scale-out/keep-running.sh RUN-FOLDER LAUNCHER... -- OPTIONS...
#   scripts/scale-out/keep-running.sh my-run mpirun -np 4 torchlm -- --preset gpt2-124m --data my-data
#
# Wrong input (exit code 2) and Ctrl-C (130) are not tried again. ATTEMPTS (default 5) failures without a new checkpoint between them are too many. The first
# pause has PAUSE seconds (default 2), and each one without progress twice as many.
set -uo pipefail

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
run=$1
shift
launcher=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do launcher+=("$1"); shift; done
[ $# -gt 0 ] && [ ${#launcher[@]} -gt 0 ] || usage
shift

failures=0
latest() { cat "$run/latest.json" 2>/dev/null; }
while true; do
  before=$(latest)
  if [ -n "$before" ]; then what=(--resume "$run"); else what=(--out "$run" "$@"); fi
  "${launcher[@]}" train "${what[@]}"
  code=$?
  case $code in 0|2|130) exit "$code" ;; esac
  if [ "$(latest)" = "$before" ]; then failures=$((failures + 1)); else failures=1; fi
  if [ "$failures" -ge "${ATTEMPTS:-5}" ]; then
    echo "It failed $failures times without getting any further (the last exit code is $code)." >&2
    exit "$code"
  fi
  pause=$((${PAUSE:-2} * 2 ** (failures - 1)))
  echo "It failed (exit code $code) and starts again in $pause s." >&2
  sleep "$pause"
done
