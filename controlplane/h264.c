/* SPDX-License-Identifier: MIT */
/* H.264 payload formats: profiles and who can play whose stream. */
#include "controlplane/h264.h"

#include <stddef.h>

#include "common/util.h"

enum h264_profile h264_profile(uint32_t profile_level_id)
{
    static const struct {
        uint8_t idc, iop_mask, iop;
        enum h264_profile profile;
    } table[] = {
        {0x42, 0x4f, 0x40, H264_CONSTRAINED_BASELINE}, /* x1xx0000 */
        {0x4d, 0x8f, 0x80, H264_CONSTRAINED_BASELINE}, /* 1xxx0000 */
        {0x58, 0xcf, 0xc0, H264_CONSTRAINED_BASELINE}, /* 11xx0000 */
        {0x42, 0x4f, 0x00, H264_BASELINE},             /* x0xx0000 */
        {0x58, 0xcf, 0x80, H264_BASELINE},             /* 10xx0000 */
        {0x4d, 0xaf, 0x00, H264_MAIN},                 /* 0x0x0000 */
        {0x64, 0xff, 0x00, H264_HIGH},                 /* 00000000 */
        {0x64, 0xff, 0x0c, H264_CONSTRAINED_HIGH},     /* 00001100 */
        {0xf4, 0xff, 0x00, H264_HIGH_444},             /* 00000000 */
    };
    uint8_t idc = (uint8_t)(profile_level_id >> 16), iop = (uint8_t)(profile_level_id >> 8);
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (idc == table[i].idc && (iop & table[i].iop_mask) == table[i].iop)
            return table[i].profile;
    return H264_UNKNOWN;
}

int h264_rank(const struct h264_format *format)
{
    enum h264_profile profile = h264_profile(format->profile_level_id);
    if (profile == H264_UNKNOWN || format->packetization_mode > 1)
        return -1;
    int rank = format->packetization_mode == 1 ? 0 : 2;
    if (profile != H264_CONSTRAINED_BASELINE)
        rank += profile == H264_BASELINE ? 1 : 4;
    return rank;
}

int h264_match(const struct h264_format *sent, const struct h264_format *declared)
{
    enum h264_profile ours = h264_profile(sent->profile_level_id), theirs = h264_profile(declared->profile_level_id);
    if (sent->packetization_mode != declared->packetization_mode || ours == H264_UNKNOWN || theirs == H264_UNKNOWN)
        return -1;
    if (ours == theirs)
        return 0;
    return ours == H264_CONSTRAINED_BASELINE ? 1 : -1;
}
