/* SPDX-License-Identifier: MIT */
/*
 * The screen's helpers in threads of their own: reasons, pictures and looks are asked for,
 * cancelled and closed while they work, over a real project with a run of one epoch.
 */
#include "unit/train/lab.h"

#include <misread/base/thread.h>
#include <misread/interp/flaws.h>
#include <misread/tui/tui.h>

#include "looking.h"
#include "pictures.h"
#include "place.h"
#include "reasons.h"
#include "session.h"

#define N_IMAGES (2 * LAB_N_PER_CLASS)

static struct mr_sandbox *sandbox;
static struct lab lab;
static int run;
static struct mr_session session = {.signals = -1, .front = -1};
static struct mr_place place;

static int train_once(void **state)
{
    struct mr_train_options o = lab_options();

    o.n_epochs = 1;
    lab_open(&lab, sandbox);
    session.sandbox = sandbox;
    session.wake = lab.place.wake = mr_wake_create();
    place = (struct mr_place){.data_dir = lab.data, .project_dir = lab.project, .name = "lab"};
    run = lab_train(&lab, &o);
    return 0;
}

static int clean_up(void **state)
{
    mr_wake_destroy(session.wake);
    lab_close(&lab);
    return 0;
}

/* As much of a borrowed picture as a screen would read. */
static void look_at(const struct mr_image *picture)
{
    unsigned sum = 0;

    for (int i = 0; picture && i < 3 * picture->w * picture->h; i++)
        sum += picture->rgb[i];
    assert_true(!picture || sum > 0);
}

/* A frame: both heat maps of an image and what is like it. Returns how many are there. */
static int ask_why(struct mr_reasons *reasons, int64_t image)
{
    struct mr_tui_heat heat;
    struct mr_tui_near near;
    int n = 0;

    for (int class_id = 0; class_id < 2; class_id++) {
        mr_reasons_heat(reasons, run, image, class_id, &heat);
        assert_null(heat.failed);
        look_at(heat.picture);
        n += heat.picture != NULL;
        if (heat.picture)
            assert_int_equal(heat.h * heat.w, 1); /* of 32 pixels */
        mr_reasons_near(reasons, run, image, class_id, &near);
        assert_null(near.failed);
        assert_true(near.n_done <= near.n_total);
        n += near.is_ready;
    }
    return n;
}

static void why_until(struct mr_reasons *reasons, int64_t image, int n)
{
    int64_t began = mr_clock_ms();

    while (ask_why(reasons, image) < n) {
        if (mr_clock_ms() - began > LAB_PATIENCE_MS)
            fail_msg("the reasons of image %lld did not come", (long long)image);
        mr_clock_sleep_ms(5);
    }
}

/* n answers are waited for, then others are asked for and everything is closed at once. */
static void reasons_are_closed_while_they_work(void **state)
{
    for (int n = 0; n <= 4; n++) {
        struct mr_reasons *reasons = NULL;
        struct mr_error err;

        assert_ok(mr_reasons_start(&reasons, &session, &place, &err), err);
        why_until(reasons, 1, n);
        for (int image = 2; image <= N_IMAGES; image++) /* more than there are slots */
            ask_why(reasons, image);
        mr_reasons_stop(reasons);
    }
}

static const struct mr_image *ask_picture(struct mr_pictures *pictures, int64_t image, int side_px)
{
    const char *failed;
    const struct mr_image *picture =
        mr_pictures_get(pictures, image, (struct mr_size_px){.w = side_px, .h = side_px}, &failed);

    assert_null(failed);
    look_at(picture);
    return picture;
}

