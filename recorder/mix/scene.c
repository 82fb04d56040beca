/* SPDX-License-Identifier: MIT */
/* Who is there when, and where their tiles stand. */
#include "recorder/mix/scene.h"

#include <stdlib.h>
#include <string.h>

#include "common/util.h"

struct scene {
    uint32_t layout; /* enum config_layout */
    int width, height;
    struct scene_person *people;
    size_t n;
    struct scene_tile *tiles;
    struct rect *rects;
    size_t shown, large; /* of the last call */
};

static bool same_take(const struct scene_person *p, const struct source_track *t)
{
    return strcmp(p->media_session_id, t->media_session_id) == 0 && strcmp(p->stream_name, t->stream_name) == 0;
}

/* Whom the track belongs to: a take has at most one track of each kind. Tracks that do not say whose they are go
 * together by their order. */
static struct scene_person *person_of(struct scene *scene, const struct source_track *t)
{
    for (size_t i = 0; i < scene->n; i++) {
        struct scene_person *p = &scene->people[i];
        if (same_take(p, t) && (t->kind == MEDIA_VIDEO ? p->video : p->audio) == SCENE_NONE)
            return p;
    }
    struct scene_person *p = &scene->people[scene->n++];
    *p = (struct scene_person){
        .login = t->login,
        .stream_name = t->stream_name,
        .media_session_id = t->media_session_id,
        .start_us = t->start_us,
        .end_us = t->end_us,
        .video = SCENE_NONE,
        .audio = SCENE_NONE,
    };
    return p;
}

static size_t first_track(const struct scene_person *p)
{
    return MIN(p->video, p->audio);
}

static int by_start(const void *a, const void *b)
{
    const struct scene_person *p = a, *q = b;
    if (p->start_us != q->start_us)
        return p->start_us < q->start_us ? -1 : 1;
    return first_track(p) < first_track(q) ? -1 : 1;
}

void scene_add(struct scene *scene, const struct source_track *t, size_t index)
{
    struct scene_person *p = person_of(scene, t);
    p->screen |= t->screen && t->kind == MEDIA_VIDEO;
    p->start_us = MIN(p->start_us, t->start_us);
    p->end_us = MAX(p->end_us, t->end_us);
    *(t->kind == MEDIA_VIDEO ? &p->video : &p->audio) = index;
    qsort(scene->people, scene->n, sizeof(*scene->people), by_start);
}

struct scene *scene_create(const struct config *config, size_t tracks)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    if (!scene)
        return NULL;
    scene->people = calloc(tracks, sizeof(*scene->people));
    scene->tiles = calloc(tracks, sizeof(*scene->tiles));
    scene->rects = calloc(tracks, sizeof(*scene->rects));
    if (!scene->people || !scene->tiles || !scene->rects) {
        scene_destroy(scene);
        return NULL;
    }
    scene->layout = config->layout;
    scene->width = (int)config->width;
    scene->height = (int)config->height;
    return scene;
}

void scene_destroy(struct scene *scene)
{
    if (!scene)
        return;
    free(scene->people);
    free(scene->tiles);
    free(scene->rects);
    free(scene);
}

size_t scene_people(const struct scene *scene)
{
    return scene->n;
}

const struct scene_person *scene_person(const struct scene *scene, size_t i)
{
    return &scene->people[i];
}

/* Which of the shown tiles is large: the newest screen, else in the speaker's layout who speaks, else the first. */
static size_t choose_large(const struct scene *scene, size_t n, size_t speaker)
{
    if (scene->layout == CONFIG_LAYOUT_GRID)
        return SCENE_NONE;
    size_t large = scene->layout == CONFIG_LAYOUT_SPEAKER && n ? 0 : SCENE_NONE;
    for (size_t i = 0; i < n; i++)
        if (scene->layout == CONFIG_LAYOUT_SPEAKER && scene->tiles[i].person == speaker)
            large = i;
    for (size_t i = 0; i < n; i++)
        if (scene->people[scene->tiles[i].person].screen)
            large = i;
    return large;
}

static void place(struct scene *scene, size_t n, size_t large)
{
    if (large == SCENE_NONE)
        layout_grid(scene->width, scene->height, n, scene->rects);
    else
        layout_feature(scene->width, scene->height, n, large, scene->rects);
    for (size_t i = 0; i < n; i++)
        scene->tiles[i].rect = scene->rects[i];
}

const struct scene_tile *scene_at(struct scene *scene, int64_t at_us, size_t speaker, size_t *n, bool *changed)
{
    size_t shown = 0;
    *changed = false;
    for (size_t i = 0; i < scene->n; i++) {
        if (at_us < scene->people[i].start_us || at_us >= scene->people[i].end_us)
            continue;
        *changed |= shown >= scene->shown || scene->tiles[shown].person != i;
        scene->tiles[shown++].person = i;
    }
    size_t large = choose_large(scene, shown, speaker);
    *changed |= shown != scene->shown || large != scene->large;
    scene->shown = *n = shown;
    scene->large = large;
    if (*changed)
        place(scene, shown, large);
    return scene->tiles;
}
