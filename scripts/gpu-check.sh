#!/usr/bin/env bash
# How right and how fast TorchLm is on this machine's NVIDIA card, in one command, within eight minutes and without a network.
#   scripts/gpu-check.sh
# Writes gpu-check-CARD-DATE.json into the current folder, and a table to standard output. Exit code: 0 TorchLm's parts are well, 1 one of them is
# not, 2 there is no card or no program. docs/gpu-check.md says which environment variables change what.
set -uo pipefail
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

deadline=$((SECONDS + 465)) # eight minutes, and time to write
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
device=${GPU_CHECK_DEVICE:-cuda}
python=${GPU_CHECK_PYTHON:-python3}
if [[ $device == cpu* ]]; then shapes=${GPU_CHECK_SHAPES:-tiny} seconds=${GPU_CHECK_SECONDS:-3}
else shapes=${GPU_CHECK_SHAPES:-gpt2 gpt2-1024} seconds=${GPU_CHECK_SECONDS:-20}; fi

work=$(mktemp -d) || exit 1
sampler="" running=""
# A child that is stopped before it has become its program still has these traps, and must not clean up for the parent.
trap '[[ $BASHPID == "$$" ]] || exit; [[ -n $sampler$running ]] && kill $sampler $running 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

give_up() {
  echo "gpu-check: $1" >&2
  exit 2
}

# A text as a JSON string. Bytes that are no ASCII are dropped, so that the file is valid whatever a tool prints.
json_string() {
  local text
  text=$(printf '%s' "$1" | tr -d '\000-\010\013\014\016-\037\177-\377')
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  text=${text//$'\r'/}
  printf '"%s"' "$text"
}

# The one JSON object that a file holds, as it is, or null: a program that was stopped leaves none.
json_object() {
  local text
  text=$(cat "$1" 2>/dev/null)
  if [[ $text == "{"*"}" ]]; then printf '%s' "$text"; else printf 'null'; fi
}

# The first value of a key in a JSON file, without quotes; a dash where there is none.
field() {
  local value
  value=$(grep -o -m 1 "\"$1\": *[^,}]*" "$2" 2>/dev/null | head -n 1 | sed 's/^[^:]*: *//; s/"//g; s/ *$//')
  if [[ -z $value || $value == null ]]; then printf -- '-'; else printf '%s' "$value"; fi
}

remaining() { echo $((deadline - SECONDS)); }

names=()
declare -A status took memory

# part NAME LIMIT COMMAND...: runs it for at most LIMIT seconds of what is left. What it prints is kept in $work/NAME.out and .err.
part() {
  local name=$1 limit=$2 begun=$SECONDS left
  shift 2
  names+=("$name")
  left=$(remaining)
  if ((left < 5)); then
    status[$name]="no time left" took[$name]=0
    return 1
  fi
  ((limit > left)) && limit=$left
  echo "gpu-check: $name (at most $limit s)" >&2
  if [[ $device != cpu* ]]; then
    nvidia-smi --id="$index" --query-gpu=memory.used --format=csv,noheader,nounits --loop-ms=500 >"$work/$name.memory" 2>/dev/null &
    sampler=$!
  fi
  timeout --kill-after=5 "$limit" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
  running=$!
  wait "$running" # waited for, and not run in front, so that Ctrl-C is heard
  local code=$?
  running=""
  took[$name]=$((SECONDS - begun))
  if [[ -n $sampler ]]; then
    kill "$sampler" 2>/dev/null
    wait "$sampler" 2>/dev/null
    sampler=""
    memory[$name]=$(grep -E '^[0-9]+$' "$work/$name.memory" | sort -n | tail -n 1)
  fi
  case $code in
    0) status[$name]=ok ;;
    124 | 137) status[$name]="stopped after $limit s" ;;
    *) status[$name]="failed with code $code" ;;
  esac
  return "$code"
}

