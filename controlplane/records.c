/* SPDX-License-Identifier: MIT */
/* records: a table of what is being made, and the last ids that are done. */
#include "controlplane/records.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/util.h"

struct record {
    uint64_t id, waits_for;
    enum rec_state_of of;
    enum rec_state_id state; /* RECORDING or FINISHING */
    char file[REC_FILE_BYTES];
    UT_hash_handle hh;
};

static struct record *find(const struct records *r, uint64_t id)
{
    struct record *found;
    HASH_FIND(hh, r->by_id, &id, sizeof(id), found);
    return found;
}

static struct record *add(struct records *r, enum rec_state_of of, uint64_t id)
{
    struct record *record = calloc(1, sizeof(*record));
    if (!record)
        abort();
    record->id = id;
    record->of = of;
    HASH_ADD(hh, r->by_id, id, sizeof(record->id), record);
    r->n[of][REC_IS_RECORDING]++;
    return record;
}

static void del(struct records *r, struct record *record)
{
    HASH_DEL(r->by_id, record);
    r->n[record->of][record->state]--;
    free(record);
}

static void set_file(struct record *record, const char *file)
{
    assert(strlen(file) < sizeof(record->file));
    strcpy(record->file, file);
}

void records_finish(struct records *r)
{
    while (r->by_id)
        del(r, r->by_id);
}

void records_add(struct records *r, enum rec_state_of of, uint64_t id, const char *file, uint64_t waits_for)
{
    assert(!find(r, id));
    struct record *record = add(r, of, id);
    record->waits_for = waits_for;
    set_file(record, file);
}

void records_rename(struct records *r, uint64_t id, const char *file)
{
    struct record *record = find(r, id);
    if (record)
        set_file(record, file);
}

void records_del(struct records *r, uint64_t id)
{
    struct record *record = find(r, id);
    if (record)
        del(r, record);
}

/* Of an id that is not in the table. */
static bool is_news(const struct records *r, const struct rec_state *state)
{
    if (!state->id || (!*state->file && state->state != REC_IS_FAILED))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(r->done); i++) {
        if (r->done[i].id == state->id && (r->done[i].ready || state->state == REC_IS_FAILED))
            return false;
    }
    return true;
}

static void note_done(struct records *r, struct record *record, bool ready)
{
    uint32_t slot = r->next_done++ % ARRAY_SIZE(r->done);
    r->done[slot].id = record->id;
    r->done[slot].ready = ready;
    if (ready)
        r->n_ready++;
    else
        r->n_failed++;
    del(r, record);
}

bool records_note(struct records *r, const struct rec_state *state)
{
    struct record *record = find(r, state->id);
    enum rec_state_id now = (enum rec_state_id)state->state;
    bool known = record != NULL;
    if (!known && !is_news(r, state))
        return false;
    if (!known)
        record = add(r, (enum rec_state_of)state->of, state->id);
    if (*state->file)
        set_file(record, state->file);
    if (now == REC_IS_READY || now == REC_IS_FAILED) {
        note_done(r, record, now == REC_IS_READY);
        return true;
    }
    bool news = !known || record->state != now;
    r->n[record->of][record->state]--;
    r->n[record->of][now]++;
    record->state = now;
    return news;
}

uint32_t records_count(const struct records *r)
{
    return HASH_COUNT(r->by_id);
}

uint64_t records_waits_for(const struct records *r, uint64_t id)
{
    const struct record *record = find(r, id);
    return record && find(r, record->waits_for) ? record->waits_for : 0;
}

bool records_has_file(const struct records *r, const char *file)
{
    for (const struct record *record = r->by_id; record; record = record->hh.next) {
        if (!strcmp(record->file, file))
            return true;
    }
    return false;
}
