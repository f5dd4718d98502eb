/* SPDX-License-Identifier: MIT */
/* Asking, keys, poor terminals, and leaving them as they were found. */
#include "stage.h"

/* ---- cases: asking ---- */

static void starts_at_once_on_a_mute_terminal(void **state)
{
    const struct vt_options mute = {.mute = true, .no_pixels = true};
    int64_t start_ms = mr_clock_ms(), took_ms;
    struct vt *vt = start_ready((struct stage){0}, NULL, &mute);

    took_ms = mr_clock_ms() - start_ms;
    assert_true(took_ms >= 50);
    assert_true(took_ms < 400); /* 50 and the start of a process on a busy machine */
    assert_int_equal(vt_pump_until(vt, "cell 10x20", 5000), 1);
    quit(vt);
}

static void a_late_reply_brings_pictures_and_no_keys(void **state)
{
    const struct vt_options late = {.sixel = true, .late_ms = 1500};
    struct vt *vt = start_ready((struct stage){0}, NULL, &late);

    assert_int_equal(vt_pump_until(vt, "graphics 2", 1000), 1);
    assert_int_equal(vt_pump_until(vt, "graphics 1", 5000), 1);
    settle(vt);
    assert_shows(vt, 0);
    assert_true(vt_find(vt, "keys 0", NULL) == 0);
    quit(vt);
}

static void a_reply_in_pieces_brings_pictures_and_no_keys(void **state)
{
    for (int piece = 1; piece <= 7; piece += 2) {
        const struct vt_options split = {.sixel = true, .split = piece};
        struct vt *vt = start_ready((struct stage){0}, NULL, &split);

        assert_int_equal(vt_pump_until(vt, "graphics 1", 5000), 1);
        settle(vt);
        assert_shows(vt, 0);
        assert_true(vt_find(vt, "keys 0", NULL) == 0);
        quit(vt);
    }
}

static void keeps_keys_typed_while_it_asks(void **state)
{
    const struct vt_options late = {.sixel = true, .late_ms = 40};
    struct vt *vt = start((struct stage){0}, NULL, &late);

    while (vt_termios_restored(vt))
        usleep(1000); /* it is raw now: the question is out */
    vt_keys(vt, "sss");
    assert_int_equal(vt_pump_until(vt, "s3 keys 3", 5000), 0);
    quit(vt);
}

static void believes_da1_and_not_term(void **state)
{
    const char *const env[] = {"TERM=mlterm", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, NULL);

    settle(vt);
    assert_int_equal(vt_find(vt, "graphics 1", NULL), -1);
    assert_int_equal(n_pictures(vt), 0);
    quit(vt);
}

/* ---- cases: keys ---- */

static void reads_keys_of_every_kind(void **state)
{
    static const struct {
        const char *keys;
        int code;
    } keys[] = {{"<Up>", MR_KEY_UP},
                {"<Home>", MR_KEY_HOME},
                {"<PgDn>", MR_KEY_PAGE_DOWN},
                {"<S-Tab>", MR_KEY_SHIFT_TAB},
                {"<F1>", MR_KEY_F1},
                {"<Enter>", '\r'},
                {"<Esc>", 27},
                {"<BS>", 127},
                {"<C-c>", 3},
                {"<C-l>", 12},
                {"é", 0xe9},
                {"→", 0x2192}};
    struct vt *vt = start_ready((struct stage){0}, NULL, NULL);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char want[64];

        snprintf(want, sizeof want, "keys %zu code %d ", i + 1, keys[i].code);
        vt_keys(vt, keys[i].keys);
        assert_int_equal(vt_pump_until(vt, want, 2000), 0);
    }
    quit(vt);
}

static void reads_the_mouse_only_if_asked_to(void **state)
{
    struct vt *vt = start_ready((struct stage){.options = {.mouse = true}}, NULL, NULL);

    assert_true(vt_modes(vt).mouse);
    vt_mouse(vt, VT_MOUSE_CLICK, 4, 7);
    vt_mouse(vt, VT_MOUSE_CLICK, 4, 7);
    assert_int_equal(vt_pump_until(vt, "keys 2 code 1114124 clicks 1", 2000), 0);
    quit(vt);
    vt = start_ready((struct stage){0}, NULL, NULL);
    assert_false(vt_modes(vt).mouse);
    quit(vt);
}

/* ---- cases: poor terminals ---- */

static void without_colors_sends_no_color(void **state)
{
    const char *const env[] = {"NO_COLOR=1", "COLORTERM=truecolor", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, &sixel);

    settle(vt);
    assert_shows(vt, 0); /* a picture is not a colour of text */
    vt_keys(vt, "so");
    settle(vt);
    assert_true(vt_count(vt, "\033[") > 10);
    assert_int_equal(vt_n_color_sgr(vt), 0);
    assert_true(vt_cell_at(vt, 0, 0).bold); /* the title */
    quit(vt);
}

static void with_colors_sends_them(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, NULL);

    settle(vt);
    assert_true(vt_n_color_sgr(vt) > 10);
    quit(vt);
}

static void draws_ascii_where_utf8_is_not_spoken(void **state)
{
    const char *const env[] = {"LC_ALL=C", "LANG=C", NULL};
    struct vt *vt = start_ready((struct stage){0}, env, &sixel);

    settle(vt);
    assert_shows(vt, 0);
    vt_keys(vt, "o");
    assert_true(vt_pump_until(vt, "+ popup ", 5000) > 0);
    vt_keys(vt, "oh");
    settle(vt);
    assert_int_equal(n_alive(vt), 0);
    quit(vt);
}

