/* SPDX-License-Identifier: MIT */
/* Screen 6, the search for a learning rate, and the way from there into the start sheet. */
#include "play.h"

#include <misread/store/store.h>

static void says_what_it_is_for(void **state)
{
    struct play p = {0};

    begin(&p, NULL, 24, 80);
    type(&p, "6");
    golden(&p, "rate_empty");
    type(&p, "<Enter>");
    see(&p, "there is no rate to take yet");
    end(&p);
}

static void marks_what_the_curve_suggests(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "6s");
    golden(&p, "rate_80x24");
    end(&p);
}

static void fits_a_large_screen_and_the_smallest(void **state)
{
    struct play p = {0};

    begin(&p, &done, 36, 120);
    type(&p, "6s");
    golden(&p, "rate_120x36");
    vt_resize(p.vt, 16, 60);
    assert_true(vt_pump_quiet(p.vt, 300, WAIT_MS));
    golden(&p, "rate_60x16");
    end(&p);
}

static void draws_while_it_runs_and_can_be_stopped(void **state)
{
    struct play p = {.stage = {.has_slow_search = true}};

    begin(&p, &done, 24, 80);
    type(&p, "6s");
    golden(&p, "rate_running");
    type(&p, "<Enter>");
    see(&p, "the search is not done yet");
    type(&p, "X");
    see(&p, "stopped: no suggestions");
    type(&p, "<Left>"); /* any rate of the curve can still be taken */
    type(&p, "<Enter>");
    see(&p, "start training");
    end(&p);
}

static void escape_stops_the_search_before_it_goes_back(void **state)
{
    struct play p = {.stage = {.has_slow_search = true}};

    begin(&p, &done, 24, 80);
    type(&p, "6s<Esc>");
    see(&p, "stopped: no suggestions");
    end(&p);
}

static void a_suggestion_goes_into_the_start_sheet(void **state)
{
    struct play p = {0};
    struct mr_error err = {0};
    char *started = NULL, rate[16] = "";
    int row;

    begin(&p, &done, 24, 80);
    type(&p, "6s<Down>");
    row = vt_find(p.vt, "where the loss falls fastest", NULL);
    assert_int_not_equal(row, -1);
    assert_int_equal(sscanf(vt_screen_text(p.vt, row), " steep %15s", rate), 1);
    type(&p, "<Enter>");
    golden(&p, "start_with_rate");
    vt_keys(p.vt, "<Enter>");
    see(&p, "starting a run");
    assert_ok(mr_store_get_meta(p.store, "started", &started, &err), err);
    assert_non_null(strstr(started, rate));
    free(started);
    end(&p);
}

static void the_crosshair_moves_along_the_curve(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "6s<Home>");
    see(&p, "crosshair 1.0e-07");
    type(&p, "<Right>");
    see(&p, "crosshair 1.2e-07"); /* 1e-7 * 1e8^(1/100) */
    golden(&p, "rate_crosshair");
    type(&p, "<Up>"); /* back among the suggestions */
    type(&p, "<Enter>");
    see(&p, "--lr RATE");
    end(&p);
}

static void a_stopped_run_does_not_hide_the_rate(void **state)
{
    struct stage_run stopped = done;
    struct play p = {0};

    stopped.state = MR_RUN_STOPPED;
    begin(&p, &stopped, 24, 80);
    type(&p, "6s<Enter>");
    see(&p, "a new one");
    see(&p, "--lr RATE");
    end(&p);
}

static void refuses_while_a_run_trains_here(void **state)
{
    struct play p = {.stage = {.is_training = true}};

    begin(&p, &live, 24, 80);
    type(&p, "6s");
    see(&p, "run 1 is training here");
    see(&p, "How fast should the network learn?");
    end(&p);
}

static void help_lists_its_keys(void **state)
{
    struct play p = {0};

    begin(&p, &done, 24, 80);
    type(&p, "6?");
    see(&p, "keys of LR");
    see(&p, "search for a learning rate, as the start sheet says");
    see(&p, "put the chosen rate into the start sheet");
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is_for),
        cmocka_unit_test(marks_what_the_curve_suggests),
        cmocka_unit_test(fits_a_large_screen_and_the_smallest),
        cmocka_unit_test(draws_while_it_runs_and_can_be_stopped),
        cmocka_unit_test(escape_stops_the_search_before_it_goes_back),
        cmocka_unit_test(a_suggestion_goes_into_the_start_sheet),
        cmocka_unit_test(the_crosshair_moves_along_the_curve),
        cmocka_unit_test(a_stopped_run_does_not_hide_the_rate),
        cmocka_unit_test(refuses_while_a_run_trains_here),
        cmocka_unit_test(help_lists_its_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
