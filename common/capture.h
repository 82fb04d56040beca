/* SPDX-License-Identifier: MIT */
/* A capture file: all that one take sent, as it came. The recorder appends tap records (tap.h) and understands nothing
 * of the media; what makes films of it (recorder/film) reads it once it has ended, with everything known that live one
 * would have to guess. A file that ends anywhere is whole up to its last whole record.
 *
 *   "RLCAPT01"         8 bytes
 *   META               first record; JSON, see below
 *   CLOCK              next, and again every CAPTURE_CLOCK_US and when writing starts again after a restart
 *   RTP, SR, LOST      of the take's streams, in the order in which the recorder read them: not in that of index
 *   END                last; missing in a file that was not closed
 *
 * META  {"take": "<16 hex>", "room_id": "<16 hex>", "room": s, "login": s, "stream": s, "mediaSessionId": s, "file": s,
 *        "own_file": bool, "whole": bool, "step": bool,
 *        "tracks": [{"kind": "audio"|"video", "stream": "<16 hex>", "codec": "opus", "clock": 48000, "channels": 2,
 *                    "pt": 111}]}            codec: SDP encoding name of common/media.h; stream: tap_record.stream
 * END   {"file": s, "why": "ended"|"disk full"|"salvaged"|...}      file: the name that holds, "" for that of META
 *
 * Where: captures lie in CAPTURE_FOLDER of conf record.dir, a folder a room: "<room_id>/room.json" and
 * "<room_id>/<take>.cap". room.json: {"room_id": "<16 hex>", "room": s, "file": s, "whole": bool, "step": bool}. */
#ifndef ROOMLINE_COMMON_CAPTURE_H
#define ROOMLINE_COMMON_CAPTURE_H

#include "common/tap.h"

#define CAPTURE_MAGIC       "RLCAPT01"
#define CAPTURE_MAGIC_BYTES 8
#define CAPTURE_CLOCK_US    (INT64_C(10) * 1000 * 1000)
#define CAPTURE_FOLDER      ".captures"
#define CAPTURE_SUFFIX      ".cap"
#define CAPTURE_TEXT_MAX    32768 /* bytes of META and END */

#endif
