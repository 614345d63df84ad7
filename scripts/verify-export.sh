#!/usr/bin/env bash
# Checks the exports with programs that nobody here wrote: transformers.js on ONNX Runtime, llama.cpp, Hugging Face's tokenizers and reader of GGUF. They come
# from npm. Small models of several kinds are trained, exported in every format, and must give the same ids and the same text there as here.
#
#   scripts/verify-export.sh        five minutes on two idle cores; 1.2 GB in artifacts/verify-export, half of it packages
set -Eeuo pipefail
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null || ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null; then
  echo "skipped: the programs that exports are checked with need npm and Node.js 20 or newer"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi

# What ends the script early is a failure with a count, too.
trap 'echo "FAILED  scripts/verify-export.sh, line $LINENO (exit code $?)"; echo "0 passed, 1 failed, 0 skipped"; exit 1' ERR

work=artifacts/verify-export
platform=$(node -p 'process.platform + "-" + process.arch')
binaries=$(node -p "(require('./scripts/verify-export/package.json').platforms['$platform'] ?? []).join(' ')")
if [ -z "$binaries" ]; then
  echo "skipped: llama.cpp is not to be had ready-made for $platform"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
mkdir -p "$work"
cp scripts/verify-export/{.npmrc,package.json,*.mjs} "$work"
# No scripts, because the packages bring their binaries with them; and of what is optional only this platform's: the rest is for CUDA and Vulkan, 0.6 GB.
cd "$work"
# shellcheck disable=SC2086
npm install --no-save $binaries
cd - >/dev/null

dotnet build -c Release TorchLm.Train -v quiet -nologo
program=$(dotnet msbuild TorchLm.Train -p:Configuration=Release -getProperty:TargetPath)
dotnet build -c Release samples/OnnxGeneration -v quiet -nologo
sample=$(dotnet msbuild samples/OnnxGeneration -p:Configuration=Release -getProperty:TargetPath)
torchlm() { dotnet "$program" "$@"; }

# prepare NAME bpe|char PROMPT PROMPT: exports the run in cases/NAME/run, and writes down what other programs are to give. The case own is an architecture that
# only ONNX can express.
cases=()
prepare() {
  local name=$1 kind=$2 folder=$work/cases/$1 format dtype i=0
  shift 2
  torchlm export --model "$folder/run" --format onnx --out "$folder/onnx" >/dev/null
  torchlm export --model "$folder/run" --format onnx --dtype fp16 --out "$folder/onnx-fp16" >/dev/null
  if [ "$name" != own ]; then
    torchlm export --model "$folder/run" --format hf --out "$folder/hf" >/dev/null
    for dtype in fp32 fp16 bf16 q8_0 q4_0; do torchlm export --model "$folder/run" --format gguf --dtype $dtype --out "$folder/$dtype.gguf" >/dev/null 2>"$folder/$dtype.log" || { cat "$folder/$dtype.log"; false; }; done
  fi
  node "$work/texts.mjs" scripts/verify-export/strings.json "$folder/run/tokenizer.json" "$folder" "$kind" "$@"
  for texts in texts special; do torchlm tokenizer encode --tokenizer "$folder/run" --json-lines <"$folder/$texts.jsonl" >"$folder/$texts.ids.jsonl"; done
  for prompt in "$@"; do
    torchlm sample --model "$folder/run" --temperature 0 --max-tokens 100 --prompt "$prompt" >"$folder/written-$i.txt"
    i=$((i + 1))
  done
  # The sample splits text as GPT-2 does.
  [ ! -f "$folder/onnx/vocab.json" ] || dotnet "$sample" "$folder/onnx" "$1" 100 >"$folder/sample.txt"
  cases+=("$folder")
}

train() { torchlm train --out "$work/cases/$1/run" "${@:2}" >"$work/cases/$1.log" 2>&1 || { cat "$work/cases/$1.log"; false; }; }

rm -rf "$work/cases"
mkdir -p "$work/cases"
text=$work/cases/characters.txt
for i in $(seq 300); do echo "Grüße Nr. $((i % 5)): der Fuchs 🦊 sagt 日本 zum Baum 🌳, \"naïve Äpfel\"! Don't trust crow $((i % 3))."; done >"$text"
fables=(--preset fables --precision fp32 --set training.evalBatches=1)

train bpe "${fables[@]}" --set training.steps=200
prepare bpe bpe "The fox" "Once upon a time there was a crow who"
train biased "${fables[@]}" --set training.steps=100 --set model.bias=true --set model.embeddingSize=96 --set model.headCount=3
prepare biased bpe "The fox" "Once"
# Two query heads to each head of keys, and an output head of its own.
train llama "${fables[@]}" --set training.steps=60 --set model.family=llama --set model.keyValueHeadCount=2 --set model.tiedHead=false
prepare llama bpe "The fox" "Once"
train own "${fables[@]}" --set training.steps=40 --set model.positions=rope --set model.norm=rmsnorm --set model.mlp=relu2 --set model.qkNorm=true \
  --set model.keyValueHeadCount=2 --set model.slidingWindow=32 --set model.fullAttentionInterval=2 --set model.embeddingShortcuts=true \
  --set model.valueEmbeddings=true --set model.logitSoftCap=15 --set model.convolutionWidth=3
prepare own bpe "The fox" "Once"
train char --preset gpt2-tiny --precision fp32 --data "$text" --set training.steps=400 --set model.contextLength=128 --set training.evalBatches=1
prepare char char "Grüße" "der Fuchs"
for encoding in cl100k_base o200k_base; do
  train $encoding --preset gpt2-tiny --precision fp32 --data "$text" --set data.tokenizer=$encoding --set training.steps=250 --set model.contextLength=128 \
    --set training.batchSize=1 --set training.evalBatches=1 --set training.evalInterval=250
  prepare $encoding bpe "Grüße" "der Fuchs"
done

cd "$work"
exec node verify.mjs "${cases[@]#"$work"/}"
