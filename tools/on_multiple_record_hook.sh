#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Run when the recording of a whole room is ready: mixes it into one picture. What happens is written to
# logs/multi-record.log beside the folder of the recordings, or in $ROOMLINE_LOGS.
#
# Usage: tools/on_multiple_record_hook.sh FILE TIME DURATION_MS URI
set -euo pipefail
[ $# = 4 ] || { sed -n '3,6s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
tools=$(dirname -- "$(realpath -- "$0")")
logs=${ROOMLINE_LOGS:-$(dirname -- "$(dirname -- "$(realpath -m -- "$1")")")/logs}
mkdir -p -- "$logs"
exec </dev/null >>"$logs/multi-record.log" 2>&1

say() { echo "$(date --iso-8601=seconds) $(printf '%q' "$1") $2"; }
say "$1" "mixing: recorded $(printf '%q' "$2"), $(printf '%q' "$3") ms, $(printf '%q' "$4")"
status=0
"$tools/offline_mixer_tool.sh" "$@" || status=$?
case $status in
0) say "$1" 'mixed' ;;
64) say "$1" 'failed: the file is not there' ;;
65) say "$1" 'failed: the configuration is not there or wrong' ;;
*) say "$1" "failed: status $status" ;;
esac
exit $status
