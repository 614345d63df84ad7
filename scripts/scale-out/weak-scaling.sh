#!/usr/bin/env bash
# How much faster are N ranks of one thread than one? Each rank has the same work (weak scaling): N ranks train on N times the batch. Prints, for two shapes,
# tokens a second of 1 and of N ranks as medians of turns that follow one another, their ratio, and what a step waits for the other ranks; then the steps that
# `torchlm plan --ranks` expects beside those measured, with the link that `torchlm bench collective` finds.
#
#   scripts/scale-out/weak-scaling.sh [N]      default: 2; nothing else should run
#
# MPIRUN (default: mpirun) may have options; TURNS is 3; TORCHLM is the program (default: the Release build, which is made first).
set -euo pipefail
cd "$(dirname "$0")/../.."
ranks=${1:-2}
[ "$ranks" -ge 2 ] || { echo "N is $ranks, but one rank has nothing to be compared with: at least 2." >&2; exit 2; }
read -ra launcher <<< "${MPIRUN:-mpirun}"
[ "$(id -u)" -ne 0 ] || launcher+=(--allow-run-as-root)
if [ -z "${TORCHLM:-}" ]; then
  dotnet build TorchLm.Train -c Release -v q --nologo >/dev/null
  TORCHLM=$(echo TorchLm.Train/bin/Release/net10.0/*/torchlm)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

# A run's options: settings, and how many ranks it is for.
options() {
  local setting
  printf '%s\n' --preset gpt2-tiny --set training.precision=fp32 --set "training.gradientAccumulationSteps=$2"
  for setting in $1; do printf '%s\n' --set "$setting"; done
}

# ranks, name, steps, settings: one run, whose tokens a second and waiting it notes. The first half of the steps warms up.
measure() {
  local count=$1 name=$2 steps=$3 chosen
  mapfile -t chosen < <(options "$4" "$count")
  rm -rf "$work/run"
  "${launcher[@]}" -np "$count" "$TORCHLM" train --out "$work/run" "${chosen[@]}" --set "training.logInterval=$((steps / 2))" \
    --set training.evalBatches=1 --max-steps "$steps" >"$work/log" 2>&1 </dev/null || { cat "$work/log" >&2; exit 1; }
  sed -nE "s/^\{\"step\":$steps,.*\"tokens_per_second\":([0-9.]+).*/\1/p" "$work/run/metrics.jsonl" | tail -n 1 >>"$work/$name-$count"
  sed -nE "s/^\{\"step\":$steps,.*\"exchange\":([0-9.]+).*/\1/p" "$work/run/metrics.jsonl" | tail -n 1 >>"$work/$name-wait"
}

# ranks, name, settings: notes the milliseconds that a plan expects of a step.
expect() {
  local count=$1 name=$2 chosen
  mapfile -t chosen < <(options "$3" "$count")
  "$TORCHLM" plan "${chosen[@]}" --ranks "$count" --bandwidth "$bandwidth" --latency "$latency" --json </dev/null \
    | sed -nE '/"plain"/,/\}/s/.*"step_seconds": ([0-9.eE+-]+).*/\1/p' | awk '{ print 1000 * $1 }' >>"$work/$name-plan-$count"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# name, steps, tokens of a rank's step, settings
shapes() {
  cat <<S
char|200|768|model.layerCount=4 model.embeddingSize=128 model.headCount=4 model.contextLength=64 training.batchSize=12 data.tokenizer=char
gpt2|4|512|model.layerCount=12 model.embeddingSize=768 model.headCount=12 model.contextLength=256 training.batchSize=2
S
}

# The link: what a ring of 25 MB reaches, and half of what the smallest sum takes for its two rounds of N - 1 messages.
"${launcher[@]}" -np "$ranks" "$TORCHLM" bench collective --megabytes 0.001,25 --json >"$work/link" 2>"$work/log" </dev/null || { cat "$work/log" >&2; exit 1; }
sums() { awk -v key="\"$1\":" '$1 == "\"operation\":" { all = $2 == "\"all-reduce\"," } all && $1 == key { sub(",", "", $2); print $2 }' "$work/link"; }
bandwidth=$(sums bus_gb_per_s | tail -n 1)
latency=$(sums ms | head -n 1 | awk -v n="$ranks" '{ print 1000 * $1 / (2 * (n - 1)) }')

for _ in $(seq "${TURNS:-3}"); do
  while IFS='|' read -r name steps _ settings; do
    measure 1 "$name" "$steps" "$settings"
    measure "$ranks" "$name" "$steps" "$settings"
    expect 1 "$name" "$settings"
    expect "$ranks" "$name" "$settings"
  done < <(shapes)
done
echo "shape  tokens/s of 1 rank  of $ranks ranks  of $ranks times as fast  waiting a step"
while IFS='|' read -r name _ _ _; do
  one=$(median "$work/$name-1") all=$(median "$work/$name-$ranks") wait=$(median "$work/$name-wait")
  awk -v name="$name" -v one="$one" -v all="$all" -v n="$ranks" -v wait="$wait" \
    'BEGIN { printf "%-5s  %18.0f  %10.0f  %20.0f %%  %11.1f ms\n", name, one, all, 100 * all / (n * one), wait }'
done < <(shapes)
echo
echo "A step in ms, with $bandwidth GB/s and $latency microseconds between ranks"
echo "shape  ranks  expected  measured  expected / measured"
while IFS='|' read -r name _ tokens _; do
  for count in 1 "$ranks"; do
    awk -v name="$name" -v n="$count" -v plan="$(median "$work/$name-plan-$count")" -v speed="$(median "$work/$name-$count")" -v tokens="$tokens" \
      'BEGIN { made = 1000 * n * tokens / speed; printf "%-5s  %5d  %8.1f  %8.1f  %19.2f\n", name, n, plan, made, plan / made }'
  done
done < <(shapes)
