/* SPDX-License-Identifier: MIT */
/* The harness itself: a test is worth what it would notice. */
#include "support.h"

#include <signal.h>
#include <sys/wait.h>

#include "vt.h"

#include "fake_image.h"

/* A black picture of 36 x 36 pixels, 4 x 2 cells, at row 3, column 5 (counted from 1). */
#define PICTURE "\033[3;5H\033Pq\"1;1;36;36#0;2;0;0;0" ROWS6 "\033\\"
#define ROWS6   "#0!36~-#0!36~-#0!36~-#0!36~-#0!36~-#0!36~"

static struct vt *show(const char *script)
{
    const char *const argv[] = {"/bin/sh", "-c",   "printf '%b' \"$1\"; sleep 60",
                                "sh",      script, NULL};

    return vt_start(argv, NULL, 10, 40, NULL);
}

/* What is written behind the picture, and how many of its 8 cells that takes. */
static void notices_whatever_takes_cells_from_a_picture(void **state)
{
    static const struct {
        const char *bytes;
        int n_damaged;
    } cases[] = {
        {"", 0},
        {"\033[3;1Htext", 0},     /* beside it */
        {"\033[3;4Htext", 3},     /* into it */
        {"\033[4;1H\033[K", 4},   /* to the end of the line */
        {"\033[4;1H\033[6X", 2},  /* a few cells */
        {"\033[2J", 8},           /* everything */
        {"\033[1;5r\033[1S", 8},  /* scrolled */
        {"\033[1;1H\033[L", 8},   /* pushed down */
        {"\033[3;6H\302\240", 1}, /* a blank that is not one */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char script[512];
        const struct vt_picture *picture;
        struct vt *vt;
        int n;

        snprintf(script, sizeof script, "%s%s\033[10;1Hdone", PICTURE, cases[i].bytes);
        vt = show(script);
        assert_int_equal(vt_pump_until(vt, "done", 5000), 9);
        picture = vt_pictures(vt, &n);
        assert_int_equal(n, 1);
        assert_int_equal(picture->row, 2);
        assert_int_equal(picture->col, 4);
        assert_int_equal(picture->w, 36);
        assert_int_equal(picture->h, 36);
        if (picture->n_damaged != cases[i].n_damaged)
            fail_msg("case %zu: %d cells and not %d", i, picture->n_damaged, cases[i].n_damaged);
        assert_true(picture->is_whole == !cases[i].n_damaged);
        vt_stop(vt);
    }
}

static void a_later_picture_covers_without_damage(void **state)
{
    struct vt *vt = show(PICTURE PICTURE "\033[10;1Hdone");
    const struct vt_picture *pictures;
    int n;

    assert_int_equal(vt_pump_until(vt, "done", 5000), 9);
    pictures = vt_pictures(vt, &n);
    assert_int_equal(n, 2);
    assert_false(pictures[0].is_alive);
    assert_int_equal(pictures[0].n_damaged, 0);
    assert_true(pictures[1].is_whole);
    assert_ptr_equal(vt_picture_at(vt, 2, 4), &pictures[1]);
    vt_stop(vt);
}

static void says_what_is_not_restored(void **state)
{
    struct vt *vt = show("\033[?1049h\033[?25ldone");

    assert_true(vt_pump_until(vt, "done", 5000) >= 0);
    assert_false(vt_is_restored(vt));
    vt_kill(vt, SIGTERM);
    assert_true(WIFSIGNALED(vt_wait_exit(vt, 5000)));
    vt_stop(vt);
}

static void compares_with_golden_files(void **state)
{
    char *folder = make_folder(), path[256];

    snprintf(path, sizeof path, "%s/golden", folder);
    unsetenv("MISREAD_GOLDEN");
    assert_false(vt_golden_text("one\ntwo\n", path)); /* there is none */
    setenv("MISREAD_GOLDEN", "write", 1);
    assert_true(vt_golden_text("one\ntwo\n", path));
    unsetenv("MISREAD_GOLDEN");
    assert_true(vt_golden_text("one\ntwo\n", path));
    assert_false(vt_golden_text("one\nother\n", path));
    assert_false(vt_golden_text("one\n", path));
    remove_folder(folder);
}

static void counts_colors_and_sequences(void **state)
{
    struct vt *vt = show("\033[1;31m\033[38;5;7m\033[0;7m\033[2K\033[3Cdone");

    assert_true(vt_pump_until(vt, "done", 5000) >= 0);
    assert_int_equal(vt_n_csi(vt, 'K'), 1);
    assert_int_equal(vt_n_csi(vt, 'X'), 0);
    assert_int_equal(vt_n_color_sgr(vt), 2);
    assert_true(vt_cell_at(vt, 0, 3).reverse);
    vt_stop(vt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_whatever_takes_cells_from_a_picture),
        cmocka_unit_test(a_later_picture_covers_without_damage),
        cmocka_unit_test(says_what_is_not_restored),
        cmocka_unit_test(compares_with_golden_files),
        cmocka_unit_test(counts_colors_and_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
