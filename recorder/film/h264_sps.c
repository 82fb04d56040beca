/* SPDX-License-Identifier: MIT */
/* h264_sps: parameter sets read bit by bit, without emulation prevention bytes. */
#include "recorder/film/h264_sps.h"

#include <errno.h>
#include <stdbool.h>

#include "common/util.h"

#define PPS_ID_MAX      255
#define SPS_ID_MAX      31
#define REF_FRAMES_MAX  255 /* in an order count cycle */
#define PICTURE_MBS_MAX 1024

struct bits {
    const uint8_t *p, *end;
    int zeros; /* bytes of 0 just before p */
    uint8_t left, byte;
    bool bad; /* read beyond the end: whatever came out is 0 */
};

static uint32_t bit(struct bits *b)
{
    if (!b->left) {
        if (b->zeros >= 2 && b->p < b->end && *b->p == 3) { /* emulation prevention (7.4.1) */
            b->p++;
            b->zeros = 0;
        }
        if (b->p >= b->end) {
            b->bad = true;
            return 0;
        }
        b->byte = *b->p++;
        b->zeros = b->byte ? 0 : b->zeros + 1;
        b->left = 8;
    }
    return b->byte >> --b->left & 1;
}

static uint32_t bits(struct bits *b, int n)
{
    uint32_t value = 0;
    while (n--)
        value = value << 1 | bit(b);
    return value;
}

static uint32_t ue(struct bits *b) /* Exp-Golomb (9.1) */
{
    int zeros = 0;
    while (!b->bad && !bit(b))
        if (++zeros > 31)
            b->bad = true;
    return b->bad ? 0 : (uint32_t)((1ull << zeros) - 1 + bits(b, zeros));
}

static int64_t se(struct bits *b)
{
    int64_t code = ue(b);
    return code & 1 ? (code + 1) / 2 : -(code / 2);
}

static void skip_scaling_list(struct bits *b, int n)
{
    int64_t last = 8, next = 8;
    for (int i = 0; i < n && !b->bad; i++) {
        if (next)
            next = (last + se(b)) & 0xff;
        last = next ? next : last;
    }
}

static bool has_chroma_format(uint8_t profile)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
        if (profiles[i] == profile)
            return true;
    return false;
}

/* Returns chroma_format_idc, 0 for planes that are coded apart. */
static uint32_t read_chroma(struct bits *b)
{
    uint32_t chroma = ue(b), planes = chroma == 3 ? bit(b) : 0;
    ue(b); /* depths */
    ue(b);
    bit(b);
    if (bit(b))
        for (int i = 0; i < (chroma == 3 ? 12 : 8); i++)
            if (bit(b))
                skip_scaling_list(b, i < 6 ? 16 : 64);
    return planes ? 0 : chroma;
}

static void skip_order_count(struct bits *b)
{
    uint32_t type = ue(b);
    if (type == 0)
        ue(b);
    if (type != 1)
        return;
    bit(b);
    se(b);
    se(b);
    uint32_t frames = ue(b);
    b->bad |= frames > REF_FRAMES_MAX;
    for (uint32_t i = 0; i < frames && !b->bad; i++)
        se(b);
}

int h264_sps_parse(struct h264_sps *sps, const uint8_t *nal, size_t len)
{
    if (len < 5)
        return -EBADMSG;
    struct bits b = {.p = nal + 4, .end = nal + len};
    uint32_t id = ue(&b), chroma = has_chroma_format(nal[1]) ? read_chroma(&b) : 1;
    ue(&b); /* log2_max_frame_num */
    skip_order_count(&b);
    ue(&b); /* reference frames */
    bit(&b);
    uint32_t width = ue(&b) + 1, height = ue(&b) + 1, frames = bit(&b);
    if (!frames)
        bit(&b);
    bit(&b); /* direct 8x8 inference */
    if (b.bad || id > SPS_ID_MAX || width > PICTURE_MBS_MAX || height > PICTURE_MBS_MAX)
        return -EBADMSG;
    width *= 16;
    height *= 16 * (2 - frames);
    if (bit(&b)) { /* cropping, in units of a chroma sample (7.4.2.1.1) */
        uint32_t unit_x = chroma == 1 || chroma == 2 ? 2 : 1, unit_y = (chroma == 1 ? 2 : 1) * (2 - frames);
        uint64_t left = ue(&b), right = ue(&b), top = ue(&b), bottom = ue(&b);
        if ((left + right) * unit_x >= width || (top + bottom) * unit_y >= height)
            return -EBADMSG;
        width -= (uint32_t)(left + right) * unit_x;
        height -= (uint32_t)(top + bottom) * unit_y;
    }
    *sps = (struct h264_sps){.id = (uint8_t)id, .width = (uint16_t)width, .height = (uint16_t)height};
    return b.bad ? -EBADMSG : 0;
}

int h264_sps_pps_id(const uint8_t *nal, size_t len)
{
    if (len < 2)
        return -EBADMSG;
    struct bits b = {.p = nal + 1, .end = nal + len};
    uint32_t id = ue(&b);
    return b.bad || id > PPS_ID_MAX ? -EBADMSG : (int)id;
}
