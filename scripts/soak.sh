#!/usr/bin/env bash
# Kills, signals and damages training runs of the real program for an hour, and asserts that each ends with the bytes of an undisturbed one; beside that,
# the default run on the built-in corpus is killed 50 times. The figures come out as Markdown; docs/reliability.md says what they mean.
#
#   scripts/soak.sh [MINUTES] [KILLS] [SEED]     default: 60 minutes and at least 200 kills, seed 1
#
# The seed decides what is drawn, but not the microsecond at which it strikes. Linux only: it sends signals.
set -euo pipefail
cd "$(dirname "$0")/.."
report=${TORCHLM_SOAK_REPORT:-$PWD/soak-report}
export TORCHLM_SOAK_MINUTES=${1:-60} TORCHLM_SOAK_KILLS=${2:-200} TORCHLM_SOAK_SEED=${3:-1} TORCHLM_SOAK_REPORT=$report
rm -f "$report".*.md
status=0
dotnet test TorchLm.Tests -c Release --filter "FullyQualifiedName~Faults.KillTests|FullyQualifiedName~Faults.BuiltInKillTests" --logger "console;verbosity=normal" || status=$?
for part in faults built-in; do
    [ -f "$report.$part.md" ] || continue
    echo; echo "## $part"; echo
    cat "$report.$part.md"
done
exit $status
