/* SPDX-License-Identifier: MIT */
/* depay_h264: NAL units out of payloads, and the parameter sets that key frames need. */
#include "recorder/film/depay_h264.h"

#include <string.h>

#include "common/util.h"
#include "recorder/film/h264_sps.h"

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_DELIMITER = 9,
    NAL_FILLER = 12,
    NAL_STAP_A = 24,
    NAL_FU_A = 28
};

static const uint8_t start_code[] = {0, 0, 0, 1};

void depay_h264_begin(struct depay_h264 *h)
{
    picture_begin(&h->picture);
    h->has_sps = h->has_pps = h->has_slice = h->in_fragment = h->sets_lost = false;
}

static void keep_set(struct depay_h264 *h, uint8_t type, uint8_t id, const uint8_t *nal, size_t len)
{
    struct depay_h264_set *set = NULL;
    if (len > DEPAY_H264_SET_BYTES)
        return;
    for (size_t i = 0; i < DEPAY_H264_SETS && !set; i++)
        if (!h->sets[i].type || (h->sets[i].type == type && h->sets[i].id == id))
            set = &h->sets[i];
    if (!set) {
        set = &h->sets[h->next_set];
        h->next_set = (uint8_t)((h->next_set + 1) % DEPAY_H264_SETS);
    }
    set->type = type;
    set->id = id;
    set->bytes = (uint16_t)len;
    memcpy(set->data, nal, len);
}

/* A whole NAL unit that stands in the picture at offset at (where its bytes may move: nothing points to them). */
static void look_at(struct depay_h264 *h, const uint8_t *nal, size_t len)
{
    struct h264_sps sps;
    int id;
    switch (nal[0] & 0x1f) {
    case NAL_SPS:
        if (h264_sps_parse(&sps, nal, len) < 0)
            break;
        h->has_sps = true;
        h->width = sps.width;
        h->height = sps.height;
        keep_set(h, NAL_SPS, sps.id, nal, len);
        break;
    case NAL_PPS:
        id = h264_sps_pps_id(nal, len);
        if (id < 0)
            break;
        h->has_pps = true;
        keep_set(h, NAL_PPS, (uint8_t)id, nal, len);
        break;
    }
}

/* The header of a NAL unit and, for a slice, the byte behind it: first_mb_in_slice is 0 when its first bit is 1 (7.3.3,
 * 9.1), and only then is it the picture's first. */
static void look_at_start(struct depay_h264 *h, uint8_t header, const uint8_t *body, size_t len)
{
    uint8_t type = header & 0x1f;
    if (type < NAL_SLICE || type > NAL_IDR)
        return;
    if (!h->has_slice)
        h->picture.begun = len && (body[0] & 0x80);
    h->has_slice = true;
    h->picture.key |= type == NAL_IDR;
}

static void add_nal(struct depay_h264 *h, const uint8_t *nal, size_t len)
{
    uint8_t type = nal[0] & 0x1f;
    if (type == NAL_DELIMITER || type == NAL_FILLER)
        return;
    look_at_start(h, nal[0], nal + 1, len - 1);
    look_at(h, nal, len);
    picture_append(&h->picture, start_code, sizeof(start_code));
    picture_append(&h->picture, nal, len);
}

static void add_stap(struct depay_h264 *h, const uint8_t *p, size_t len)
{
    size_t at = 1, bytes;
    for (; len - at >= 3; at += 2 + bytes) {
        bytes = get_be16(p + at);
        if (!bytes || bytes > len - at - 2)
            break;
        add_nal(h, p + at + 2, bytes);
    }
    h->picture.torn |= at != len;
}

static void add_fragment(struct depay_h264 *h, const uint8_t *p, size_t len)
{
    struct picture *picture = &h->picture;
    uint8_t header = len < 3 ? 0 : (uint8_t)((p[0] & 0xe0) | (p[1] & 0x1f));
    bool start = len >= 3 && (p[1] & 0x80);
    if (!header || start == h->in_fragment) { /* cut off, a start in a fragmented unit, or the start is missing */
        picture->torn = true;
        return;
    }
    if (start) {
        look_at_start(h, header, p + 2, len - 2);
        picture_append(picture, start_code, sizeof(start_code));
        h->fragment = picture->bytes;
        picture_append(picture, &header, 1);
        h->in_fragment = true;
    }
    picture_append(picture, p + 2, len - 2);
    if (!(p[1] & 0x40))
        return;
    h->in_fragment = false;
    if (!picture->torn)
        look_at(h, picture->data + h->fragment, picture->bytes - h->fragment);
}

void depay_h264_add(struct depay_h264 *h, const uint8_t *payload, size_t len, bool lost)
{
    bool first = !h->picture.bytes;
    if (!len)
        return;
    h->picture.torn |= lost && !first;
    switch (payload[0] & 0x1f) {
    case NAL_STAP_A:
        add_stap(h, payload, len);
        break;
    case NAL_FU_A:
        add_fragment(h, payload, len);
        break;
    default:
        h->picture.torn |= h->in_fragment || !(payload[0] & 0x1f) || (payload[0] & 0x1f) > NAL_STAP_A;
        add_nal(h, payload, len);
    }
}

/* In front of what is there, in the order in which they were learnt: last first. */
static bool put_sets(struct depay_h264 *h, uint8_t type)
{
    bool any = false;
    for (size_t i = DEPAY_H264_SETS; i-- > 0;) {
        const struct depay_h264_set *set = &h->sets[i];
        uint8_t *to = set->type == type ? picture_insert(&h->picture, 0, sizeof(start_code) + set->bytes) : NULL;
        if (!to)
            continue;
        memcpy(to, start_code, sizeof(start_code));
        memcpy(to + sizeof(start_code), set->data, set->bytes);
        any = true;
    }
    return any;
}

/* false: there are none of one kind. */
static bool put_all_sets(struct depay_h264 *h)
{
    bool has_pps = put_sets(h, NAL_PPS), has_sps = put_sets(h, NAL_SPS);
    return has_pps && has_sps;
}

bool depay_h264_end(struct depay_h264 *h, bool lost_before)
{
    struct picture *p = &h->picture;
    p->cut |= h->in_fragment;
    p->torn |= h->has_slice && !p->begun;
    if (p->torn || !h->has_slice)
        return false;
    if (!p->key)
        return true;
    h->sets_lost = h->sets_come && lost_before && !h->has_sps;
    if (!h->sets_lost)
        h->sets_come = h->has_sps;
    bool whole = (h->has_sps && h->has_pps) || put_all_sets(h);
    p->key = whole && !h->sets_lost && !p->torn;
    return !p->torn;
}