# --- the card ---------------------------------------------------------------------------------------------------------------------------------
card=cpu
if [[ $device != cpu* ]]; then
  [[ $device == cuda || $device =~ ^cuda:[0-9]+$ ]] || give_up "GPU_CHECK_DEVICE is '$device', but it must be cuda, cuda:N or cpu."
  index=0
  [[ $device == cuda:* ]] && index=${device#cuda:}
  card=$(timeout 20 nvidia-smi --id="$index" --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1)
  [[ -n $card && $card != No\ devices* ]] || give_up "no NVIDIA card $index was found (nvidia-smi is not there or lists none): run this on a machine with one, or set GPU_CHECK_DEVICE=cpu to try the script."
fi

# --- the program ------------------------------------------------------------------------------------------------------------------------------
libtorch_of_python() {
  timeout 60 "$python" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2>/dev/null
}
program=${TORCHLM:-}
if [[ -z $program ]]; then
  # The newest published one; a CUDA build is used on a card, and one without libtorch takes PyTorch's.
  for candidate in "$root"/artifacts/torchlm-*/torchlm; do
    [[ -x $candidate && ($device == cpu* || $candidate != *-cpu/torchlm) ]] || continue
    [[ -z $program || $candidate -nt $program ]] && program=$candidate
  done
fi
if [[ -z $program ]]; then
  dotnet=$(command -v dotnet) || give_up "no torchlm was found: set TORCHLM to the program, or make one with scripts/publish.sh linux-x64 cuda."
  DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$dotnet")")}
  export DOTNET_ROOT
  backend=${TorchBackend:-}
  if [[ -z $backend ]]; then
    if [[ $device == cpu* ]]; then backend=cpu
    elif [[ -n ${TORCHLM_LIBTORCH:-} || -n $(libtorch_of_python) ]]; then backend=none
    else backend=cuda; fi
  fi
  # A build folder of its own: another backend's libraries would otherwise be taken out of the usual one.
  part build 300 dotnet build "$root/TorchLm.Train" -c Release -m:1 -p:TorchBackend="$backend" --artifacts-path "$root/artifacts/build-$backend" ||
    give_up "torchlm could not be built (${status[build]}): $(grep -m 1 -h error "$work/build.out" "$work/build.err")"
  program=$(find "$root/artifacts/build-$backend/bin/TorchLm.Train" -maxdepth 2 -name torchlm -type f | head -n 1)
fi
[[ -x $program ]] || give_up "TORCHLM is '$program', but that is no program."
if [[ -z ${TORCHLM_LIBTORCH:-} && -z $(find "$(dirname "$program")" -name libtorch_cpu.so -print -quit) ]]; then
  TORCHLM_LIBTORCH=$(libtorch_of_python)
  [[ -n $TORCHLM_LIBTORCH ]] || give_up "'$program' carries no libtorch, and $python has no PyTorch: set TORCHLM_LIBTORCH to a folder with libtorch 2.10."
  export TORCHLM_LIBTORCH
fi

# --- the parts --------------------------------------------------------------------------------------------------------------------------------
if [[ $device != cpu* ]]; then
  part nvidia-smi 20 nvidia-smi --id="$index" --format=csv \
    --query-gpu=name,driver_version,memory.total,compute_cap,power.limit,clocks.max.sm,clocks.max.memory,pcie.link.gen.max,pcie.link.width.max
fi
part doctor 60 "$program" doctor
part check 120 "$program" check --device "$device" --json
part check-auto 120 "$program" check --device "$device" --precision auto --json
known=$(timeout 60 "$program" bench --help 2>/dev/null)
for shape in $shapes; do
  # An older program does not know every shape.
  grep -qE "(^|[ |<])$shape([ |>,;.]|\$)" <<<"$known" || continue
  part "bench-$shape" 100 "$program" bench --device "$device" --config "$shape" --precision auto --no-baseline --seconds "$seconds" --json
done

peer_version=$(timeout 60 "$python" -c "import torch; print(torch.__version__ if '$device' == 'cpu' or torch.cuda.is_available() else '')" 2>/dev/null)
if [[ -n $peer_version ]]; then
  for shape in $shapes; do
    peer_options=(--device "$device" --seconds "$seconds")
    case $(field precision "$work/bench-$shape.out") in # the peer computes in what the bench took
      fp32) ;;
      tf32) peer_options+=(--tf32) ;;
      *) [[ $device != cpu* ]] && peer_options+=(--bf16) ;;
    esac
    part "pytorch-$shape" 60 "$python" "$here/pytorch-peer.py" --config "$shape" "${peer_options[@]}"
    part "pytorch-$shape-compiled" 120 "$python" "$here/pytorch-peer.py" --config "$shape" "${peer_options[@]}" --compile
  done