static void works_on_old_terminals(void **state)
{
    const char *const types[] = {"TERM=vt100", "TERM=linux", "TERM=screen", "TERM=xterm"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const char *const env[] = {types[i], NULL};
        struct vt *vt = start_ready((struct stage){0}, env, NULL);

        settle(vt);
        vt_keys(vt, "s");
        assert_int_equal(vt_pump_until(vt, "s1 keys 1", 2000), 0);
        assert_int_equal(vt_find(vt, "footer", NULL), 23);
        if (!strcmp(types[i], "TERM=linux")) /* which would show the question */
            assert_int_equal(vt_count(vt, "\033[16t"), 0);
        quit(vt);
    }
}

static void says_in_a_sentence_what_terminal_is_missing(void **state)
{
    const char *const types[] = {"TERM=no-such-terminal", "TERM=dumb"};
    const char *const words[] = {"not known", "cannot move"};

    for (int i = 0; i < 2; i++) {
        const char *const env[] = {types[i], NULL};
        struct vt *vt = start((struct stage){0}, env, NULL);

        assert_true(vt_pump_until(vt, words[i], 5000) >= 0);
        assert_int_equal(WEXITSTATUS(vt_wait_exit(vt, 5000)), 3);
        assert_true(vt_is_restored(vt));
        vt_stop(vt);
    }
}

/* ---- cases: leaving ---- */

static void is_restored_after_sigterm(void **state)
{
    struct vt *vt = start_ready((struct stage){.options = {.mouse = true}}, NULL, &sixel);

    settle(vt);
    assert_true(vt_modes(vt).alternate_screen);
    assert_false(vt_modes(vt).cursor_visible);
    assert_false(vt_termios_restored(vt));
    vt_kill(vt, SIGTERM);
    assert_true(WIFEXITED(vt_wait_exit(vt, 5000)));
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
}

static void is_restored_in_an_emergency(void **state)
{
    struct vt *vt = start_ready((struct stage){.options = {.mouse = true}}, NULL, &sixel);
    int status;

    settle(vt);
    vt_keys(vt, "!");
    status = vt_wait_exit(vt, 5000);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
}

static void suspends_and_comes_back(void **state)
{
    struct vt *vt = start_ready((struct stage){.options = {.mouse = true}}, NULL, &sixel);

    settle(vt);
    vt_keys(vt, "<C-z>");
    assert_true(vt_wait_stopped(vt, 5000));
    assert_true(vt_is_restored(vt));
    assert_int_equal(n_alive(vt), 0);
    vt_kill(vt, SIGCONT);
    assert_int_equal(vt_pump_until(vt, "keys 1", 5000), 0);
    settle(vt);
    assert_true(vt_modes(vt).alternate_screen && vt_modes(vt).mouse);
    assert_false(vt_modes(vt).cursor_visible);
    assert_shows(vt, 0);
    quit(vt);
}

static void notices_that_the_terminal_is_gone(void **state)
{
    struct vt *vt = start_ready((struct stage){0}, NULL, &sixel);
    int status;

    settle(vt);
    vt_hang_up(vt);
    status = vt_wait_exit(vt, 5000);
    /* SIGHUP ends the stage, which does not take it, or it saw the end of its input */
    assert_true(status != -1);
    vt_stop(vt);
}

static int ask_only(void *arg)
{
    struct mr_term_options options = {0};
    struct mr_term_caps caps;
    struct mr_error err;

    setlocale(LC_ALL, "");
    if (mr_term_probe(&caps, &options, 500, &err) != MR_OK)
        return 1;
    printf("%s sixel %d registers %d cell %dx%d\n", caps.name, caps.has_sixel, caps.n_registers,
           caps.cell.w, caps.cell.h);
    return 0;
}

static void finds_out_without_opening_the_screen(void **state)
{
    struct vt *vt = vt_start_function(ask_only, NULL, NULL, 24, 80, &sixel);

    assert_true(vt_pump_until(vt, "XTerm(379) sixel 1 registers 1024 cell 9x19", 5000) == 0);
    assert_int_equal(vt_wait_exit(vt, 5000), 0);
    assert_false(vt_modes(vt).alternate_screen);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
}

static int play_twice(void *arg)
{
    int status = play(arg);

    return status ? status : play(arg);
}

static void opens_again_after_closing(void **state)
{
    struct stage stage = {.col = 42};
    struct vt *vt = vt_start_function(play_twice, &stage, NULL, 24, 80, &sixel);

    for (int i = 0; i < 2; i++) {
        assert_true(vt_pump_until_pictures(vt, i + 1, 5000));
        settle(vt);
        assert_shows(vt, 0);
        if (i == 0)
            vt_keys(vt, "q");
    }
    quit(vt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_at_once_on_a_mute_terminal),
        cmocka_unit_test(a_late_reply_brings_pictures_and_no_keys),
        cmocka_unit_test(a_reply_in_pieces_brings_pictures_and_no_keys),
        cmocka_unit_test(keeps_keys_typed_while_it_asks),
        cmocka_unit_test(believes_da1_and_not_term),
        cmocka_unit_test(reads_keys_of_every_kind),
        cmocka_unit_test(reads_the_mouse_only_if_asked_to),
        cmocka_unit_test(without_colors_sends_no_color),
        cmocka_unit_test(with_colors_sends_them),
        cmocka_unit_test(draws_ascii_where_utf8_is_not_spoken),
        cmocka_unit_test(works_on_old_terminals),
        cmocka_unit_test(says_in_a_sentence_what_terminal_is_missing),
        cmocka_unit_test(is_restored_after_sigterm),
        cmocka_unit_test(is_restored_in_an_emergency),
        cmocka_unit_test(suspends_and_comes_back),
        cmocka_unit_test(notices_that_the_terminal_is_gone),
        cmocka_unit_test(opens_again_after_closing),
        cmocka_unit_test(finds_out_without_opening_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
