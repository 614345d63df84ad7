#!/usr/bin/env bash
# What each architecture option and optimiser is worth, alone and together: trains small models, three seeds each, on the same tokens, and prints a table in
# Markdown; docs/recipe.md says what came out. A run that is finished is not made again, one that was stopped goes on.
#
#   scripts/recipe.sh train  shakespeare|fables [TEXT]    all variants at equal tokens, as many runs side by side as there are cores, one thread each
#   scripts/recipe.sh time   shakespeare|fables [TEXT]    milliseconds a step of each, alone, in turns; nothing else should run
#   scripts/recipe.sh equal  shakespeare|fables [TEXT]    all variants again, each with as many steps as fit into the baseline's time
#   scripts/recipe.sh table  shakespeare|fables           the table of what is there
#
# TEXT is tinyshakespeare.txt, for a machine that cannot fetch it. ONLY=pattern takes the variants whose names match; RECIPE_SEEDS, RECIPE_JOBS and
# RECIPE_THREADS (of "time") change the defaults "1337 1338 1339", all cores and all cores; TURNS of "time" is 2, and the faster one counts. RECIPE_DIR is where runs, results.csv and times.csv lie.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-} corpus=${2:-} text=${3:-}
case "$mode:$corpus" in
  train:shakespeare|train:fables|time:shakespeare|time:fables|equal:shakespeare|equal:fables|table:shakespeare|table:fables) ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

case $corpus in
  shakespeare) preset=shakespeare-char-cpu steps=2000 heads=8 other=4 tripled=3e-3 long="model.contextLength=256 training.batchSize=3" ;;
  fables) preset=fables steps=1200 heads=4 other=8 tripled=1.2e-2 long="model.contextLength=256 training.batchSize=4" ;;
esac
work=${RECIPE_DIR:-artifacts/recipe}/$corpus
results=$work/results.csv times=$work/times.csv
mkdir -p "$work"

muon="optimizer.name=muon optimizer.learningRate=1e-2 optimizer.minLearningRate=0 optimizer.warmupSteps=0 optimizer.schedule=linear"
muon+=" optimizer.weightDecay=0 optimizer.beta1=0.8 optimizer.beta2=0.95 optimizer.gradientClip=0"
rope="model.positions=rope model.ropeBase=1000"
rms="model.norm=rmsnorm model.normGain=false model.embeddingNorm=true"
qk="model.qkNorm=true model.qkNormScale=1.2"
zero="model.tiedHead=false model.zeroInitProjections=true"
best="$rope $rms $qk $zero model.mlp=relu2 model.convolutionWidth=3 model.initialDeviation=0.05 model.headCount=$heads $muon"

# Name and settings. "best" is the modern presets' recipe; what follows it takes one part away or adds one.
variants() {
  cat <<V
baseline|
three times the rate|optimizer.learningRate=$tripled
rope|$rope
no positions|model.positions=none
sinusoidal positions|model.positions=sinusoidal
RMSNorm, no gain, embeddings too|$rms
post-norm|model.normPlacement=post
ReLU²|model.mlp=relu2
SwiGLU|model.mlp=swiglu
8 heads|model.headCount=8
2 heads|model.headCount=2
2 heads of keys and values|model.keyValueHeadCount=2
QK-norm 1.2|$qk
convolutions of 3|model.convolutionWidth=3
window 16, each second layer|model.slidingWindow=16 model.fullAttentionInterval=2
embedding shortcuts|model.embeddingShortcuts=true
value embeddings|model.valueEmbeddings=true
head of its own, zero start|$zero
initial deviation 0.05|model.initialDeviation=0.05
soft cap 15|model.logitSoftCap=15
z-loss 1e-4|training.zLoss=1e-4
cautious decay|optimizer.cautious=true
linear to 0|optimizer.schedule=linear optimizer.minLearningRate=0
stable, then decay|optimizer.schedule=wsd optimizer.minLearningRate=0
average of weights 0.99|optimizer.averageDecay=0.99
growing batch|training.batchWarmupSteps=$((steps / 4))
growing context|training.contextWarmupSteps=$((steps / 4))
Lion|optimizer.name=lion optimizer.learningRate=3e-4 optimizer.minLearningRate=0 optimizer.weightDecay=0.3
SGD|optimizer.name=sgd optimizer.learningRate=0.3 optimizer.minLearningRate=0 optimizer.weightDecay=1e-4
Muon|$muon
best|$best
best without convolutions|$best model.convolutionWidth=0
best, $other heads|$best model.headCount=$other
best without a wider start|$best model.initialDeviation=0.02
best without QK-norm|$best model.qkNorm=false
best with AdamW|$best optimizer.name=adamw optimizer.learningRate=3e-3 optimizer.beta1=0.9 optimizer.beta2=0.99 optimizer.gradientClip=1 optimizer.warmupSteps=100
best, cautious decay 0.05|$best optimizer.cautious=true optimizer.weightDecay=0.05
best, dropout 0.1|$best model.dropout=0.1
best, shortcuts, values, soft cap|$best model.embeddingShortcuts=true model.valueEmbeddings=true model.logitSoftCap=15
best, average of weights 0.99|$best optimizer.averageDecay=0.99
best, context 256|$best $long
V
}

