/* SPDX-License-Identifier: MIT */
/* Replies as real terminals sent them, whole and split at every byte, among keys. */
#include "support.h"

#include <misread/term/term.h>

#include "input.h"
#include "probe.h"

#include "fake_image.h"

static const struct mr_probe_window window_110x34 = {{110, 34}, {990, 646}};

#define XTERM_SIXEL                                                              \
    "\033[6;19;9t\033[4;646;990t\033[?1;0;1024S\033[?2;0;990;646S\033[?2026;0$y" \
    "\033P>|XTerm(379)\033\\\033[?63;1;2;4;6;9;15;16;22;28c"

/* What was recorded from the terminals of the table, and what must follow from it. */
static const struct {
    const char *name, *replies;
    bool has_da1, has_sixel, has_sync;
    int registers;
    struct mr_size_px cell, max;
} terminals[] = {
    {"xterm with sixel", XTERM_SIXEL, true, true, false, 1024, {9, 19}, {990, 646}},
    {"xterm as Debian has it",
     "\033[?1;3S\033[?2;3S\033[?64;1;2;6;9;15;16;17;18;21;22;28c",
     true,
     false,
     false,
     0,
     {0, 0},
     {0, 0}},
    {"xterm -ti vt340",
     "\033[?1;0;1024S\033[?2;0;480;312S\033[?63;1;2;4;6c",
     true,
     true,
     false,
     1024,
     {0, 0},
     {480, 312}},
    {"mlterm",
     "\033[6;21;11t\033[4;714;1210t\033[?1;0;1024S\033[?1;3;0S\033[?2026;0$y\033[?63;1;2;3;4;7;29c",
     true,
     true,
     false,
     1024,
     {11, 21},
     {0, 0}},
    {"tmux 3.3a", "\033[?1;2c", true, false, false, 0, {0, 0}, {0, 0}},
    {"foot-like with sync",
     "\033[6;20;10t\033[?2026;2$y\033[?62;4;22c",
     true,
     true,
     true,
     0,
     {10, 20},
     {0, 0}},
    {"class 4 is not sixel", "\033[?4;6c", true, false, false, 0, {0, 0}, {0, 0}},
    {"42 is not 4", "\033[?62;42;14c", true, false, false, 0, {0, 0}, {0, 0}},
    {"short with sixel", "\033[?1;2;4c", true, true, false, 0, {0, 0}, {0, 0}},
    {"VT125", "\033[?12;4c", true, true, false, 0, {0, 0}, {0, 0}},
    {"mode permanently reset", "\033[?2026;4$y\033[?62c", true, false, false, 0, {0, 0}, {0, 0}},
};

static void check_replies(size_t i, const struct mr_probe *probe)
{
    if (probe->has_da1 != terminals[i].has_da1 || probe->has_sixel != terminals[i].has_sixel ||
        probe->has_sync != terminals[i].has_sync || probe->n_registers != terminals[i].registers ||
        probe->cell.w != terminals[i].cell.w || probe->cell.h != terminals[i].cell.h ||
        probe->max_picture.w != terminals[i].max.w || probe->max_picture.h != terminals[i].max.h)
        fail_msg("%s: da1 %d sixel %d sync %d registers %d cell %dx%d max %dx%d", terminals[i].name,
                 probe->has_da1, probe->has_sixel, probe->has_sync, probe->n_registers,
                 probe->cell.w, probe->cell.h, probe->max_picture.w, probe->max_picture.h);
}

static void reads_the_replies_of_every_terminal(void **state)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        struct mr_input input = {0};
        struct mr_key key;

        mr_input_feed(&input, terminals[i].replies, strlen(terminals[i].replies), 1000);
        assert_false(mr_input_next(&input, &key, 1000));
        assert_int_equal(input.n, 0);
        check_replies(i, &input.probe);
    }
}

static void reads_replies_split_at_every_byte(void **state)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        const char *replies = terminals[i].replies;

        for (size_t cut = 1; cut < strlen(replies); cut++) {
            struct mr_input input = {.patient_until_ms = 6000};
            struct mr_key key;

            mr_input_feed(&input, replies, cut, 1000);
            assert_false(mr_input_next(&input, &key, 1000));
            /* a tenth of a second later the rest */
            assert_false(mr_input_next(&input, &key, 1100));
            mr_input_feed(&input, replies + cut, strlen(replies) - cut, 1100);
            assert_false(mr_input_next(&input, &key, 1100));
            check_replies(i, &input.probe);
        }
    }
}

static void keeps_keys_typed_between_replies(void **state)
{
    const char bytes[] = "a\033[6;19;9tb\033[A\033[?63;4c\xc3\xa9";
    const int want[] = {'a', 'b', MR_KEY_UP, 0xe9};
    struct mr_input input = {0};
    struct mr_key key;

    mr_input_feed(&input, bytes, strlen(bytes), 1000);
    mr_input_take_replies(&input, 1000);
    assert_true(input.probe.has_sixel);
    for (int i = 0; i < 4; i++) {
        assert_true(mr_input_next(&input, &key, 1000));
        assert_int_equal(key.code, want[i]);
    }
    assert_false(mr_input_next(&input, &key, 1000));
}

