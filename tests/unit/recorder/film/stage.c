/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "tests/unit/recorder/film/stage.h"

#define HEAD_BYTES 262144 /* of a film, that hold its index */

char stage_folder[64];

int stage_setup(void **state)
{
    av_log_set_level(AV_LOG_QUIET);
    strcpy(stage_folder, "/tmp/roomline-films-XXXXXX");
    return mkdtemp(stage_folder) ? 0 : -1;
}

int stage_teardown(void **state)
{
    DIR *dir = opendir(stage_folder);
    const struct dirent *entry;
    while ((entry = readdir(dir)))
        unlink(stage_path(entry->d_name));
    closedir(dir);
    return rmdir(stage_folder);
}

const char *stage_path(const char *file)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", stage_folder, file);
    return path;
}

bool stage_has(const char *file)
{
    return access(stage_path(file), F_OK) == 0;
}

unsigned stage_count(void)
{
    DIR *dir = opendir(stage_folder);
    const struct dirent *entry;
    unsigned n = 0;
    while ((entry = readdir(dir)))
        n += *entry->d_name != '.';
    closedir(dir);
    return n;
}

void stage_watch(struct watch *w, const char *file, unsigned video, unsigned audio)
{
    assert_int_equal(watch_film(w, stage_path(file), video, audio), 0);
    assert_int_equal(w->errors, 0);
}

json_t *stage_json(const char *file)
{
    json_t *o = json_load_file(stage_path(file), 0, NULL);
    assert_non_null(o);
    return o;
}

bool stage_index_first(const char *file)
{
    static uint8_t head[HEAD_BYTES];
    FILE *f = fopen(stage_path(file), "r");
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    bool mp4 = strstr(file, ".mp4");
    const uint8_t *index = memmem(head, n, mp4 ? "moov" : "\x1c\x53\xbb\x6b", 4); /* Cues */
    const uint8_t *media = memmem(head, n, mp4 ? "mdat" : "\x1f\x43\xb6\x75", 4); /* Cluster */
    return index && (!media || index < media);
}

void assert_near(int64_t a, int64_t b, int64_t within)
{
    if (llabs((long long)(a - b)) > within)
        fail_msg("%lld and %lld differ by more than %lld", (long long)a, (long long)b, (long long)within);
}
