#!/usr/bin/env bash
# Makes artifacts/torchlm-RID: the program with everything that it needs but the .NET SDK.
#   scripts/publish.sh [RID] [TorchBackend]     for example: scripts/publish.sh linux-x64 none
# With TorchBackend=none the folder holds no libtorch (some 90 MB instead of 570); TORCHLM_LIBTORCH names one when the program runs.
set -euo pipefail
cd "$(dirname "$0")/.."
rid=${1:-linux-x64}
backend=${2:-cpu}
out=artifacts/torchlm-$rid-$backend
# A build folder of its own: another backend's libraries would otherwise be taken out of the usual one.
dotnet publish TorchLm.Train -c Release -r "$rid" --self-contained true -p:TorchBackend="$backend" -o "$out" --artifacts-path artifacts/build
du -sh "$out"
