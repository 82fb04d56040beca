/* SPDX-License-Identifier: MIT */
/* What follows from the news of the recorder: a line in the log, a word to the room (event RECORDED, for a stream's
 * file that is ready or failed while people are there: {"file", "stream", "state", "bytes", "duration_ms"}), a hook. */
#ifndef ROOMLINE_CONTROLPLANE_RECORD_NEWS_H
#define ROOMLINE_CONTROLPLANE_RECORD_NEWS_H

struct hub;
struct rec_state;

void record_news_serve(struct hub *hub, const struct rec_state *state);

#endif
