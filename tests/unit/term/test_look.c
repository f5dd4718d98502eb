/* SPDX-License-Identifier: MIT */
/* Themes, places of pictures, half blocks: what needs no terminal. */
#include "support.h"

#include <misread/base/str.h>
#include <misread/term/term.h>

#include "half.h"
#include "layout.h"
#include "theme.h"

#include "fake_image.h"

static void ramps_grow_lighter_and_stay_readable(void **state)
{
    for (int ramp = 0; ramp < 2; ramp++) {
        double last = 22;

        for (int i = 0; i < 8; i++) {
            struct mr_look look =
                mr_theme_look((enum mr_style)((ramp ? MR_STYLE_BAD_0 : MR_STYLE_GOOD_0) + i), 256);
            unsigned fg = mr_theme_rgb(look.fg), bg = mr_theme_rgb(look.bg);
            double against_white = mr_theme_contrast(bg, 0xffffff);

            assert_true(against_white < last);
            last = against_white;
            assert_true(mr_theme_contrast(fg, bg) >= 4.5); /* WCAG 2.1 AA */
            if (ramp == 0)
                assert_true((bg & 255) > bg >> 16); /* blue */
            else
                assert_true((bg & 255) < bg >> 16); /* orange */
        }
    }
}

static void without_colors_right_wrong_and_chosen_differ(void **state)
{
    struct mr_look good = mr_theme_look(MR_STYLE_GOOD_0 + 7, 0);
    struct mr_look bad = mr_theme_look(MR_STYLE_BAD_0 + 7, 0);
    struct mr_look normal = mr_theme_look(MR_STYLE_NORMAL, 0);

    assert_true(good.flags != bad.flags && good.flags != normal.flags);
    assert_true(mr_theme_look(MR_STYLE_SELECTED, 0).flags & MR_LOOK_REVERSE);
    assert_true(mr_theme_look(MR_STYLE_BORDER_FOCUS, 0).flags !=
                mr_theme_look(MR_STYLE_BORDER, 0).flags);
    for (int s = 0; s < MR_N_STYLES; s++) {
        assert_int_equal(mr_theme_look((enum mr_style)s, 0).fg, -1);
        assert_int_equal(mr_theme_look((enum mr_style)s, 0).bg, -1);
        assert_true(mr_theme_look((enum mr_style)s, 16).fg < 8);
        assert_true(mr_theme_look((enum mr_style)s, 16).bg < 8);
    }
}

static void finds_the_nearest_of_256_colors(void **state)
{
    for (int color = 16; color < 256; color++) {
        unsigned rgb = mr_theme_rgb(color);
        int found = mr_theme_nearest((int)(rgb >> 16), (int)(rgb >> 8 & 255), (int)(rgb & 255));

        assert_int_equal(mr_theme_rgb(found), rgb);
    }
    assert_int_equal(mr_theme_nearest(250, 5, 3), 196);
    assert_int_equal(mr_theme_nearest(50, 52, 51), 236); /* a grey of the ramp, not of the cube */
}

static struct mr_term_caps sixel_caps(void)
{
    return (struct mr_term_caps){.graphics = MR_GRAPHICS_SIXEL,
                                 .cell = {9, 19},
                                 .max_picture = {1000, 1000},
                                 .n_colors = 256,
                                 .is_utf8 = true};
}

static void rounds_heights_down_to_whole_sixels(void **state)
{
    struct mr_term_caps caps = sixel_caps();
    struct mr_size_cells size = {120, 36};

    for (int rows = 4; rows < 30; rows++) {
        struct mr_layout layout;

        assert_true(mr_layout_place(&layout, &caps, size, (struct mr_rect_cells){2, 5, rows, 40}));
        assert_int_equal(layout.px.h % 6, 0);
        assert_true(layout.px.h <= rows * 19 && layout.px.h > rows * 19 - 6);
        assert_int_equal(layout.px.w, 360);
        assert_true(layout.rect.rows * 19 >= layout.px.h);
        assert_true(layout.rect.row >= 2 && layout.rect.row + layout.rect.rows <= 2 + rows);
    }
}

static void leaves_the_last_row_alone(void **state)
{
    struct mr_term_caps caps = sixel_caps();
    struct mr_layout layout;

    assert_true(mr_layout_place(&layout, &caps, (struct mr_size_cells){80, 24},
                                (struct mr_rect_cells){0, 0, 24, 80}));
    assert_true(layout.rect.row + layout.rect.rows <= 23);
    caps.graphics = MR_GRAPHICS_HALF;
    assert_true(mr_layout_place(&layout, &caps, (struct mr_size_cells){80, 24},
                                (struct mr_rect_cells){0, 0, 24, 80}));
    assert_int_equal(layout.rect.rows, 23);
}

