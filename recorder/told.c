/* SPDX-License-Identifier: MIT */
/* told: a small file with a word in it. */
#include "recorder/told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/folder.h"

#define SUFFIX     ".told"
#define NAME_BYTES (FOLDER_HEX_BYTES + sizeof(SUFFIX))

static const char *const words[] = {[TOLD_NOTHING] = "", [TOLD_READY] = "ready\n", [TOLD_FAILED] = "failed\n"};

struct mark {
    struct hand_job job; /* first */
    const char *records;
    uint64_t room, take;
    enum told told;
};

static void make_name(char name[NAME_BYTES], uint64_t take)
{
    char hex[FOLDER_HEX_BYTES];
    folder_hex(hex, take);
    snprintf(name, NAME_BYTES, "%s" SUFFIX, hex);
}

static void work(struct hand_job *job)
{
    const struct mark *m = (const struct mark *)job;
    char name[NAME_BYTES];
    make_name(name, m->take);
    int room = folder_room(m->records, m->room);
    if (room < 0)
        return;
    folder_write(room, name, words[m->told], strlen(words[m->told])); /* without it all is made and told once more */
    close(room);
}

static void done(struct hand_job *job)
{
    free(job);
}

void told_write(struct hand *hand, const char *records, uint64_t room, uint64_t take, enum told told)
{
    struct mark *m = malloc(sizeof(*m));
    if (!m)
        abort();
    *m = (struct mark){
        .job = {.work = work, .done = done}, .records = records, .room = room, .take = take, .told = told};
    hand_give(hand, &m->job);
}

enum told told_read(int room, uint64_t take)
{
    char name[NAME_BYTES], text[16];
    make_name(name, take);
    if (folder_read(room, name, text, sizeof(text)) < 0)
        return TOLD_NOTHING;
    return !strcmp(text, words[TOLD_FAILED]) ? TOLD_FAILED : TOLD_READY;
}
