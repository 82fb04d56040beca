/* SPDX-License-Identifier: MIT */
/* NAME.json beside a mixed file NAME. */
#include "recorder/mix/sidecar.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recorder/film/disk.h"

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

int sidecar_write(const struct sidecar *s, const struct scene *scene)
{
    const char *name = base_name(s->path);
    char *dir = name == s->path ? strdup(".") : strndup(s->path, (size_t)(name - s->path));
    char file[NAME_MAX + 1];
    json_t *json = describe(s, scene);
    char *text = json_dumps(json, JSON_INDENT(2));
    int rc = dir && text ? 0 : -ENOMEM;
    if (!rc && snprintf(file, sizeof(file), "%s.json", name) >= (int)sizeof(file))
        rc = -ENAMETOOLONG;
    if (!rc)
        rc = disk_put(dir, file, text);
    json_decref(json);
    free(text);
    free(dir);
    return rc;
}

void sidecar_remove(const char *path)
{
    char name[PATH_MAX];
    if (snprintf(name, sizeof(name), "%s.json", path) < (int)sizeof(name))
        unlink(name);
}