static void reads_the_name(void **state)
{
    struct mr_probe probe = {0};
    const char reply[] = "\033P>|XTerm(379)\033\\";

    assert_true(mr_probe_take(&probe, reply, strlen(reply)));
    assert_string_equal(probe.name, "XTerm(379)");
}

static void does_not_take_keys_for_replies(void **state)
{
    const char *const keys[] = {"\033[A", "\033[5~", "\033[1;5C", "\033[<0;1;1M", "\033OP", "x"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct mr_probe probe = {0};

        assert_false(mr_probe_take(&probe, keys[i], strlen(keys[i])));
    }
}

static struct mr_size_px cell_of(struct mr_probe probe, struct mr_probe_window window,
                                 struct mr_size_px wish)
{
    return mr_probe_cell(&probe, &window, wish);
}

static void assert_cell(struct mr_size_px cell, int w, int h)
{
    assert_int_equal(cell.w, w);
    assert_int_equal(cell.h, h);
}

static void believes_cell_sizes_in_order(void **state)
{
    const struct mr_size_px none = {0, 0};
    struct mr_probe probe = {.cell = {9, 19}, .window = {1100, 680}, .max_picture = {990, 646}};

    assert_cell(cell_of(probe, window_110x34, (struct mr_size_px){12, 24}), 12, 24);
    assert_cell(cell_of(probe, window_110x34, none), 9, 19);
    probe.cell = (struct mr_size_px){1, 1}; /* as some multiplexers say */
    assert_cell(cell_of(probe, window_110x34, none), 10, 20);
    probe.window = none;
    assert_cell(cell_of(probe, window_110x34, none), 9, 19);
    assert_cell(cell_of(probe, (struct mr_probe_window){{110, 34}, {0, 0}}, none), 9, 19);
    probe.max_picture = (struct mr_size_px){1000, 1000}; /* a limit, not a window */
    assert_cell(cell_of(probe, (struct mr_probe_window){{110, 34}, {0, 0}}, none), 10, 20);
}

static void judges_graphics_by_the_reply(void **state)
{
    struct mr_term_options options = {0};
    struct mr_probe probe = {.has_da1 = true, .has_sixel = true, .n_registers = 16};
    struct mr_term_caps caps = {.n_colors = 256, .is_utf8 = true};

    mr_probe_judge(&caps, &probe, &window_110x34, &options);
    assert_int_equal(caps.graphics, MR_GRAPHICS_SIXEL);
    assert_int_equal(caps.n_registers, 16);
    assert_int_equal(caps.max_picture.w, 1000);
    probe.has_sixel = false;
    mr_probe_judge(&caps, &probe, &window_110x34, &options);
    assert_int_equal(caps.graphics, MR_GRAPHICS_HALF);
    caps.n_colors = 16;
    mr_probe_judge(&caps, &probe, &window_110x34, &options);
    assert_int_equal(caps.graphics, MR_GRAPHICS_NONE);
    options.graphics = MR_GRAPHICS_SIXEL; /* the user knows better */
    mr_probe_judge(&caps, &probe, &window_110x34, &options);
    assert_int_equal(caps.graphics, MR_GRAPHICS_SIXEL);
}

static void limits_pictures_to_1000_pixels(void **state)
{
    struct mr_term_options options = {0};
    struct mr_probe probe = {.max_picture = {2560, 1600}};
    struct mr_term_caps caps = {.n_colors = 256};

    mr_probe_judge(&caps, &probe, &window_110x34, &options);
    assert_int_equal(caps.max_picture.w, 1000);
    assert_int_equal(caps.max_picture.h, 1000);
}

static void counts_colors(void **state)
{
    assert_int_equal(mr_probe_colors(256, NULL, NULL, MR_COLOR_AUTO), 256);
    assert_int_equal(mr_probe_colors(256, "truecolor", NULL, MR_COLOR_AUTO), 1 << 24);
    assert_int_equal(mr_probe_colors(8, "", "", MR_COLOR_AUTO), 16);
    assert_int_equal(mr_probe_colors(-1, NULL, NULL, MR_COLOR_AUTO), 0);
    assert_int_equal(mr_probe_colors(256, "truecolor", "1", MR_COLOR_AUTO), 0);
    assert_int_equal(mr_probe_colors(256, NULL, "1", MR_COLOR_ALWAYS), 256);
    assert_int_equal(mr_probe_colors(256, "24bit", NULL, MR_COLOR_NEVER), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_replies_of_every_terminal),
        cmocka_unit_test(reads_replies_split_at_every_byte),
        cmocka_unit_test(keeps_keys_typed_between_replies),
        cmocka_unit_test(reads_the_name),
        cmocka_unit_test(does_not_take_keys_for_replies),
        cmocka_unit_test(believes_cell_sizes_in_order),
        cmocka_unit_test(judges_graphics_by_the_reply),
        cmocka_unit_test(limits_pictures_to_1000_pixels),
        cmocka_unit_test(counts_colors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
