#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Mixes the recording of a room into FILE-mixed.mp4 beside it, as conf/offline_mixer.json says ($ROOMLINE_MIXER_CONF: as
# another file says), prints one line of JSON about the mix, and POSTs that to callbackUrl if there is one. One mix runs
# at a time, at the lowest priority; others wait for their turn.
#
# Usage: tools/offline_mixer_tool.sh FILE TIME DURATION_MS URI
#        tools/offline_mixer_tool.sh --show-tracks-info FILE     what its tracks hold, as JSON
#
# Exit status: 0, 64: FILE is not there, 65: the configuration is not there or wrong, or another one that is not 0.
set -euo pipefail
root=$(dirname -- "$(dirname -- "$(realpath -- "$0")")")
mixer=$root/${ROOMLINE_BUILD:-build}/recorder/mix/roomline-mixer
[ -x "$mixer" ] || mixer=$(command -v roomline-mixer) || { echo 'roomline-mixer is not built' >&2 && exit 1; }
conf=${ROOMLINE_MIXER_CONF:-$root/conf/offline_mixer.json}

if [ "${1-}" = --show-tracks-info ] && [ $# = 2 ]; then
    exec "$mixer" --show-tracks-info -- "$2"
fi
[ $# = 4 ] || { sed -n '7,8s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
file=$1 uri=$4

url=$("$mixer" --conf "$conf" --show-callback-url)
body=$(mktemp)
trap 'rm -f -- "$body"' EXIT
exec 9<"$mixer"
flock 9 # others that mix with this program wait here

nice -n 19 ionice -c 3 "$mixer" --conf "$conf" --uri "$uri" -- "$file" >"$body" 9<&-
cat -- "$body"
[ -z "$url" ] || curl --silent --show-error --fail --globoff --proto '=http,https' --connect-timeout 10 --max-time 30 \
    --retry 3 --retry-connrefused --output /dev/null --header 'Content-Type: application/json' \
    --data-binary "@$body" --url "$url" || echo "offline_mixer_tool.sh: no answer from callbackUrl" >&2
