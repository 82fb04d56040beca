/* SPDX-License-Identifier: MIT */
/* conf/offline_mixer.json: one table of keys says what each may be. */
#include "recorder/mix/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/util.h"

#define TEXT_BYTES CONFIG_URL_BYTES /* a value as text, with its NUL */

enum type { TYPE_BOOL, TYPE_NUMBER, TYPE_EVEN, TYPE_COLOUR, TYPE_CAPTION, TYPE_LAYOUT, TYPE_URL };

struct key {
    const char *name;
    enum type type;
    size_t offset;
    uint32_t min, max;
    const char *help;
};

struct word {
    const char *text;
    uint32_t value;
};

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
    {"hasVideo", TYPE_BOOL, AT(has_video), 0, 1, "mix pictures"},
    {"hasAudio", TYPE_BOOL, AT(has_audio), 0, 1, "mix sound"},
    {"mixerDisplayStreamName", TYPE_CAPTION, AT(caption), 0, 0,
     "caption of each tile: true (stream name), login, false"},
    {"mixerLayout", TYPE_LAYOUT, AT(layout), 0, 0, "auto (grid; a shared screen large), grid, speaker"},
    {"mixerLayoutClass", TYPE_LAYOUT, AT(layout), 0, 0, "the same, or the name of a grid class of old"},
    {"mixerVideoWidth", TYPE_EVEN, AT(width), 64, 4096, "pixels"},
    {"mixerVideoHeight", TYPE_EVEN, AT(height), 64, 4096, "pixels"},
    {"mixerVideoFps", TYPE_NUMBER, AT(fps), 1, 60, "pictures a second"},
    {"mixerVideoBitrateKbps", TYPE_NUMBER, AT(bitrate_kbps), 0, 100000, "0: by quality"},
    {"mixerThreads", TYPE_NUMBER, AT(threads), 1, 64, "for decoding and encoding"},
    {"mixerBackgroundColour", TYPE_COLOUR, AT(background), 0, 0xffffff, "#RRGGBB"},
    {"mixerTextColour", TYPE_COLOUR, AT(text), 0, 0xffffff, "#RRGGBB"},
    {"mixerTextBackgroundColour", TYPE_COLOUR, AT(text_background), 0, 0xffffff, "#RRGGBB"},
    {"callbackUrl", TYPE_URL, AT(callback_url), 0, 0, "gets a POST when a mix is done; empty: none"},
};