program() {
  TorchLm.Train/bin/Release/net10.0/*/torchlm "$@"
}

# folder, steps, seed, settings: trains, and prints the loss over the whole validation split.
run() {
  local folder=$1 steps=$2 seed=$3 settings=$4 options=() setting
  for setting in $settings; do options+=(--set "$setting"); done
  [ -z "$text" ] || options+=(--set "data.path=$text")
  options+=(--set "training.steps=$steps" --set training.evalBatches=0 --set "training.evalInterval=$steps" --set training.saveInterval=500
    --set training.keepCheckpoints=1)
  if [ -e "$folder/latest.json" ]; then program train --resume "$folder" >"$folder.log" 2>&1
  else rm -rf "$folder"; program train --preset "$preset" --seed "$seed" --out "$folder" "${options[@]}" >"$folder.log" 2>&1
  fi
  sed -nE "s/^\{\"step\":$steps,\"val_loss\":([0-9.]+).*/\1/p" "$folder/metrics.jsonl" | tail -n 1
}

# kind, name, steps, seed, settings: a run whose result is not there yet.
one() {
  local kind=$1 name=$2 steps=$3 seed=$4 settings=$5 folder loss
  folder=$work/$kind-$(echo "$name-$seed" | tr -c 'a-zA-Z0-9.\n' '-')
  if grep -qF "$kind,\"$name\",$seed,$steps," "$results" 2>/dev/null; then return; fi
  loss=$(run "$folder" "$steps" "$seed" "$settings")
  [ -n "$loss" ] || { echo "$name, seed $seed: no result; see $folder.log" >&2; return 1; }
  (flock 9; echo "$kind,\"$name\",$seed,$steps,$loss" >>"$results") 9>"$work/lock"
  echo "$kind  $name  seed $seed  $steps steps  $loss"
}

milliseconds() {
  [ -e "$times" ] || return 0
  sed -nE "s/^\"$(printf %s "$1" | sed 's/[][\.*^$/]/\\&/g')\",(.*)/\1/p" "$times" | sort -n | head -n 1 # the least disturbed turn
}

if [ "$mode" != table ]; then dotnet build TorchLm.Train -c Release -v q --nologo >/dev/null; fi
case $mode in
  train|equal)
    export -f run one program
    export work results preset text
    jobs=${RECIPE_JOBS:-$(nproc)} # nproc itself heeds what follows
    export OMP_NUM_THREADS=1
    while IFS='|' read -r name settings; do
      [[ -z ${ONLY:-} || $name =~ $ONLY ]] || continue
      count=$steps
      if [ "$mode" = equal ]; then
        [ "$name" != baseline ] || continue
        count=$(awk -v s="$steps" -v a="$(milliseconds baseline)" -v b="$(milliseconds "$name")" 'BEGIN { if (a && b) print int(s * a / b) }')
        [ -n "$count" ] || { echo "$name: no time yet; first run: scripts/recipe.sh time $corpus" >&2; exit 1; }
      fi
      for seed in ${RECIPE_SEEDS:-1337 1338 1339}; do printf '%s\0' "$mode" "$name" "$count" "$seed" "$settings"; done
    done < <(variants) | xargs -0 -n 5 -P "$jobs" bash -c 'set -euo pipefail; one "$@"' _
    ;;
  time)
    for turn in $(seq "${TURNS:-2}"); do
      while IFS='|' read -r name settings; do
        [[ -z ${ONLY:-} || $name =~ $ONLY ]] || continue
        options=()
        for setting in $settings; do options+=(--set "$setting"); done
        [ -z "$text" ] || options+=(--set "data.path=$text")
        rm -rf "$work/timing"
        OMP_NUM_THREADS=${RECIPE_THREADS:-$(nproc)} program train --preset "$preset" --out "$work/timing" "${options[@]}" --set training.evalBatches=1 \
          --set training.logInterval=50 --max-steps 200 </dev/null >"$work/timing.log" 2>&1
        # The first lines are the warm-up's.
        ms=$(sed -nE 's/.*"ms":\{"data":([0-9.]+),"forward":([0-9.]+),"backward":([0-9.]+),"optimizer":([0-9.]+).*/\1 \2 \3 \4/p' "$work/timing/metrics.jsonl" \
          | tail -n 2 | awk '{ s += $1 + $2 + $3 + $4 } END { print s / NR }')
        echo "\"$name\",$ms" >>"$times"
        echo "turn $turn  $name  $ms ms"
      done < <(variants)
    done
    ;;
  table)
    echo "| variant | validation loss | less than baseline | ms a step, of baseline | at the baseline's time |"
    echo "|---|---|---|---|---|"
    base=$(milliseconds baseline)
    while IFS='|' read -r name _; do
      awk -F, -v name="$name" -v base="$base" -v ms="$(milliseconds "$name")" '
        # The name may hold commas: what is counted from the end holds none.
        { key = $0; sub(/^[a-z]+,"/, "", key); sub(/",[0-9]+,[0-9]+,[0-9.]+$/, "", key); loss = $NF; kind = $1 }
        kind == "train" && key == "baseline" { b += loss; bn++ }
        key == name { n[kind]++; sum[kind] += loss; squares[kind] += loss * loss }
        function said(kind,  mean, variance) {
          if (!n[kind]) return ""
          mean = sum[kind] / n[kind]
          variance = n[kind] > 1 ? (squares[kind] - n[kind] * mean * mean) / (n[kind] - 1) : 0
          return sprintf("%.3f ± %.3f", mean, sqrt(variance > 0 ? variance : 0))
        }
        END {
          if (!n["train"]) exit
          printf "| %s | %s | %s | %s | %s |\n", name, said("train"), name == "baseline" ? "" : sprintf("%.3f", b / bn - sum["train"] / n["train"]),
            base && ms ? sprintf("%.2f", ms / base) : "", said("equal")
        }' "$results"
    done < <(variants)
    ;;
esac
