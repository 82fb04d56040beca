/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/util.h"
#include "recorder/mix/layout.h"

#define MOST 50

static const struct {
    int w, h;
} canvases[] = {{1280, 720}, {1920, 1080}, {640, 480}, {720, 1280}, {320, 180}, {64, 64}};

static void assert_rect(struct rect r, int x, int y, int w, int h)
{
    assert_int_equal(r.x, x);
    assert_int_equal(r.y, y);
    assert_int_equal(r.w, w);
    assert_int_equal(r.h, h);
}

static bool meet(struct rect a, struct rect b)
{
    return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

static void check(const struct rect *r, size_t n, int w, int h)
{
    for (size_t i = 0; i < n; i++) {
        assert_true(r[i].x >= 0 && r[i].y >= 0 && r[i].w > 0 && r[i].h > 0);
        assert_true(r[i].x + r[i].w <= w && r[i].y + r[i].h <= h);
        assert_int_equal((r[i].x | r[i].y | r[i].w | r[i].h) & 1, 0);
        for (size_t k = 0; k < i; k++)
            assert_false(meet(r[i], r[k]));
    }
}

static void grids_fill_the_canvas(void **state)
{
    struct rect r[MOST];
    layout_grid(1280, 720, 1, r);
    assert_rect(r[0], 0, 0, 1280, 720);
    layout_grid(1280, 720, 2, r);
    assert_rect(r[0], 8, 184, 628, 352);
    assert_rect(r[1], 644, 184, 628, 352);
    layout_grid(1280, 720, 3, r); /* the third in the middle below */
    assert_rect(r[0], 18, 8, 618, 348);
    assert_rect(r[1], 644, 8, 618, 348);
    assert_rect(r[2], 330, 364, 618, 348);
    layout_grid(1280, 720, 9, r);
    assert_rect(r[0], 22, 10, 406, 228);
    assert_rect(r[4], 436, 246, 406, 228);
    assert_rect(r[8], 850, 482, 406, 228);
}

static void features_leave_most_to_one(void **state)
{
    struct rect r[MOST];
    layout_feature(1280, 720, 3, 1, r);
    assert_rect(r[1], 8, 8, 1000, 704);
    assert_rect(r[0], 1016, 212, 256, 144);
    assert_rect(r[2], 1016, 364, 256, 144);
    layout_feature(720, 1280, 2, 0, r); /* upright: below */
    assert_rect(r[0], 8, 8, 704, 1000);
    assert_rect(r[1], 132, 1016, 454, 256);
    layout_feature(1280, 720, 1, 0, r);
    assert_rect(r[0], 0, 0, 1280, 720);
}

static void tiles_are_even_and_apart_whatever_the_number(void **state)
{
    for (size_t c = 0; c < ARRAY_SIZE(canvases); c++) {
        int w = canvases[c].w, h = canvases[c].h;
        size_t most = w == 64 ? 4 : MOST;
        for (size_t n = 1; n <= most; n++) {
            struct rect r[MOST];
            layout_grid(w, h, n, r);
            check(r, n, w, h);
            layout_feature(w, h, n, n / 2, r);
            check(r, n, w, h);
        }
    }
}

static void pictures_keep_their_aspect(void **state)
{
    static const struct rect cell = {100, 50, 640, 360};
    assert_rect(layout_fit(cell, 1920, 1080), 100, 50, 640, 360);
    assert_rect(layout_fit(cell, 640, 480), 180, 50, 480, 360);
    assert_rect(layout_fit(cell, 360, 640), 318, 50, 202, 360);
    assert_rect(layout_fit(cell, 3200, 360), 100, 194, 640, 72);
    assert_rect(layout_fit(cell, 1, 30000), 418, 50, 2, 360);
    assert_rect(layout_fit(cell, 1280, 716), 100, 50, 640, 360); /* 1 % is not worth a border */
    assert_rect(layout_fit(cell, 0, 0), 100, 50, 640, 360);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_fill_the_canvas),
        cmocka_unit_test(features_leave_most_to_one),
        cmocka_unit_test(tiles_are_even_and_apart_whatever_the_number),
        cmocka_unit_test(pictures_keep_their_aspect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
