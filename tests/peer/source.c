/* SPDX-License-Identifier: MIT */
/* Pacing, RTP headers, RTX and sender reports of one stream. */
#include "tests/peer/source.h"

#include <errno.h>

#include "common/ntp.h"
#include "common/rtp.h"
#include "tests/peer/loop.h"

static const struct {
    enum media_kind kind;
    uint32_t clock_hz;
} codecs[CODEC_COUNT] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = {kind, clock},
    CODEC_LIST(X)
#undef X
};

void source_pause(struct source *s)
{
    s->due_us = LOOP_NEVER;
    s->left = 0;
}

void source_resume(struct source *s, int64_t now_us)
{
    if (s->due_us == LOOP_NEVER)
        s->due_us = now_us;
}

void source_request_key(struct source *s)
{
    s->want_key = true;
    s->stats.key_requests++;
}

static uint32_t ts_at(const struct source *s, int64_t at_us)
{
    uint64_t elapsed_us = (uint64_t)(at_us - s->start_us);
    return s->conf.first_ts + (uint32_t)(elapsed_us * codecs[s->conf.codec].clock_hz / 1000000);
}

static void begin_frame(struct source *s, int64_t now_us)
{
    s->left = s->conf.frame_packets;
    s->frame++;
    s->key = s->want_key && codecs[s->conf.codec].kind == MEDIA_VIDEO;
    s->want_key = false;
    s->stats.frames++;
    s->stats.keys += s->key;
    if (now_us - s->due_us > 10 * (int64_t)s->conf.interval_us) /* starved: a burst of old frames helps nobody */
        s->due_us = now_us;
}

static size_t add_ext(struct rtp_ext_elem *elem, uint8_t id, const void *data, size_t len)
{
    *elem = (struct rtp_ext_elem){.data = data, .id = id, .len = (uint8_t)len};
    return id && len ? 1 : 0;
}

static int write_exts(struct source *s, uint8_t *out, size_t size, const struct source_slot *slot, int64_t now_us)
{
    struct rtp_ext_elem elems[4];
    uint8_t level = (uint8_t)(slot->seq & 0x7f), send_time[3], transport[2];
    const uint8_t *ids = s->conf.ext;
    const char *mid = s->conf.mid;
    size_t n = 0, mid_bytes = 0;

    put_be24(send_time, ntp_abs_send_time((uint64_t)now_us));
    if (ids[RTP_EXT_TRANSPORT_CC] && s->conf.transport_seq)
        put_be16(transport, (*s->conf.transport_seq)++);
    while (mid && mid[mid_bytes])
        mid_bytes++;
    n += add_ext(elems + n, ids[RTP_EXT_AUDIO_LEVEL], &level, 1);
    n += add_ext(elems + n, ids[RTP_EXT_ABS_SEND_TIME], send_time, sizeof(send_time));
    n += add_ext(elems + n, s->conf.transport_seq ? ids[RTP_EXT_TRANSPORT_CC] : 0, transport, sizeof(transport));
    n += add_ext(elems + n, ids[RTP_EXT_MID], mid, mid_bytes);
    return rtp_ext_write(out, size, elems, n);
}

struct header {
    uint8_t pt;
    uint16_t seq;
    uint32_t ssrc;
};

static int write_packet(struct source *s, uint8_t *out, size_t size, const struct source_slot *slot,
                        const struct header *header, int64_t now_us)
{
    bool rtx = header->ssrc != s->conf.ssrc;
    if (size < RTP_HEADER_BYTES)
        return -ENOSPC;
    int ext = write_exts(s, out + RTP_HEADER_BYTES, size - RTP_HEADER_BYTES, slot, now_us);
    if (ext < 0)
        return ext;
    bool video = codecs[s->conf.codec].kind == MEDIA_VIDEO;
    size_t at = RTP_HEADER_BYTES + (size_t)ext;
    if (size - at < (size_t)s->conf.payload_bytes + 2)
        return -ENOSPC;
    out[0] = (uint8_t)(0x80 | (ext ? 0x10 : 0));
    out[1] = (uint8_t)(header->pt | (video && slot->last ? 0x80 : 0));
    put_be16(out + 2, header->seq);
    put_be32(out + 4, slot->ts);
    put_be32(out + 8, header->ssrc);
    if (rtx) { /* RFC 4588 4: the original sequence number in front of the payload */
        put_be16(out + at, (uint16_t)slot->seq);
        at += 2;
    }
    struct payload payload = {
        .source = s->conf.ssrc,
        .ts = slot->ts,
        .seq = slot->seq,
        .sent_us = slot->sent_us,
        .frame = slot->frame,
        .first = slot->first,
        .last = slot->last,
        .key = slot->key,
    };
    payload_write(out + at, s->conf.payload_bytes, s->conf.codec, &payload);
    return (int)(at + s->conf.payload_bytes);
}

int source_write(struct source *s, uint8_t *out, size_t size, int64_t now_us)
{
    if (!s->left && now_us < s->due_us)
        return 0;
    if (!s->left)
        begin_frame(s, now_us);
    struct source_slot *slot = &s->history[s->seq % SOURCE_HISTORY];
    *slot = (struct source_slot){
        .seq = s->seq,
        .sent_us = now_us,
        .ts = ts_at(s, s->due_us),
        .frame = (uint16_t)s->frame,
        .first = s->left == s->conf.frame_packets,
        .last = s->left == 1,
        .key = s->key,
    };
    struct header header = {s->conf.pt, (uint16_t)s->seq, s->conf.ssrc};
    int n = write_packet(s, out, size, slot, &header, now_us);
    if (n < 0)
        return n;
    s->seq++;
    s->stats.packets++;
    s->stats.bytes += s->conf.payload_bytes;
    if (--s->left == 0)
        s->due_us += s->conf.interval_us;
    return n;
}

int source_write_rtx(struct source *s, uint16_t seq, uint8_t *out, size_t size, int64_t now_us)
{
    s->stats.nacked++;
    uint64_t full = s->seq - (uint16_t)((uint16_t)s->seq - seq);
    const struct source_slot *slot = &s->history[full % SOURCE_HISTORY];
    if (!s->conf.rtx_ssrc || !slot->sent_us || slot->seq != full)
        return 0;
    struct header header = {s->conf.rtx_pt, s->rtx_seq++, s->conf.rtx_ssrc};
    int n = write_packet(s, out, size, slot, &header, now_us);
    if (n > 0)
        s->stats.resent++;
    return n;
}

int source_write_sr(const struct source *s, uint8_t *out, size_t size, int64_t now_us)
{
    if (!s->stats.packets)
        return 0;
    struct rtcp_sr sr = {
        .ntp = ntp_from_unix_us((uint64_t)now_us),
        .ssrc = s->conf.ssrc,
        .rtp_ts = ts_at(s, now_us),
        .packets = (uint32_t)s->stats.packets,
        .bytes = (uint32_t)s->stats.bytes,
    };
    return rtcp_write_sr(out, size, &sr, NULL, 0);
}
