/* SPDX-License-Identifier: MIT */
/*
 * The open terminal from the other end: a small program (stage, below) draws through term in a
 * pseudo-terminal and obeys keys; the suite looks at what a terminal would show. Pictures are
 * decoded and compared.
 */
#include "support.h"

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <misread/base/clock.h>
#include <misread/term/term.h>

#include "vt.h"

#include "fake_image.h"

/* ---- the program on the stage ---- */

struct stage {
    struct mr_term_options options;
    bool fill_screen;    /* the picture wants everything, the last row too */
    bool is_nonblocking; /* standard output */
    int col;             /* where the picture is; text is left and right of it */
    int n_pictures;      /* 0: one */
};

/* Smooth, and different for every version in every place: what a photograph is to a palette. */
static struct mr_image *make_picture(int version, int w, int h)
{
    struct mr_image *image;
    struct mr_error err;

    assert_ok(mr_image_create(&image, w, h, &err), err);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            double u = x / (double)w, v = y / (double)h, k = version * 2.1;
            unsigned char *p = image->rgb + (y * w + x) * 3;

            p[0] = (unsigned char)(127 + 120 * sin(4 * u + k) * cos(3 * v - k));
            p[1] = (unsigned char)(127 + 120 * cos(5 * v + 2 * k));
            p[2] = (unsigned char)(127 + 120 * sin(3 * (u - v) + 3 * k));
        }
    }
    return image;
}

struct show {
    int version, n_keys, scroll, code, n_clicks;
    bool has_popup, is_hidden, is_small, is_moved, wants_exit;
    struct mr_term *term;
};

static struct mr_rect_cells picture_rect(const struct stage *stage, const struct show *show,
                                         struct mr_size_cells size)
{
    struct mr_rect_cells rect = {3, stage->col, 12, 30};

    if (stage->fill_screen)
        return (struct mr_rect_cells){0, 0, size.rows, size.cols};
    if (show->is_small)
        rect = (struct mr_rect_cells){5, stage->col + 4, 6, 14};
    if (show->is_moved)
        rect.row += 2;
    return rect;
}

static void draw_text(const struct stage *stage, const struct show *show,
                      const struct mr_canvas *screen)
{
    struct mr_size_cells size = mr_term_size(show->term);
    const struct mr_term_caps *caps = mr_term_get_caps(show->term);
    static const char *const lines[] = {"short", "a line that is rather longer than others", "",
                                        "x"};

    for (int row = 3; row < size.rows - 2; row++) {
        const char *line = lines[(row + show->scroll) % 4];
        struct mr_canvas left =
            mr_canvas_sub(screen, (struct mr_rect_cells){row, 0, 1, stage->col});

        mr_canvas_text(&left, 0, 0, MR_STYLE_NORMAL, line);
        mr_canvas_textf(screen, row, stage->col + 31, MR_STYLE_GOOD_0 + row % 8, "%d %s",
                        row + show->scroll, line);
    }
    mr_canvas_textf(screen, 0, 0, MR_STYLE_TITLE, "ready v%d s%d keys %d code %d clicks %d",
                    show->version, show->scroll, show->n_keys, show->code, show->n_clicks);
    mr_canvas_textf(screen, 1, 0, MR_STYLE_DIM, "graphics %d colors %d cell %dx%d regs %d",
                    caps->graphics, caps->n_colors, caps->cell.w, caps->cell.h, caps->n_registers);
    mr_canvas_text(screen, size.rows - 1, 0, MR_STYLE_KEY, "footer");
}

static void draw(const struct stage *stage, struct show *show)
{
    struct mr_canvas screen = mr_term_begin(show->term);
    int n = stage->n_pictures ? stage->n_pictures : 1;

    draw_text(stage, show, &screen);
    for (int i = 0; i < n && !show->is_hidden; i++) {
        struct mr_image *image = make_picture(show->version + i, 300, 228);
        struct mr_rect_cells rect = picture_rect(stage, show, mr_term_size(show->term));

        if (n > 1)
            rect = (struct mr_rect_cells){3 + 5 * (i / 6), 1 + 12 * (i % 6), 4, 10};
        mr_canvas_picture(&screen, rect, (uint64_t)(show->version + i + 1), image, "caption");
        mr_image_destroy(image);
    }
    if (show->has_popup) {
        struct mr_canvas popup =
            mr_canvas_sub(&screen, (struct mr_rect_cells){7, stage->col + 20, 4, 16});

        mr_canvas_fill(&popup, (struct mr_rect_cells){0, 0, 4, 16}, MR_STYLE_NORMAL);
        popup = mr_canvas_box(&popup, "popup", true);
        mr_canvas_text(&popup, 0, 0, MR_STYLE_SELECTED, "choose");
    }
    mr_term_end(show->term);
}

