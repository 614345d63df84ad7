#!/usr/bin/env bash
# Training and encoding beside Hugging Face's tokenizers (Rust), tiktoken (Rust as WebAssembly), gpt-tokenizer and js-tiktoken (JavaScript), in turns, on
# the text of `torchlm bench data`. Needs Node.js and npm.
#   scripts/tokenizer-peers.sh [MEGABYTES (default 100)] [ROUNDS (default 3)]
set -euo pipefail
cd "$(dirname "$0")/.."
megabytes=${1:-100} rounds=${2:-3}

work=${TMPDIR:-/tmp}/torchlm-peers
mkdir -p "$work"
cp scripts/tokenizer-peers/* "$work"
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --silent)

dotnet build -c Release TorchLm.Train -v quiet
torchlm() { dotnet run -c Release --no-build --project TorchLm.Train -- "$@"; }
peer() { (cd "$work" && node peers.mjs "$@"); }
field() { node -e 'const x = JSON.parse(require("fs").readFileSync(0)); console.log(x[process.argv[1]])' "$1"; }

# The corpus as plain text with a blank line between documents, and a fiftieth part of it for the slow ones.
if [ ! -f "$work/text-$megabytes.txt" ]; then
  torchlm bench data --megabytes "$megabytes" --corpus-only --work "$work"
  node -e '
    const fs = require("fs"), readline = require("readline");
    const [from, to] = process.argv.slice(1), out = fs.createWriteStream(to);
    (async () => { for await (const line of readline.createInterface({ input: fs.createReadStream(from) })) if (!out.write(JSON.parse(line).text + "\n\n")) await new Promise(r => out.once("drain", r)); out.end(); })();
  ' "$work/corpus-$megabytes.jsonl" "$work/text-$megabytes.txt"
fi
text=$work/text-$megabytes.txt part=$work/part.txt
head -c 10000000 "$text" | node -e 'const t = require("fs").readFileSync(0, "utf8"); process.stdout.write(t.slice(0, t.lastIndexOf("\n\n") + 2))' > "$part"

declare -A all
note() { all[$1]+="$2 "; }
for ((round = 1; round <= rounds; round++)); do
  for threads in 1 2; do
    export RAYON_NUM_THREADS=$threads
    start=$(date +%s.%N)
    torchlm tokenizer train "$text" --out "$work/own" --vocab-size 30000 --threads "$threads" --overwrite > "$work/train.log"
    note "train torchlm $threads" "$(grep -oE '[0-9.]+ s,' "$work/train.log" | grep -oE '[0-9.]+')"
    note "train hf $threads" "$(peer hf-train "$text" "" 30000 | field seconds)"
    note "encode30k torchlm $threads" "$(torchlm bench tokenizer "$part" --tokenizer "$work/own" --threads "$threads" --json | field mb_per_s)"
    note "encode30k hf $threads" "$(peer hf-encode "$part" "$work/own/tokenizer.json" | field mb_per_s)"
  done
  note "cl100k torchlm 1" "$(torchlm bench tokenizer "$part" --tokenizer cl100k_base --threads 1 --json | field mb_per_s)"
  for other in tiktoken gpt-tokenizer js-tiktoken; do note "cl100k $other 1" "$(peer $other "$part" | field mb_per_s)"; done
done

median() { tr ' ' '\n' <<< "$1" | grep . | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "what program threads | median | all   (training in seconds for $megabytes MB, encoding in MB/s)"
for key in "${!all[@]}"; do echo "$key | $(median "${all[$key]}") | ${all[$key]}"; done | sort
