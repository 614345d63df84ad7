#!/usr/bin/env bash
# How much faster are N ranks of one thread than one? Each rank has the same work (weak scaling): N ranks train on N times the batch. Prints, for two shapes,
# tokens a second of 1 and of N ranks as medians of turns that follow one another, their ratio, and what a step waits for the other ranks.
#
#   scripts/scale-out/weak-scaling.sh [N]      default: 2; nothing else should run
#
# MPIRUN (default: mpirun) may have options; TURNS is 3; TORCHLM is the program (default: the Release build, which is made first).
set -euo pipefail
cd "$(dirname "$0")/../.."
ranks=${1:-2}
read -ra launcher <<< "${MPIRUN:-mpirun}"
[ "$(id -u)" -ne 0 ] || launcher+=(--allow-run-as-root)
if [ -z "${TORCHLM:-}" ]; then
  dotnet build TorchLm.Train -c Release -v q --nologo >/dev/null
  TORCHLM=$(echo TorchLm.Train/bin/Release/net10.0/*/torchlm)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1

# ranks, name, steps, settings: one run, whose tokens a second and waiting it notes. The first half of the steps warms up.
measure() {
  local count=$1 name=$2 steps=$3 setting options=()
  for setting in $4; do options+=(--set "$setting"); done
  rm -rf "$work/run"
  "${launcher[@]}" -np "$count" "$TORCHLM" train --preset gpt2-tiny --out "$work/run" "${options[@]}" --set "training.gradientAccumulationSteps=$count" \
    --set "training.logInterval=$((steps / 2))" --set training.evalBatches=1 --set training.precision=fp32 --max-steps "$steps" >"$work/log" 2>&1 </dev/null \
    || { cat "$work/log" >&2; exit 1; }
  sed -nE "s/^\{\"step\":$steps,.*\"tokens_per_second\":([0-9.]+).*/\1/p" "$work/run/metrics.jsonl" | tail -n 1 >>"$work/$name-$count"
  sed -nE "s/^\{\"step\":$steps,.*\"exchange\":([0-9.]+).*/\1/p" "$work/run/metrics.jsonl" | tail -n 1 >>"$work/$name-wait"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

shapes() {
  cat <<S
char|200|model.layerCount=4 model.embeddingSize=128 model.headCount=4 model.contextLength=64 training.batchSize=12 data.tokenizer=char
gpt2|4|model.layerCount=12 model.embeddingSize=768 model.headCount=12 model.contextLength=256 training.batchSize=2
S
}

for _ in $(seq "${TURNS:-3}"); do
  while IFS='|' read -r name steps settings; do
    measure 1 "$name" "$steps" "$settings"
    measure "$ranks" "$name" "$steps" "$settings"
  done < <(shapes)
done
echo "shape  tokens/s of 1 rank  of $ranks ranks  of $ranks times as fast  waiting a step"
while IFS='|' read -r name _ _; do
  one=$(median "$work/$name-1") all=$(median "$work/$name-$ranks") wait=$(median "$work/$name-wait")
  awk -v name="$name" -v one="$one" -v all="$all" -v n="$ranks" -v wait="$wait" \
    'BEGIN { printf "%-5s  %18.0f  %10.0f  %20.0f %%  %11.1f ms\n", name, one, all, 100 * all / (n * one), wait }'
done < <(shapes)
