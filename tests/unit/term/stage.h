/* SPDX-License-Identifier: MIT */
/*
 * A small program that draws through term in a pseudo-terminal and obeys keys, and what suites need
 * to look at it from the other end. Pictures are decoded and compared.
 */
#ifndef MISREAD_TESTS_TERM_STAGE_H
#define MISREAD_TESTS_TERM_STAGE_H

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
    bool is_patient;     /* waits for the wake-up instead of looking every 30 ms */
    int col;             /* where the picture is; text is left and right of it */
    int n_pictures;      /* 0: one */
};

/* Smooth, and different for every version in every place: what a photograph is to a palette. */
static inline struct mr_image *make_picture(int version, int w, int h)
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

static inline struct mr_rect_cells picture_rect(const struct stage *stage, const struct show *show,
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

static inline void draw_text(const struct stage *stage, const struct show *show,
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

static inline void draw(const struct stage *stage, struct show *show)
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

static inline void suspend(struct show *show)
{
    mr_term_suspend(show->term);
    raise(SIGSTOP);
    mr_term_resume(show->term);
}

static inline void obey(struct show *show, const struct mr_key *key)
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

static inline void on_death(int sig)
{
    mr_term_emergency();
    signal(sig, SIG_DFL);
    raise(sig);
}

static volatile sig_atomic_t is_asked_to_end;

static inline void on_term(int sig)
{
    is_asked_to_end = 1;
}

static inline int play(void *arg)
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
        poll(ready, 2, mr_term_is_busy(show.term) && !stage->is_patient ? 30 : 2000);
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

static inline struct vt *start(struct stage stage, const char *const *env,
                               const struct vt_options *options)
{
    static struct stage kept;

    kept = stage;
    if (!kept.col)
        kept.col = 42;
    return vt_start_function(play, &kept, env, 24, 80, options);
}

static inline struct vt *start_ready(struct stage stage, const char *const *env,
                                     const struct vt_options *options)
{
    struct vt *vt = start(stage, env, options);

    assert_int_equal(vt_pump_until(vt, "ready v0", 5000), 0);
    return vt;
}

/* Quits with q and checks that everything is as it was. */
static inline void quit(struct vt *vt)
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
static inline double likeness(const struct vt_picture *picture, int version)
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
static inline void assert_shows(struct vt *vt, int version)
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

static inline int n_pictures(struct vt *vt)
{
    int n;

    vt_pictures(vt, &n);
    return n;
}

static inline int n_alive(struct vt *vt)
{
    int n, count = 0;
    const struct vt_picture *pictures = vt_pictures(vt, &n);

    for (int i = 0; i < n; i++)
        count += pictures[i].is_alive;
    return count;
}

/* Quiet for longer than the program thinks between two pieces of output; with ThreadSanitizer it
 * thinks slowly. */
#define QUIET_MS 120
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef QUIET_MS
#define QUIET_MS 1000
#endif
#endif

static inline void settle(struct vt *vt)
{
    assert_true(vt_pump_quiet(vt, QUIET_MS, 5000 + QUIET_MS));
}

#endif
