#!/usr/bin/env bash
# Starts a run, and starts it again from its last checkpoint whenever it fails, until it ends by itself, is interrupted, or fails at once several times:
#
#   scripts/scale-out/keep-running.sh RUN-FOLDER LAUNCHER... -- OPTIONS...
#   scripts/scale-out/keep-running.sh my-run mpirun -np 4 torchlm -- --preset gpt2-124m --data my-data
#
# Wrong input (exit code 2) and an interruption (130) are not tried again; Ctrl-C, SIGTERM, SIGUSR1 and the end of its terminal let it save and end. ATTEMPTS (default 5) failures without a new checkpoint between them are too many. The first
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

# A request to stop is the end. The launcher gets it as SIGUSR1, which mpirun and srun pass on at once and torchlm saves at; a second one as SIGTERM.
child= asked= stopped=
stop() {
  if [ -n "$child" ]; then
    kill "-$([ -z "$asked" ] && echo USR1 || echo TERM)" "$child" 2>/dev/null
    asked=1
  fi
  stopped=1
}
trap stop INT TERM USR1 HUP

failures=0
latest() { cat "$run/latest.json" 2>/dev/null; }
begun=
while true; do
  before=$(latest)
  if [ -n "$before" ]; then what=(--resume "$run")
  elif [ -n "$begun" ] && [ -e "$run/config.json" ]; then what=(--out "$run" --overwrite "$@") # begun here, and lost before its first checkpoint
  else what=(--out "$run" "$@")
  fi
  begun=1
  set -m # in a process group of its own: Ctrl-C in a terminal reaches this script alone, which asks for a save
  "${launcher[@]}" train "${what[@]}" </dev/null &
  child=$!
  set +m
  [ -z "$stopped" ] || [ -n "$asked" ] || stop # it came when there was nobody to ask yet
  wait "$child"
  code=$?
  while [ -n "$stopped" ]; do # a signal has ended the waiting
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  [ -z "$stopped" ] || exit "$code"
  case $code in 0|2|130) exit "$code" ;; esac
  if [ "$(latest)" = "$before" ]; then failures=$((failures + 1)); else failures=1; fi
  if [ "$failures" -ge "${ATTEMPTS:-5}" ]; then
    echo "It failed $failures times without getting any further (the last exit code is $code)." >&2
    exit "$code"
  fi
  pause=$((${PAUSE:-2} * 2 ** (failures - 1)))
  echo "It failed (exit code $code) and starts again in $pause s." >&2
  child=
  sleep "$pause"
  [ -z "$stopped" ] || exit "$code"
done