static const struct word bools[] = {{"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}};

static const struct word captions[] = {
    {"true", CONFIG_CAPTION_STREAM}, {"1", CONFIG_CAPTION_STREAM},   {"stream", CONFIG_CAPTION_STREAM},
    {"login", CONFIG_CAPTION_LOGIN}, {"false", CONFIG_CAPTION_NONE}, {"0", CONFIG_CAPTION_NONE},
};

static const struct word layouts[] = {
    {"auto", CONFIG_LAYOUT_AUTO},
    {"screen", CONFIG_LAYOUT_AUTO},
    {"grid", CONFIG_LAYOUT_GRID},
    {"speaker", CONFIG_LAYOUT_SPEAKER},
    {"GridLayout", CONFIG_LAYOUT_AUTO},
    {"CenterGridLayout", CONFIG_LAYOUT_AUTO},
    {"CenterNoPaddingGridLayout", CONFIG_LAYOUT_AUTO},
    {"CropNoPaddingGridLayout", CONFIG_LAYOUT_AUTO},
};

void config_defaults(struct config *c)
{
    *c = (struct config){
        .has_video = true,
        .has_audio = true,
        .caption = CONFIG_CAPTION_STREAM,
        .layout = CONFIG_LAYOUT_AUTO,
        .width = 1280,
        .height = 720,
        .fps = 30,
        .threads = 1,
        .background = 0x101214,
        .text = 0xffffff,
        .text_background = 0x000000,
    };
}

/* Any scalar as text, so that each type has one syntax. */
static bool write_text(const json_t *value, char *text)
{
    if (json_is_string(value))
        return json_string_length(value) < TEXT_BYTES &&
               strlen(json_string_value(value)) == json_string_length(value) && stpcpy(text, json_string_value(value));
    if (json_is_boolean(value))
        return stpcpy(text, json_is_true(value) ? "true" : "false");
    double number = json_number_value(value);
    if (!json_is_number(value) || number != floor(number) || fabs(number) > 1e15)
        return false;
    return snprintf(text, TEXT_BYTES, "%.0f", number) > 0;
}

static bool find_word(const struct word *words, size_t n, const char *text, uint32_t *value)
{
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(words[i].text, text) == 0) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_number(const char *text, int base, uint32_t *value)
{
    char *end;
    if (!isxdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long n = strtoull(text, &end, base);
    *value = (uint32_t)n;
    return !*end && !errno && n <= UINT32_MAX;
}

static bool parse_colour(const char *text, uint32_t *value)
{
    if (text[0] == '#' || strncasecmp(text, "0x", 2) == 0) {
        text += text[0] == '#' ? 1 : 2;
        return strlen(text) == 6 && parse_number(text, 16, value);
    }
    return parse_number(text, 10, value);
}

static bool url_ok(const char *url)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return !*url;
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    return true;
}

static bool parse_value(const struct key *key, const char *text, uint32_t *value)
{
    switch (key->type) {
    case TYPE_BOOL:
        return find_word(bools, ARRAY_SIZE(bools), text, value);
    case TYPE_NUMBER:
        return parse_number(text, 10, value) && *value >= key->min && *value <= key->max;
    case TYPE_EVEN:
        return parse_number(text, 10, value) && *value >= key->min && *value <= key->max && *value % 2 == 0;
    case TYPE_COLOUR:
        return parse_colour(text, value) && *value <= key->max;
    case TYPE_CAPTION:
        return find_word(captions, ARRAY_SIZE(captions), text, value);
    case TYPE_LAYOUT: {
        const char *dot = strrchr(text, '.'); /* of a class: the last name counts */
        return find_word(layouts, ARRAY_SIZE(layouts), dot ? dot + 1 : text, value);
    }
    case TYPE_URL:
        return url_ok(text);
    }
    return false;
}

static const char *describe(const struct key *key, char *buf, size_t size)
{
    static const char *const texts[] = {
        [TYPE_BOOL] = "true or false",           [TYPE_COLOUR] = "a colour, #RRGGBB",
        [TYPE_CAPTION] = "true, login or false", [TYPE_LAYOUT] = "auto, grid, speaker, or the name of a grid class",
        [TYPE_URL] = "an http or https URL",
    };
    bool even = key->type == TYPE_EVEN;
    if (even || key->type == TYPE_NUMBER)
        snprintf(buf, size, "a%s number %" PRIu32 "..%" PRIu32, even ? "n even" : "", key->min, key->max);
    else
        snprintf(buf, size, "%s", texts[key->type]);
    return buf;
}

static void store(struct config *c, const struct key *key, uint32_t value, const char *text)
{
    char *field = (char *)c + key->offset;
    if (key->type == TYPE_BOOL)
        *(bool *)field = value;
    else if (key->type == TYPE_URL)
        stpcpy(field, text);
    else
        *(uint32_t *)field = value;
}

static int set(struct config *c, const char *name, const json_t *json, char *err)
{
    char text[TEXT_BYTES], what[128];
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        uint32_t value = 0;
        if (strcmp(keys[i].name, name) != 0)
            continue;
        if (!write_text(json, text) || !parse_value(&keys[i], text, &value)) {
            snprintf(err, CONFIG_ERR_BYTES, "%s: expected %s", name, describe(&keys[i], what, sizeof(what)));
            return -EINVAL;
        }
        store(c, &keys[i], value, text);
        return 0;
    }
    snprintf(err, CONFIG_ERR_BYTES, "unknown key \"%.100s\"", name);
    return -EINVAL;
}

static int set_all(struct config *c, json_t *root, char *err)
{
    const char *name;
    json_t *value;
    if (!json_is_object(root)) {
        snprintf(err, CONFIG_ERR_BYTES, "expected one JSON object");
        return -EINVAL;
    }
    json_object_foreach (root, name, value) {
        int rc = set(c, name, value, err);
        if (rc)
            return rc;
    }
    if (!c->has_video && !c->has_audio) {
        snprintf(err, CONFIG_ERR_BYTES, "hasVideo, hasAudio: one of them must be true");
        return -EINVAL;
    }
    return 0;
}

int config_parse(struct config *c, const char *text, size_t len, char *err)
{
    json_error_t error;
    config_defaults(c);
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        snprintf(err, CONFIG_ERR_BYTES, "line %d: %s", error.line, error.text);
        return -EINVAL;
    }
    int rc = set_all(c, root, err);
    json_decref(root);
    return rc;
}

int config_load(struct config *c, const char *path, char *err)
{
    static char text[CONFIG_FILE_BYTES];
    FILE *f = fopen(path, "re");
    size_t len = f ? fread(text, 1, sizeof(text), f) : 0;
    int rc = !f || ferror(f) ? -errno : len == sizeof(text) ? -EFBIG : 0;
    if (f)
        fclose(f);
    if (rc) {
        snprintf(err, CONFIG_ERR_BYTES, "%s", strerror(-rc));
        return rc;
    }
    return config_parse(c, text, len, err);
}

void config_describe(FILE *out)
{
    struct config c;
    config_defaults(&c);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *field = (const char *)&c + keys[i].offset;
        char value[32] = "";
        if (keys[i].type == TYPE_BOOL)
            snprintf(value, sizeof(value), " (%s)", *(const bool *)field ? "true" : "false");
        else if (keys[i].type == TYPE_COLOUR)
            snprintf(value, sizeof(value), " (#%06" PRIx32 ")", *(const uint32_t *)field);
        else if (keys[i].type == TYPE_NUMBER || keys[i].type == TYPE_EVEN)
            snprintf(value, sizeof(value), " (%" PRIu32 ")", *(const uint32_t *)field);
        fprintf(out, "  %-26s %s%s\n", keys[i].name, keys[i].help, value);
    }
}
