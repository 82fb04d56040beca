/* SPDX-License-Identifier: MIT */
/* What the tracks of a room's recording hold, for programs that mix it themselves: --show-tracks-info. */
#ifndef ROOMLINE_RECORDER_MIX_TRACKS_INFO_H
#define ROOMLINE_RECORDER_MIX_TRACKS_INFO_H

#include <stdio.h>

#define TRACKS_INFO_ERR_BYTES 256

/* Prints a JSON array with an object for each track, all of whose values are strings: durationInMS (of the room's
 * timeline, to the track's end), trackEdits [{startInMs, endInMs, type "media"|"pause"}] that cover it, trackType
 * "AUDIO"|"VIDEO", trackId, timescale, streamName, mediaSessionId, trackCodec, and channels, sampleRate or width,
 * height. 0, or -errno with the reason in err. */
int tracks_info_print(const char *path, FILE *out, char err[TRACKS_INFO_ERR_BYTES]);

#endif