static void keeps_to_the_largest_picture_and_centres(void **state)
{
    struct mr_term_caps caps = sixel_caps();
    struct mr_layout layout;

    caps.max_picture = (struct mr_size_px){300, 120};
    assert_true(mr_layout_place(&layout, &caps, (struct mr_size_cells){200, 60},
                                (struct mr_rect_cells){10, 20, 40, 100}));
    assert_int_equal(layout.px.w, 300);
    assert_int_equal(layout.px.h, 120);
    assert_int_equal(layout.rect.cols, 34);
    assert_int_equal(layout.rect.rows, 7);
    assert_int_equal(layout.rect.col, 20 + 33);
    assert_int_equal(layout.rect.row, 10 + 16);
}

static void refuses_what_is_too_small_or_cannot_be(void **state)
{
    struct mr_term_caps caps = sixel_caps();
    struct mr_size_cells size = {80, 24};
    struct mr_layout layout;

    assert_false(mr_layout_place(&layout, &caps, size, (struct mr_rect_cells){0, 0, 3, 20}));
    assert_false(mr_layout_place(&layout, &caps, size, (struct mr_rect_cells){0, 0, 10, 7}));
    assert_true(mr_layout_place(&layout, &caps, size, (struct mr_rect_cells){0, 0, 4, 8}));
    assert_false(mr_layout_place(&layout, &caps, size, (struct mr_rect_cells){20, 0, 4, 8}));
    assert_null(mr_layout_obstacle(&caps));
    caps.n_colors = 0; /* sixels need no colours of text */
    assert_null(mr_layout_obstacle(&caps));
    caps.graphics = MR_GRAPHICS_NONE;
    assert_string_equal(mr_layout_obstacle(&caps), "no image: no colours");
    caps.n_colors = 16;
    assert_string_equal(mr_layout_obstacle(&caps), "no image: 16 colours");
}

/* Left half red, right half blue; twice as wide as high. */
static struct mr_image *two_colors(void)
{
    struct mr_image *image;
    struct mr_error err;

    assert_ok(mr_image_create(&image, 40, 20, &err), err);
    for (int i = 0; i < 40 * 20; i++)
        image->rgb[3 * i + (i % 40 < 20 ? 0 : 2)] = 200;
    return image;
}

static void draws_half_blocks_with_the_right_colors(void **state)
{
    struct mr_image *image = two_colors();
    struct mr_str out = MR_STR_EMPTY;

    /* 8 x 2 cells of 10 x 20: 80 x 40 pixels, filled exactly */
    mr_half_encode(&out, image, (struct mr_size_cells){8, 2}, (struct mr_size_px){10, 20}, 1 << 24);
    assert_string_equal(out.text, "\033[38;2;200;0;0m\033[48;2;200;0;0m▀▀▀▀"
                                  "\033[38;2;0;0;200m\033[48;2;0;0;200m▀▀▀▀\033[0m\n"
                                  "\033[38;2;200;0;0m\033[48;2;200;0;0m▀▀▀▀"
                                  "\033[38;2;0;0;200m\033[48;2;0;0;200m▀▀▀▀\033[0m\n");
    mr_str_finish(&out);
    mr_image_destroy(image);
}

static void averages_areas_and_letterboxes(void **state)
{
    struct mr_image *image = two_colors();
    struct mr_str out = MR_STR_EMPTY;

    /* 1 x 1 half cell of picture in the middle of 3 x 1 cells of 10 x 20: the mean of all; black
     * around */
    image->w = 40;
    mr_half_encode(&out, image, (struct mr_size_cells){1, 1}, (struct mr_size_px){10, 20}, 1 << 24);
    assert_non_null(strstr(out.text, "2;100;0;100m"));
    assert_non_null(strstr(out.text, "2;0;0;0m"));
    mr_str_clear(&out);
    mr_half_encode(&out, image, (struct mr_size_cells){1, 1}, (struct mr_size_px){10, 20}, 256);
    assert_non_null(strstr(out.text, ";5;53m")); /* 5f005f */
    mr_str_finish(&out);
    mr_image_destroy(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ramps_grow_lighter_and_stay_readable),
        cmocka_unit_test(without_colors_right_wrong_and_chosen_differ),
        cmocka_unit_test(finds_the_nearest_of_256_colors),
        cmocka_unit_test(rounds_heights_down_to_whole_sixels),
        cmocka_unit_test(leaves_the_last_row_alone),
        cmocka_unit_test(keeps_to_the_largest_picture_and_centres),
        cmocka_unit_test(refuses_what_is_too_small_or_cannot_be),
        cmocka_unit_test(draws_half_blocks_with_the_right_colors),
        cmocka_unit_test(averages_areas_and_letterboxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