static void pictures_are_closed_while_they_are_decoded(void **state)
{
    for (int n = 0; n <= N_IMAGES; n += N_IMAGES / 2) {
        struct mr_pictures *pictures = NULL;
        struct mr_error err;

        assert_ok(mr_pictures_start(&pictures, &session, &place, &err), err);
        for (int image = 1; image <= n; image++) {
            int64_t began = mr_clock_ms();

            while (!ask_picture(pictures, image, 20) && mr_clock_ms() - began < LAB_PATIENCE_MS)
                mr_clock_sleep_ms(1);
            assert_non_null(ask_picture(pictures, image, 40)); /* nearer: the old one meanwhile */
            mr_pictures_retry(pictures);
        }
        for (int image = 1; image <= N_IMAGES; image++)
            ask_picture(pictures, image, 30);
        mr_pictures_stop(pictures);
    }
}

/* Reads until the look is at least that far, or has ended. */
static void look_until(struct mr_looking *looking, struct mr_tui_look *look, int64_t n_done)
{
    int64_t began = mr_clock_ms();

    for (;;) {
        mr_looking_read(looking, look);
        if (look->state != MR_TUI_LOOK_RUNS || look->n_done >= n_done)
            return;
        if (mr_clock_ms() - began > LAB_PATIENCE_MS)
            fail_msg("the look did not come to %lld images", (long long)n_done);
        mr_clock_sleep_ms(1);
    }
}

static void a_look_is_cancelled_begun_anew_and_closed_while_it_works(void **state)
{
    struct mr_looking *looking = mr_looking_create(&lab.place);
    struct mr_tui_look look = {0};
    struct mr_error err;

    assert_ok(mr_looking_start(looking, true, &err), err);
    look_until(looking, &look, 1);
    mr_looking_cancel(looking);
    look_until(looking, &look, INT64_MAX);
    assert_ok(mr_looking_start(looking, true, &err), err);
    look_until(looking, &look, INT64_MAX);
    assert_int_equal(look.state, MR_TUI_LOOK_DONE);
    assert_non_null(look.flaws);
    assert_ok(mr_looking_start(looking, false, &err), err);
    mr_looking_read(looking, &look); /* what was found before stays */
    assert_non_null(look.flaws);
    mr_looking_destroy(looking);
}

/* Screen 5 reads when it opens; the key that measures may follow at once. */
static void a_look_that_reads_measures_next_when_asked(void **state)
{
    struct mr_looking *looking = mr_looking_create(&lab.place);
    struct mr_tui_look look = {0};
    struct mr_error err;

    assert_ok(mr_looking_start(looking, false, &err), err);
    assert_ok(mr_looking_start(looking, true, &err), err);
    look_until(looking, &look, INT64_MAX);
    assert_int_equal(look.state, MR_TUI_LOOK_DONE);
    assert_int_equal(look.flaws->n_measured, N_IMAGES);
    mr_looking_destroy(looking);
}

static void all_work_beside_each_other_and_close_in_any_order(void **state)
{
    struct mr_looking *looking = mr_looking_create(&lab.place);
    struct mr_pictures *pictures = NULL;
    struct mr_reasons *reasons = NULL;
    struct mr_tui_look look = {0};
    struct mr_error err;

    assert_ok(mr_pictures_start(&pictures, &session, &place, &err), err);
    assert_ok(mr_reasons_start(&reasons, &session, &place, &err), err);
    assert_ok(mr_looking_start(looking, true, &err), err);
    for (int image = 1; image <= N_IMAGES; image++) {
        ask_picture(pictures, image, 40);
        ask_why(reasons, image);
        mr_looking_read(looking, &look);
    }
    why_until(reasons, 3, 1);
    mr_pictures_stop(pictures);
    mr_looking_destroy(looking);
    mr_reasons_stop(reasons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_closed_while_they_work),
        cmocka_unit_test(pictures_are_closed_while_they_are_decoded),
        cmocka_unit_test(a_look_that_reads_measures_next_when_asked),
        cmocka_unit_test(a_look_is_cancelled_begun_anew_and_closed_while_it_works),
        cmocka_unit_test(all_work_beside_each_other_and_close_in_any_order),
    };

    /* the sandbox before anything starts a thread */
    lab_main_with(sandbox, tests, train_once, clean_up);
}
