/* SPDX-License-Identifier: MIT */
/* Payload formats of SDP as codecs. */
#include "controlplane/sdp_codec.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "controlplane/sdp_parse.h"

const struct codec_info *sdp_codec_info(enum codec codec)
{
    static const struct codec_info infos[] = {
#define X(id, name, kind, clock, channels) [CODEC_##id] = {name, kind, clock, channels},
        CODEC_LIST(X)
#undef X
    };
    assert(codec > CODEC_NONE && codec < CODEC_COUNT);
    return &infos[codec];
}

/* RFC 8866 6.6: names are compared without case, one channel is the default. */
static enum codec find_codec(const struct sdp_format *format)
{
    for (enum codec codec = CODEC_NONE + 1; codec < CODEC_COUNT; codec++) {
        const struct codec_info *info = sdp_codec_info(codec);
        unsigned channels = format->channels || info->kind == MEDIA_VIDEO ? format->channels : 1;
        if (strcasecmp(format->name, info->name) == 0 && format->clock_hz == info->clock_hz &&
            channels == info->channels)
            return codec;
    }
    return CODEC_NONE;
}

static bool parse_h264(const struct sdp_format *format, struct h264_format *out)
{
    uint32_t id = H264_PROFILE_LEVEL_ID_DEFAULT, mode = 0;
    if (!sdp_format_number(format, "profile-level-id", 16, 0xffffff, &id) ||
        !sdp_format_number(format, "packetization-mode", 10, 2, &mode))
        return false;
    *out = (struct h264_format){id, (uint8_t)mode};
    return true;
}

static bool parse_av1(const struct sdp_format *format, struct codec_params *out)
{
    uint32_t profile = 0, level_idx = 5, tier = 0; /* the defaults of the AV1 RTP specification, 7.2 */
    if (!sdp_format_number(format, "profile", 10, 2, &profile) ||
        !sdp_format_number(format, "level-idx", 10, 31, &level_idx) || !sdp_format_number(format, "tier", 10, 1, &tier))
        return false;
    out->profile = (uint8_t)profile;
    out->level_idx = (uint8_t)level_idx;
    out->tier = (uint8_t)tier;
    return true;
}

static bool parse_vp9(const struct sdp_format *format, struct codec_params *out)
{
    uint32_t profile = 0;
    bool ok = sdp_format_number(format, "profile-id", 10, 3, &profile);
    out->profile = (uint8_t)profile;
    return ok;
}

/* Every decoder takes both: a value that makes no sense is no reason to refuse. */
static void parse_opus(const struct sdp_format *format, struct codec_params *out)
{
    uint32_t stereo = 0;
    out->stereo = sdp_format_number(format, "stereo", 10, 1, &stereo) && stereo == 1;
}

enum codec sdp_codec_parse(const struct sdp_format *format, struct codec_params *params)
{
    enum codec codec = find_codec(format);
    bool ok = true;
    *params = (struct codec_params){0};
    if (codec == CODEC_H264)
        ok = parse_h264(format, &params->h264);
    else if (codec == CODEC_AV1)
        ok = parse_av1(format, params);
    else if (codec == CODEC_VP9)
        ok = parse_vp9(format, params);
    else if (codec == CODEC_OPUS)
        parse_opus(format, params);
    return ok ? codec : CODEC_NONE;
}

int sdp_codec_rank(enum codec codec, const struct codec_params *params)
{
    if (codec == CODEC_H264)
        return h264_rank(&params->h264);
    if (codec == CODEC_VP9 || codec == CODEC_AV1)
        return params->profile == 0 ? 0 : -1; /* the profile every decoder has */
    return 0;
}

int sdp_codec_match(enum codec codec, const struct codec_params *sent, const struct codec_params *declared)
{
    if (codec == CODEC_H264)
        return h264_match(&sent->h264, &declared->h264);
    if (codec == CODEC_VP9 || codec == CODEC_AV1)
        return sent->profile == declared->profile ? 0 : -1;
    return 0;
}

size_t sdp_codec_write_fmtp(enum codec codec, const struct codec_params *params, char *buf, size_t size)
{
    int len = 0;
    assert(size >= 128);
    buf[0] = '\0';
    if (codec == CODEC_H264)
        len = snprintf(buf, size, "level-asymmetry-allowed=1;packetization-mode=%u;profile-level-id=%06x",
                       params->h264.packetization_mode, params->h264.profile_level_id);
    else if (codec == CODEC_VP9)
        len = snprintf(buf, size, "profile-id=%u", params->profile);
    else if (codec == CODEC_AV1)
        len = snprintf(buf, size, "level-idx=%u;profile=%u;tier=%u", params->level_idx, params->profile, params->tier);
    else if (codec == CODEC_OPUS)
        len = snprintf(buf, size, "minptime=10;useinbandfec=1%s", params->stereo ? ";stereo=1" : "");
    return (size_t)len;
}
