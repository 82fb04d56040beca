/* SPDX-License-Identifier: MIT */
/* depay_vp8: payload descriptors and frame headers. */
#include "recorder/film/depay_vp8.h"

#include <errno.h>
#include <string.h>

#define TAG_BYTES 3  /* frame tag: inverse key flag, version, show, size of the first partition */
#define KEY_BYTES 10 /* tag, start code, width, height */

int depay_vp8_head(struct depay_vp8_head *head, const uint8_t *p, size_t len)
{
    *head = (struct depay_vp8_head){.picture_id = -1};
    if (len < 1)
        return -EBADMSG;
    size_t at = 1;
    head->start = (p[0] & 0x10) && !(p[0] & 0x07);
    if (p[0] & 0x80) {
        if (len < 3)
            return -EBADMSG;
        uint8_t x = p[at++];
        if ((x & 0x80) && (p[at] & 0x80)) {
            if (len < at + 2)
                return -EBADMSG;
            head->picture_id = (p[at] & 0x7f) << 8 | p[at + 1];
            head->id_mask = 0x7fff;
            at += 2;
        } else if (x & 0x80) {
            head->picture_id = p[at++];
            head->id_mask = 0x7f;
        }
        at += x & 0x40 ? 1 : 0; /* TL0PICIDX */
        at += x & 0x30 ? 1 : 0; /* TID, Y, KEYIDX */
    }
    head->bytes = at;
    return at < len ? 0 : -EBADMSG;
}

void depay_vp8_begin(struct depay_vp8 *v)
{
    if (v->picture.begun)
        v->last_id = v->picture_id;
    else
        v->last_id = -1;
    v->picture_id = -1;
    picture_begin(&v->picture);
}

void depay_vp8_add(struct depay_vp8 *v, const uint8_t *payload, size_t len, bool lost)
{
    struct depay_vp8_head head;
    struct picture *p = &v->picture;
    if (depay_vp8_head(&head, payload, len) < 0) {
        p->torn = true;
        return;
    }
    if (head.start) {
        p->torn |= p->begun;
        p->begun = true;
        v->picture_id = head.picture_id;
        v->id_mask = head.id_mask;
    } else {
        p->torn |= lost || !p->begun || head.picture_id != v->picture_id;
    }
    picture_append(p, payload + head.bytes, len - head.bytes);
}

bool depay_vp8_end(struct depay_vp8 *v)
{
    struct picture *p = &v->picture;
    const uint8_t *d = p->data;
    if (!p->begun || p->torn || p->bytes < TAG_BYTES)
        return false;
    p->key = !(d[0] & 1);
    size_t first = (size_t)(d[0] | d[1] << 8 | d[2] << 16) >> 5, at = p->key ? KEY_BYTES : TAG_BYTES;
    if (p->bytes < at || first > p->bytes - at)
        return false;
    if (!p->key)
        return true;
    if (memcmp(d + TAG_BYTES, "\x9d\x01\x2a", 3) != 0)
        return false;
    v->width = (uint16_t)((d[6] | d[7] << 8) & 0x3fff);
    v->height = (uint16_t)((d[8] | d[9] << 8) & 0x3fff);
    return v->width && v->height;
}

bool depay_vp8_follows(const struct depay_vp8 *v)
{
    return v->picture.begun && v->picture_id >= 0 && v->last_id >= 0 &&
           v->picture_id == ((v->last_id + 1) & v->id_mask);
}