fi

# --- the report -------------------------------------------------------------------------------------------------------------------------------
slug=$(printf '%s' "$card" | tr -cs 'A-Za-z0-9' '-')
file="gpu-check-${slug%-}-$(date -u +%Y%m%d-%H%M%S).json"
{
  printf '{\n  "format": 1,\n  "card": %s,\n  "device": %s,\n  "date": "%s",\n' "$(json_string "$card")" "$(json_string "$device")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  printf '  "system": %s,\n  "processor": %s,\n' "$(json_string "$(uname -srm)")" "$(json_string "$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)")"
  printf '  "torchlm": %s,\n  "libtorch": %s,\n' "$(json_string "$(sed -n 's/^torchlm  *//p' "$work/doctor.out")")" "$(json_string "$(sed -n 's/^libtorch  *//p' "$work/doctor.out")")"
  printf '  "pytorch": %s,\n  "bash": %s,\n  "seconds": %d,\n  "parts": [' "$([[ -n $peer_version ]] && json_string "$peer_version" || printf null)" "$(json_string "$BASH_VERSION")" "$SECONDS"
  separator=""
  for name in "${names[@]}"; do
    result=$(json_object "$work/$name.out")
    output=null
    # What is not JSON is kept as text, and of what went wrong the last lines.
    [[ $result == null ]] && output=$(json_string "$(head -c 20000 "$work/$name.out" 2>/dev/null)")
    errors=null
    [[ -s $work/$name.err ]] && errors=$(json_string "$(tail -n 20 "$work/$name.err" | tail -c 4000)")
    printf '%s\n    {\n      "name": %s,\n      "status": %s,\n      "seconds": %d,\n      "device_memory_peak_mb": %s,\n' "$separator" "$(json_string "$name")" \
      "$(json_string "${status[$name]}")" "${took[$name]}" "${memory[$name]:-null}"
    printf '      "result": %s,\n      "output": %s,\n      "errors": %s\n    }' "$result" "$output" "$errors"
    separator=,
  done
  printf '\n  ]\n}\n'
} >"$file"

echo "$card, torchlm $(sed -n 's/^torchlm  *//p' "$work/doctor.out"), libtorch $(sed -n 's/^libtorch  *//p' "$work/doctor.out"), PyTorch ${peer_version:-none}"
echo
printf '%-28s %-10s %10s %12s %8s %10s %8s  %s\n' part precision ms/step tokens/s "of peak" "card MB" seconds status
failed=0
for name in "${names[@]}"; do
  out=$work/$name.out
  [[ ${status[$name]} == ok || $name == pytorch-* ]] || failed=1
  share=$(field share_of_peak "$out")
  [[ $share != - ]] && share=$(awk -v s="$share" 'BEGIN { printf "%.1f %%", 100 * s }')
  printf '%-28s %-10s %10s %12s %8s %10s %8s  %s\n' "$name" "$(field precision "$out")" "$(field ms_per_step "$out")" "$(field tokens_per_second "$out")" "$share" \
    "${memory[$name]:--}" "${took[$name]}" "${status[$name]}"
done
echo
if [[ $(json_object "$work/check.out") != null ]]; then
  cases='^     *"passed": ' # indented: one a case
  echo "check: $(grep -c "$cases"true "$work/check.out") cases passed, $(grep -c "$cases"false "$work/check.out") failed"
  grep -B 1 "$cases"false "$work/check.out" | sed -n 's/^ *"name": "\(.*\)",$/  failed: \1/p'
  sed -n '/"name": "attention kernel"/,/}/s/^ *"detail": "\(.*\)"$/  attention: \1/p' "$work/check.out"
fi
echo "All of it is in $file"
exit "$failed"
