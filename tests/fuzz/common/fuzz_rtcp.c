/* SPDX-License-Identifier: MIT */
/* Any bytes as a compound RTCP packet: every reader on every packet, and what is read survives its writer. */
#include <stdlib.h>
#include <string.h>

#include "common/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static uint32_t sink; /* what is read must be read */

static void reports(const struct rtcp_packet *packet)
{
    struct rtcp_sr sr;
    struct rtcp_report r[RTCP_REPORTS_MAX];
    static uint8_t out[1024];
    uint32_t ssrc = 0;
    size_t n = 0;
    while (n < RTCP_REPORTS_MAX && rtcp_read_report(packet, n, &r[n]))
        n++;
    rtcp_read_sender(packet, &ssrc);
    bool is_sr = rtcp_read_sr(packet, &sr);
    check(n == (is_sr || packet->kind == RTCP_RR ? packet->count : 0));
    int len = is_sr ? rtcp_write_sr(out, sizeof(out), &sr, r, n) : rtcp_write_rr(out, sizeof(out), ssrc, r, n);
    check(len > 0);
    if (is_sr || packet->kind == RTCP_RR)
        check(memcmp(out + 4, packet->body, (size_t)len - 4) == 0);
}

static void sources(const struct rtcp_packet *packet)
{
    struct rtcp_sdes_iter it;
    struct rtcp_sdes sdes;
    uint32_t ssrc;
    for (rtcp_sdes_begin(&it, packet); rtcp_sdes_next(&it, &sdes);)
        for (size_t i = 0; sdes.cname && i < sdes.cname_bytes; i++)
            sink += (uint8_t)sdes.cname[i];
    for (size_t i = 0; rtcp_read_bye(packet, i, &ssrc); i++)
        sink += ssrc;
}

static void feedback(const struct rtcp_packet *packet)
{
    struct rtcp_feedback fb;
    struct rtcp_nack_iter it;
    struct rtcp_fir fir;
    struct rtcp_remb remb;
    uint16_t seq;
    if (!rtcp_read_feedback(packet, &fb))
        return;
    for (rtcp_nack_begin(&it, packet); rtcp_nack_next(&it, &seq);)
        sink += seq;
    for (size_t i = 0; rtcp_read_fir(packet, i, &fir); i++)
        sink += fir.ssrc;
    if (rtcp_read_remb(packet, &remb))
        for (size_t i = 0; i < remb.n_ssrcs; i++)
            sink += rtcp_remb_ssrc(&remb, i);
}

static void transport(const struct rtcp_packet *packet)
{
    static uint64_t arrival_us[TWCC_STATUS_MAX];
    static uint8_t out[1 << 18];
    struct twcc_view view;
    struct twcc_iter it;
    struct twcc_status status;
    size_t n = 0, n_done;
    if (twcc_parse(&view, packet))
        return;
    for (twcc_begin(&it, &view); twcc_next(&it, &status); n++) {
        check(it.delta <= packet->body + packet->body_bytes);
        arrival_us[n] = status.received ? (uint64_t)(status.arrival_us + TWCC_CYCLE_US) : TWCC_MISSING;
    }
    check(n == view.n_status);
    struct twcc_head head = {.sender = view.sender, .media = view.media, .base_seq = view.base_seq};
    int len = twcc_write(out, sizeof(out), &head, arrival_us, n, &n_done);
    if (len < 0)
        return;
    struct rtcp_iter walk;
    struct rtcp_packet again;
    rtcp_begin(&walk, out, (size_t)len);
    check(rtcp_next(&walk, &again) && twcc_parse(&view, &again) == 0 && view.n_status == n_done);
    n = 0;
    for (twcc_begin(&it, &view); twcc_next(&it, &status); n++)
        check(!status.received || (status.arrival_us + TWCC_CYCLE_US - (int64_t)arrival_us[n]) % TWCC_CYCLE_US == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rtcp_iter it;
    struct rtcp_packet packet;
    size_t n = 0;
    for (rtcp_begin(&it, data, size); rtcp_next(&it, &packet); n++) {
        check(packet.body + packet.body_bytes <= data + size);
        reports(&packet);
        sources(&packet);
        feedback(&packet);
        transport(&packet);
    }
    check(rtcp_check(data, size) == (n && !it.malformed));
    return 0;
}
