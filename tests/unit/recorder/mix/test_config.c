/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "common/util.h"
#include "recorder/mix/config.h"

static const char *shipped_path;

static int parse(struct config *c, const char *text, char *err)
{
    err[0] = '\0';
    return config_parse(c, text, strlen(text), err);
}

static void shipped_file_is_the_defaults(void **state)
{
    struct config shipped, defaults;
    char err[CONFIG_ERR_BYTES] = "";
    config_defaults(&defaults);
    assert_int_equal(config_load(&shipped, shipped_path, err), 0);
    assert_memory_equal(&shipped, &defaults, sizeof(shipped));
}

static void missing_file_has_its_errno(void **state)
{
    struct config c;
    char err[CONFIG_ERR_BYTES] = "";
    assert_int_equal(config_load(&c, "/nowhere/offline_mixer.json", err), -ENOENT);
    assert_string_equal(err, "No such file or directory");
}

static void values_come_as_text_number_or_boolean(void **state)
{
    static const char *const texts[] = {
        "{\"hasVideo\":\"false\",\"mixerVideoWidth\":\"640\",\"mixerTextColour\":\"#ff8000\"}",
        "{\"hasVideo\":false,\"mixerVideoWidth\":640,\"mixerTextColour\":\"0xFF8000\"}",
        "{\"hasVideo\":0,\"mixerVideoWidth\":640.0,\"mixerTextColour\":16744448}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct config c;
        char err[CONFIG_ERR_BYTES];
        assert_int_equal(parse(&c, texts[i], err), 0);
        assert_false(c.has_video);
        assert_int_equal(c.width, 640);
        assert_int_equal(c.text, 0xff8000);
    }
}

static void words_choose_layout_and_caption(void **state)
{
    static const struct {
        const char *text;
        enum config_layout layout;
        enum config_caption caption;
    } cases[] = {
        {"{\"mixerLayout\":\"speaker\"}", CONFIG_LAYOUT_SPEAKER, CONFIG_CAPTION_STREAM},
        {"{\"mixerLayout\":\"Grid\",\"mixerDisplayStreamName\":\"login\"}", CONFIG_LAYOUT_GRID, CONFIG_CAPTION_LOGIN},
        {"{\"mixerLayoutClass\":\"com.flashphoner.media.mixer.video.presentation.CenterNoPaddingGridLayout\","
         "\"mixerDisplayStreamName\":\"false\"}",
         CONFIG_LAYOUT_AUTO, CONFIG_CAPTION_NONE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct config c;
        char err[CONFIG_ERR_BYTES];
        assert_int_equal(parse(&c, cases[i].text, err), 0);
        assert_int_equal(c.layout, cases[i].layout);
        assert_int_equal(c.caption, cases[i].caption);
    }
}

static void errors_name_the_key(void **state)
{
    static const struct {
        const char *text, *err;
    } cases[] = {
        {"{\"mixerVideoWidht\":640}", "unknown key \"mixerVideoWidht\""},
        {"{\"mixerVideoWidth\":641}", "mixerVideoWidth: expected an even number 64..4096"},
        {"{\"mixerVideoFps\":\"fast\"}", "mixerVideoFps: expected a number 1..60"},
        {"{\"mixerVideoFps\":-1}", "mixerVideoFps: expected a number 1..60"},
        {"{\"mixerVideoFps\":29.97}", "mixerVideoFps: expected a number 1..60"},
        {"{\"mixerVideoFps\":1e300}", "mixerVideoFps: expected a number 1..60"},
        {"{\"hasAudio\":\"yes, please\"}", "hasAudio: expected true or false"},
        {"{\"hasAudio\":null}", "hasAudio: expected true or false"},
        {"{\"hasAudio\":{}}", "hasAudio: expected true or false"},
        {"{\"mixerTextColour\":\"red\"}", "mixerTextColour: expected a colour, #RRGGBB"},
        {"{\"mixerTextColour\":\"#fff\"}", "mixerTextColour: expected a colour, #RRGGBB"},
        {"{\"mixerLayout\":\"round\"}", "mixerLayout: expected auto, grid, speaker, or the name of a grid class"},
        {"{\"callbackUrl\":\"file:///etc/passwd\"}", "callbackUrl: expected an http or https URL"},
        {"{\"callbackUrl\":\"http://x/ -o /etc/passwd\"}", "callbackUrl: expected an http or https URL"},
        {"{\"hasAudio\":false,\"hasVideo\":false}", "hasVideo, hasAudio: one of them must be true"},
        {"[]", "expected one JSON object"},
        {"{", "line 1: string or '}' expected near end of file"},
        {"{\"hasAudio\":true,\"hasAudio\":true}", "line 1: duplicate object key near '\"hasAudio\"'"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct config c;
        char err[CONFIG_ERR_BYTES];
        assert_int_equal(parse(&c, cases[i].text, err), -EINVAL);
        assert_string_equal(err, cases[i].err);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_file_is_the_defaults),
        cmocka_unit_test(missing_file_has_its_errno),
        cmocka_unit_test(values_come_as_text_number_or_boolean),
        cmocka_unit_test(words_choose_layout_and_caption),
        cmocka_unit_test(errors_name_the_key),
    };
    shipped_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
