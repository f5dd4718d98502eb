/* SPDX-License-Identifier: MIT */
/* What becomes of pictures: right, in their place, whole, and gone when they should be. */
#include "stage.h"

/* ---- cases: pictures ---- */

static void shows_the_right_picture_in_its_cell(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);
    const struct vt_picture *picture;
    int n;

    assert_true(vt_pump_until_pictures(vt, 1, 5000));
    settle(vt);
    assert_shows(vt, 0);
    picture = vt_pictures(vt, &n);
    assert_int_equal(n, 1);
    assert_int_equal(picture->row, 3);
    assert_int_equal(picture->col, 42);
    assert_int_equal(picture->w, 30 * 9);
    assert_int_equal(picture->h, 12 * 19 - 12 * 19 % 6);
    quit(vt);
}

static void draws_the_next_picture_over_the_last(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    for (int version = 1; version <= 4; version++) {
        settle(vt);
        vt_keys(vt, "n");
        assert_true(vt_pump_until_pictures(vt, version + 1, 5000));
        settle(vt);
        assert_shows(vt, version);
    }
    /* never a hole: nothing but the next picture ever took a cell from one */
    for (int i = 0; i < 5; i++)
        assert_int_equal(vt_pictures(vt, &(int){0})[i].n_damaged, 0);
    quit(vt);
}

static void text_beside_a_picture_never_touches_it(void **state)
{
    const int cols[] = {1, 25, 42, 50}; /* at the left, within text, near the right, at the edge */

    for (size_t i = 0; i < sizeof cols / sizeof *cols; i++) {
        struct vt *vt = start_ready((struct stage){.col = cols[i]}, NULL, &sixel);
        const struct vt_picture *picture;
        int n;

        assert_true(vt_pump_until_pictures(vt, 1, 5000));
        for (int k = 1; k <= 25; k++) {
            char want[32];

            snprintf(want, sizeof want, " s%d ", k);
            vt_keys(vt, "s");
            assert_int_equal(vt_pump_until(vt, want, 5000), 0);
        }
        settle(vt);
        picture = vt_pictures(vt, &n);
        assert_int_equal(n, 1); /* not sent again either */
        assert_int_equal(picture->n_damaged, 0);
        assert_true(picture->is_whole);
        quit(vt);
    }
}

static void sends_nothing_when_nothing_changed(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);
    size_t before, after;

    settle(vt);
    vt_stream(vt, &before);
    vt_pump(vt, 2500); /* the stage draws at least once */
    vt_stream(vt, &after);
    assert_int_equal(before, after);
    quit(vt);
}

