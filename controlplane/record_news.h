/* SPDX-License-Identifier: MIT */
/* What follows from the news of the recorder: a line in the log, a word to the room (event RECORDED, for a stream's
 * file that is ready or failed while people are there: {"file", "stream", "state", "bytes", "duration_ms"}), a hook. */
#ifndef ROOMLINE_CONTROLPLANE_RECORD_NEWS_H
#define ROOMLINE_CONTROLPLANE_RECORD_NEWS_H

#include <sys/queue.h>

struct held_news;
struct hub;
struct rec_state;

struct record_news { /* what is told later: files that are ready, but are made anew when their room ends */
    STAILQ_HEAD(, held_news) held;
};

void record_news_init(struct record_news *news);
void record_news_finish(struct record_news *news);
void record_news_serve(struct hub *hub, const struct rec_state *state);

#endif
