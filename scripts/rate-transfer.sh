#!/usr/bin/env bash
# Does the best learning rate carry over from one width to another? Trains models of three widths on the built-in corpus at learning rates from 2^-12 to
# 2^-5, in the standard parametrisation and in the maximal update parametrisation (model.baseWidth, Yang et al. 2022).
#
#   scripts/rate-transfer.sh [DIR]     default: checkpoints/rate-transfer; the same command again goes on where it was
#
# Each width is a sweep of torchlm's in DIR/width-N, with its own table and picture. All trials are in DIR/rate-transfer.csv, and their best losses are
# drawn in DIR/rate-transfer.svg: against the rate, a line for each width, and a panel for each parametrisation. Heads have 16 channels at every
# width. The 48 runs of 400 steps take a quarter of an hour on two cores. Settings, by their environment variables:
#   STEPS, WIDTHS, RATES (powers of two), TORCHLM (the program; default: dotnet run), TORCHLM_OPTIONS (more options of torchlm sweep).
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-checkpoints/rate-transfer}
steps=${STEPS:-400}
read -ra widths <<< "${WIDTHS:-64 128 256}"
read -ra powers <<< "${RATES:--12 -11 -10 -9 -8 -7 -6 -5}"
read -ra program <<< "${TORCHLM:-dotnet run -c Release --project TorchLm.Train --}"
read -ra options <<< "${TORCHLM_OPTIONS:-}"
base=${widths[0]}
rates=$(for power in "${powers[@]}"; do LC_ALL=C awk -v p="$power" 'BEGIN { printf "%.10g,", 2 ^ p }'; done)

csv=$out/rate-transfer.csv
mkdir -p "$out"
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
for width in "${widths[@]}"; do
    "${program[@]}" sweep --out "$out/width-$width" --try "model.baseWidth=0,$base" --try "optimizer.learningRate=${rates%,}" \
        --set "model.embeddingSize=$width" --set "model.headCount=$((width / 16))" --set model.layerCount=2 --set "training.steps=$steps" \
        --set "training.evalInterval=$(((steps + 3) / 4))" --set training.saveInterval=0 --set "optimizer.warmupSteps=$((steps / 10))" \
        --set training.onDivergence=stop "${options[@]}"
    tail -n +2 "$out/width-$width/sweep.csv" | sed "s/^/$width,/" >> "$lines"
    { echo "width,$(head -n 1 "$out/width-$width/sweep.csv")"; cat "$lines"; } > "$csv"
done
LC_ALL=C awk -f scripts/rate-transfer/picture.awk "$csv" > "$out/rate-transfer.svg"
echo "All trials: $csv; drawn: $out/rate-transfer.svg"
