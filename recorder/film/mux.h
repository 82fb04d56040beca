/* SPDX-License-Identifier: MIT */
/* A file of a film: NAME.part in the records folder, which plays while it grows, and NAME with its index at the front
 * once all is in it. The container is that of the name's suffix: .mp4, .webm or .mkv.
 *
 * mp4: the .part is fragmented, a fragment a second. It is then read once more and written with its index in front,
 * which is the one way to have both: the sizes of the index and of the fragments' heads are not known before the end.
 * webm, mkv: clusters of a second need no index to be played; room for it is kept at the front and filled at the end.
 */
#ifndef ROOMLINE_RECORDER_FILM_MUX_H
#define ROOMLINE_RECORDER_FILM_MUX_H

#include <stddef.h>

#include "recorder/film/feed.h"

#define MUX_PART   ".part"
#define MUX_SECOND INT64_C(1000000)

struct mux;

/* Can the container of this name hold the codec? */
bool mux_takes(const char *name, enum AVCodecID codec);

/* Opens dir/name.part for the tracks of n feeds, which must live as long. length_us: of the
 * film. tags: of the whole file, or NULL. 0 or a negative AVERROR; *m is to be destroyed in every case. */
int mux_open(struct mux **m, const char *dir, const char *name, struct feed *const *feeds, unsigned n,
             int64_t length_us, const AVDictionary *tags);

/* A packet of feed i, in its time base; packets of all feeds come in the order of their dts. Empties pkt. */
int mux_write(struct mux *m, unsigned i, AVPacket *pkt);

/* Index to the front, to disk, under its name, the folder to disk. *bytes: of the file. */
int mux_finish(struct mux *m, uint64_t *bytes);

void mux_destroy(struct mux *m); /* removes what did not get its name */

#endif
