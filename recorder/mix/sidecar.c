/* SPDX-License-Identifier: MIT */
/* NAME.json beside a mixed file NAME. */
#include "recorder/mix/sidecar.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool has_text(const json_t *array, const char *text)
{
    size_t i;
    const json_t *item;
    json_array_foreach (array, i, item) {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* Each login once, in the order of coming. */
static json_t *participants(const struct scene *scene)
{
    json_t *array = json_array();
    for (size_t i = 0; i < scene_people(scene); i++) {
        const char *login = scene_person(scene, i)->login;
        if (login[0] && !has_text(array, login))
            json_array_append_new(array, json_string(login));
    }
    return array;
}

static json_t *describe(const struct sidecar *s, const struct scene *scene)
{
    bool ready = s->bytes >= 0;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name", base_name(s->path), "kind", "mix", "state",
        ready ? "ready" : "finishing", "room", s->room, "bytes", (json_int_t)(ready ? s->bytes : 0), "duration_ms",
        (json_int_t)s->duration_ms, "start_unix_ms", (json_int_t)s->start_unix_ms, "end_unix_ms",
        (json_int_t)(s->start_unix_ms ? s->start_unix_ms + s->duration_ms : 0), "participants", participants(scene));
}

static int write_file(const char *path, const json_t *json)
{
    FILE *f = fopen(path, "we");
    if (!f)
        return -errno;
    bool ok =
        json_dumpf(json, f, JSON_INDENT(2)) == 0 && fputc('\n', f) != EOF && fflush(f) == 0 && fsync(fileno(f)) == 0;
    int rc = ok ? 0 : errno ? -errno : -EIO;
    if (fclose(f) && !rc)
        rc = -errno;
    return rc;
}

int sidecar_write(const struct sidecar *s, const struct scene *scene)
{
    char path[PATH_BYTES], part[PATH_BYTES];
    if (snprintf(path, sizeof(path), "%s.json", s->path) >= (int)sizeof(path) ||
        snprintf(part, sizeof(part), "%s.json.part", s->path) >= (int)sizeof(part))
        return -ENAMETOOLONG;
    json_t *json = describe(s, scene);
    int rc = json ? write_file(part, json) : -EINVAL; /* texts that are not UTF-8 */
    json_decref(json);
    if (!rc && rename(part, path))
        rc = -errno;
    if (rc)
        unlink(part);
    return rc;
}

void sidecar_remove(const char *path)
{
    char name[PATH_BYTES];
    if (snprintf(name, sizeof(name), "%s.json", path) < (int)sizeof(name))
        unlink(name);
}