static void suspend(struct show *show)
{
    mr_term_suspend(show->term);
    raise(SIGSTOP);
    mr_term_resume(show->term);
}

static void obey(struct show *show, const struct mr_key *key)
{
    if (key->code != MR_KEY_RESIZE) {
        show->n_keys++;
        show->code = key->code;
    }
    show->n_clicks += key->code == MR_KEY_MOUSE && key->mouse == MR_MOUSE_DOUBLE;
    show->version += key->code == 'n';
    show->scroll += key->code == 's';
    show->has_popup ^= key->code == 'o';
    show->is_hidden ^= key->code == 'h';
    show->is_small ^= key->code == 'm';
    show->is_moved ^= key->code == 'd';
    show->wants_exit |= key->code == 'q';
    if (key->code == 'r')
        mr_term_redraw(show->term);
    if (key->code == 'g')
        mr_term_cycle_graphics(show->term);
    if (key->code == MR_CTRL('z'))
        suspend(show);
    if (key->code == '!')
        abort();
}

static void on_death(int sig)
{
    mr_term_emergency();
    signal(sig, SIG_DFL);
    raise(sig);
}

static volatile sig_atomic_t is_asked_to_end;

static void on_term(int sig)
{
    is_asked_to_end = 1;
}

static int play(void *arg)
{
    const struct stage *stage = arg;
    struct show show = {0};
    struct mr_error err;

    setlocale(LC_ALL, "");
    signal(SIGABRT, on_death);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    if (stage->is_nonblocking)
        fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
    if (mr_term_open(&show.term, &stage->options, &err) != MR_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 3;
    }
    while (!show.wants_exit && !is_asked_to_end && !mr_term_is_lost(show.term)) {
        struct pollfd ready[2] = {{STDIN_FILENO, POLLIN, 0},
                                  {mr_term_wake_fd(show.term), POLLIN, 0}};
        struct mr_key key;

        draw(stage, &show);
        poll(ready, 2, mr_term_is_busy(show.term) ? 30 : 2000);
        while (!show.wants_exit && mr_term_key(show.term, &key))
            obey(&show, &key);
    }
    if (mr_term_is_lost(show.term)) {
        mr_term_close(show.term);
        return 4;
    }
    mr_term_close(show.term);
    return 0;
}

/* ---- helpers of the suite ---- */

static const struct vt_options sixel = {.sixel = true};

static struct vt *start(struct stage stage, const char *const *env,
                        const struct vt_options *options)
{
    static struct stage kept;

    kept = stage;
    if (!kept.col)
        kept.col = 42;
    return vt_start_function(play, &kept, env, 24, 80, options);
}

static struct vt *start_ready(struct stage stage, const char *const *env,
                              const struct vt_options *options)
{
    struct vt *vt = start(stage, env, options);

    assert_int_equal(vt_pump_until(vt, "ready v0", 5000), 0);
    return vt;
}

/* Quits with q and checks that everything is as it was. */
static void quit(struct vt *vt)
{
    int status;

    vt_keys(vt, "q");
    status = vt_wait_exit(vt, 5000);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(vt_is_restored(vt));
    vt_stop(vt);
}

/* PSNR of what was drawn against version, letterboxed to the same size. */
static double likeness(const struct vt_picture *picture, int version)
{
    struct mr_image *image = make_picture(version, 300, 228), *want;
    struct mr_error err;
    double psnr;

    assert_ok(
        mr_image_letterbox(&want, image, (struct mr_size_px){picture->w, picture->h}, 0, &err),
        err);
    psnr = vt_psnr(picture->rgb, want->rgb, picture->w, picture->h);
    mr_image_destroy(image);
    mr_image_destroy(want);
    return psnr;
}

/* The newest picture is whole and shows version, and no other can be seen. */
static void assert_shows(struct vt *vt, int version)
{
    int n;
    const struct vt_picture *pictures = vt_pictures(vt, &n);

    assert_true(n > 0);
    assert_true(pictures[n - 1].is_whole);
    for (int i = 0; i < n - 1; i++)
        assert_false(pictures[i].is_alive);
    assert_false(pictures[n - 1].on_last_row);
    assert_true(likeness(&pictures[n - 1], version) >= 25);
    assert_true(likeness(&pictures[n - 1], version + 1) < 15);
}

static int n_pictures(struct vt *vt)
{
    int n;

    vt_pictures(vt, &n);
    return n;
}

static int n_alive(struct vt *vt)
{
    int n, count = 0;
    const struct vt_picture *pictures = vt_pictures(vt, &n);

    for (int i = 0; i < n; i++)
        count += pictures[i].is_alive;
    return count;
}

static void settle(struct vt *vt)
{
    assert_true(vt_pump_quiet(vt, 120, 5000));
}

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
        cmocka_unit_test(finds_out_without_opening_the_screen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