static void a_smaller_picture_leaves_nothing_of_the_larger(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    vt_keys(vt, "m");
    assert_true(vt_pump_until_pictures(vt, 2, 5000));
    settle(vt);
    assert_shows(vt, 0);
    vt_keys(vt, "m");
    assert_true(vt_pump_until_pictures(vt, 3, 5000));
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

static void a_moved_picture_leaves_nothing_behind(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    for (int i = 0; i < 3; i++) {
        vt_keys(vt, "d");
        settle(vt);
        assert_shows(vt, 0);
        assert_int_equal(vt_pictures(vt, &(int){0})[i + 1].row, i % 2 ? 3 : 5);
    }
    quit(vt);
}

static void a_vanished_picture_is_written_over_cell_by_cell(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    vt_keys(vt, "h");
    assert_true(vt_pump_until(vt, "keys 1", 5000) == 0);
    settle(vt);
    assert_int_equal(n_alive(vt), 0);
    /* erasing to the end of a line takes pictures away on some terminals only */
    assert_int_equal(vt_n_csi(vt, 'K') + vt_n_csi(vt, 'X'), 0);
    assert_true(vt_n_csi(vt, 'J') <= 1); /* the whole screen, once, at the start */
    vt_keys(vt, "h");
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

static void a_popup_wins_and_the_picture_comes_back(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);
    int row, col;

    settle(vt);
    vt_keys(vt, "o");
    row = vt_pump_until(vt, "choose", 5000);
    assert_int_equal(row, 8);
    settle(vt);
    vt_find(vt, "choose", &col);
    assert_null(vt_picture_at(vt, row, col));
    assert_int_equal(n_pictures(vt), 1);
    vt_keys(vt, "o");
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

static void no_old_picture_is_left_under_a_popup_with_a_new_caption(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    vt_keys(vt, "on");
    assert_int_equal(vt_pump_until(vt, "ready v1", 5000), 0);
    settle(vt);
    assert_int_equal(n_alive(vt), 0);
    vt_keys(vt, "o");
    settle(vt);
    assert_shows(vt, 1);
    quit(vt);
}

static void redraw_sends_cells_first_and_the_picture_after(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    for (int i = 0; i < 3; i++) {
        vt_keys(vt, "r");
        settle(vt);
        assert_int_equal(n_pictures(vt), i + 2);
        assert_shows(vt, 0);
    }
    quit(vt);
}

static void survives_a_storm_of_sizes(void **state)
{
    static const int sizes[][2] = {{60, 200}, {12, 40},  {24, 80}, {5, 20},
                                   {1, 1},    {40, 120}, {24, 80}};
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vt_resize(vt, sizes[i][0], sizes[i][1]);
        vt_pump(vt, 40);
    }
    assert_true(vt_pump_until(vt, "footer", 5000) == 23);
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

static void follows_the_font_when_the_size_of_cells_changes(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);
    int n;

    settle(vt);
    vt_set_cell_px(vt, 12, 24);
    vt_resize(vt, 25, 81);
    settle(vt);
    assert_shows(vt, 0);
    vt_pictures(vt, &n);
    assert_int_equal(vt_pictures(vt, &n)[n - 1].w, 30 * 12);
    quit(vt);
}

static void follows_the_window_where_cells_are_not_answered(void **state)
{
    const struct vt_options silent = {.mute = true};
    struct stage stage = {.options = {.graphics = MR_GRAPHICS_SIXEL}};
    struct vt *vt = start_ready(stage, NULL, &silent);
    int n;

    settle(vt);
    vt_set_cell_px(vt, 12, 24);
    vt_resize(vt, 25, 81);
    assert_int_equal(vt_pump_until(vt, "cell 12x24", 5000), 1);
    settle(vt);
    assert_shows(vt, 0);
    assert_int_equal(vt_pictures(vt, &n)[n_pictures(vt) - 1].w, 30 * 12);
    quit(vt);
}

static void wakes_the_loop_when_a_picture_is_ready(void **state)
{
    struct vt *vt = start_ready((struct stage){.is_patient = true}, NULL, &sixel);

    assert_true(vt_pump_until_pictures(vt, 1, 1000)); /* the loop alone would take 2 s */
    quit(vt);
}

static void never_touches_the_last_row(void **state)
{
    struct vt *vt = start((struct stage){.fill_screen = true}, NULL, &sixel);
    int n;
    const struct vt_picture *pictures;

    assert_true(vt_pump_until_pictures(vt, 1, 5000));
    settle(vt);
    pictures = vt_pictures(vt, &n);
    assert_false(pictures[n - 1].on_last_row);
    assert_true(pictures[n - 1].h > 22 * 19); /* and yet all that is allowed */
    assert_true(pictures[n - 1].is_whole);
    quit(vt);
}

static void keeps_to_16_registers(void **state)
{
    const struct vt_options poor = {.sixel = true, .registers = 16};
    struct vt *vt = start_ready((struct stage){0}, NULL, &poor);
    int n;

    assert_true(vt_pump_until_pictures(vt, 1, 5000));
    assert_true(vt_pictures(vt, &n)[0].n_colors <= 16);
    assert_true(vt_pictures(vt, &n)[0].n_colors > 8);
    quit(vt);
}

static void keeps_to_the_largest_picture(void **state)
{
    const struct vt_options small = {.sixel = true, .max_w = 200, .max_h = 150};
    struct vt *vt = start_ready((struct stage){0}, NULL, &small);
    int n;

    assert_true(vt_pump_until_pictures(vt, 1, 5000));
    assert_int_equal(vt_pictures(vt, &n)[0].w, 200);
    assert_int_equal(vt_pictures(vt, &n)[0].h, 150);
    quit(vt);
}

static void draws_many_pictures_one_after_the_other(void **state)
{
    struct vt *vt = start_ready((struct stage){.n_pictures = 18}, NULL, &sixel);
    int n;
    const struct vt_picture *pictures;

    assert_true(vt_pump_until_pictures(vt, 18, 10000));
    settle(vt);
    pictures = vt_pictures(vt, &n);
    assert_int_equal(n, 18);
    for (int i = 0; i < n; i++) {
        int version = (pictures[i].row - 3) / 5 * 6 + (pictures[i].col - 1) / 12;

        assert_true(pictures[i].is_whole);
        assert_true(likeness(&pictures[i], version) >= 25);
    }
    quit(vt);
}

static void waits_for_a_terminal_that_reads_slowly(void **state)
{
    struct vt *vt = start((struct stage){.is_nonblocking = true}, NULL, &sixel);

    usleep(600000); /* the pipe of a pseudo-terminal holds 4 KiB, the picture is larger */
    assert_true(vt_pump_until_pictures(vt, 1, 5000));
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

/* ---- cases: half blocks ---- */

/* What the cells of rect show, (2 * rows, cols, 3). */
static unsigned char *picture_of_cells(struct vt *vt, struct mr_rect_cells rect)
{
    unsigned char *rgb = malloc((size_t)(2 * rect.rows * rect.cols * 3));

    for (int row = 0; row < rect.rows; row++) {
        for (int col = 0; col < rect.cols; col++) {
            struct vt_cell cell = vt_cell_at(vt, rect.row + row, rect.col + col);

            assert_int_equal(cell.character, 0x2580);
            for (int half = 0; half < 2; half++) {
                unsigned color = half ? cell.bg : cell.fg;

                for (int c = 0; c < 3; c++)
                    rgb[((2 * row + half) * rect.cols + col) * 3 + c] =
                        (unsigned char)(color >> (16 - 8 * c));
            }
        }
    }
    return rgb;
}

/* The middle of what every half cell of 12 rows and 30 columns should show. */
static double cell_likeness(struct vt *vt, int version)
{
    const struct mr_rect_cells rect = {3, 42, 12, 30};
    unsigned char *have = picture_of_cells(vt, rect), want[24 * 30 * 3] = {0};
    struct mr_image *image = make_picture(version, 300, 228), *boxed;
    struct mr_error err;
    double psnr;

    assert_ok(mr_image_letterbox(&boxed, image, (struct mr_size_px){270, 228}, 0, &err), err);
    for (int y = 0; y < 24; y++) {
        for (int x = 0; x < 30; x++)
            memcpy(want + (y * 30 + x) * 3, boxed->rgb + ((y * 228 / 24 + 4) * 270 + x * 9 + 4) * 3,
                   3);
    }
    psnr = vt_psnr(have, want, 30, 24);
    free(have);
    mr_image_destroy(image);
    mr_image_destroy(boxed);
    return psnr;
}

static void draws_half_blocks_in_true_colors(void **state)
{
    const char *const env[] = {"COLORTERM=truecolor", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, NULL);

    assert_int_equal(vt_pump_until(vt, "graphics 2 colors 16777216", 5000), 1);
    for (int version = 0; version < 3; version++) {
        settle(vt);
        assert_true(cell_likeness(vt, version) >= 25);
        assert_true(cell_likeness(vt, version + 1) < 15);
        vt_keys(vt, "n");
    }
    assert_int_equal(n_pictures(vt), 0);
    quit(vt);
}

static void draws_half_blocks_in_256_colors(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, NULL);

    assert_int_equal(vt_pump_until(vt, "graphics 2 colors 256", 5000), 1);
    settle(vt);
    assert_true(cell_likeness(vt, 0) >= 18); /* steps of 40 and 95 between colours: 19.3 measured */
    assert_true(cell_likeness(vt, 1) < 12);
    quit(vt);
}

static void a_popup_over_half_blocks_leaves_them_whole(void **state)
{
    const char *const env[] = {"COLORTERM=truecolor", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, NULL);

    settle(vt);
    vt_keys(vt, "o");
    assert_true(vt_pump_until(vt, "choose", 5000) > 0);
    vt_keys(vt, "o");
    settle(vt);
    assert_true(cell_likeness(vt, 0) >= 25);
    vt_keys(vt, "h");
    settle(vt);
    assert_true(vt_find(vt, "▀", NULL) < 0);
    quit(vt);
}

static void shows_the_caption_where_pictures_cannot_be(void **state)
{
    const char *const env[] = {"TERM=xterm-16color", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, NULL);

    assert_true(vt_pump_until(vt, "no image: 16 colours", 5000) > 0);
    assert_true(vt_find(vt, "caption", NULL) > 0);
    quit(vt);
}

static void goes_round_the_ways_of_drawing(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);

    settle(vt);
    vt_keys(vt, "g");
    assert_int_equal(vt_pump_until(vt, "graphics 2", 5000), 1);
    settle(vt);
    assert_int_equal(n_alive(vt), 0);
    assert_true(cell_likeness(vt, 0) >= 18);
    vt_keys(vt, "g");
    assert_true(vt_pump_until(vt, "no image: switched off", 5000) > 0);
    vt_keys(vt, "g");
    assert_int_equal(vt_pump_until(vt, "graphics 1", 5000), 1);
    settle(vt);
    assert_shows(vt, 0);
    quit(vt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_right_picture_in_its_cell),
        cmocka_unit_test(draws_the_next_picture_over_the_last),
        cmocka_unit_test(text_beside_a_picture_never_touches_it),
        cmocka_unit_test(sends_nothing_when_nothing_changed),
        cmocka_unit_test(a_smaller_picture_leaves_nothing_of_the_larger),
        cmocka_unit_test(a_moved_picture_leaves_nothing_behind),
        cmocka_unit_test(a_vanished_picture_is_written_over_cell_by_cell),
        cmocka_unit_test(a_popup_wins_and_the_picture_comes_back),
        cmocka_unit_test(no_old_picture_is_left_under_a_popup_with_a_new_caption),
        cmocka_unit_test(redraw_sends_cells_first_and_the_picture_after),
        cmocka_unit_test(survives_a_storm_of_sizes),
        cmocka_unit_test(follows_the_font_when_the_size_of_cells_changes),
        cmocka_unit_test(follows_the_window_where_cells_are_not_answered),
        cmocka_unit_test(wakes_the_loop_when_a_picture_is_ready),
        cmocka_unit_test(never_touches_the_last_row),
        cmocka_unit_test(keeps_to_16_registers),
        cmocka_unit_test(keeps_to_the_largest_picture),
        cmocka_unit_test(draws_many_pictures_one_after_the_other),
        cmocka_unit_test(waits_for_a_terminal_that_reads_slowly),
        cmocka_unit_test(draws_half_blocks_in_true_colors),
        cmocka_unit_test(draws_half_blocks_in_256_colors),
        cmocka_unit_test(a_popup_over_half_blocks_leaves_them_whole),
        cmocka_unit_test(shows_the_caption_where_pictures_cannot_be),
        cmocka_unit_test(goes_round_the_ways_of_drawing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
