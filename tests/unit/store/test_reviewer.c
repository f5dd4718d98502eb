/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <poll.h>

#include <misread/base/clock.h>
#include <misread/base/thread.h>

#include "sql.h"

static struct mr_reviewer *start(const char *dir, struct mr_wake *wake)
{
    struct mr_store *store = open_store(dir);
    struct mr_reviewer *reviewer = NULL;
    struct mr_error err;

    add_images(store, 5);
    mr_store_close(store);
    assert_ok(mr_reviewer_start(&reviewer, dir, wake, &err), err);
    return reviewer;
}

static void wait_until_answered(struct mr_reviewer *reviewer)
{
    for (int i = 0; mr_reviewer_n_pending(reviewer) > 0; i++) {
        assert_true(i < 20000);
        mr_clock_sleep_ms(1);
    }
}

static void answers_in_the_order_handed_over(void **state)
{
    enum { N = 30 };
    char *dir = make_folder();
    struct mr_reviewer *reviewer = start(dir, NULL);
    struct mr_decision d;
    struct mr_error err;
    int64_t ticket;

    for (int i = 0; i < N; i++) {
        d = relabel(1 + i % 5, i % 3, "ann");
        assert_int_equal(mr_reviewer_submit(reviewer, &d), i + 1);
        assert_int_equal(d.id, 0);
    }
    assert_true(mr_reviewer_n_pending(reviewer) <= N);
    wait_until_answered(reviewer);
    for (int i = 0; i < N; i++) {
        assert_true(mr_reviewer_poll(reviewer, &ticket, &d, &err));
        assert_int_equal(err.status, MR_OK);
        assert_int_equal(ticket, i + 1);
        assert_int_equal(d.id, i + 1);
        assert_int_equal(d.image, 1 + i % 5);
        assert_true(d.at > 0);
    }
    assert_false(mr_reviewer_poll(reviewer, &ticket, &d, &err));
    mr_reviewer_stop(reviewer);
    remove_folder(dir);
}

static void wakes_the_screen(void **state)
{
    char *dir = make_folder();
    struct mr_wake *wake = mr_wake_create();
    struct mr_reviewer *reviewer = start(dir, wake);
    struct pollfd fd = {mr_wake_fd(wake), POLLIN, 0};
    struct mr_decision d = relabel(1, 1, "ann");
    struct mr_error err;
    int64_t ticket;

    assert_int_equal(poll(&fd, 1, 0), 0);
    mr_reviewer_submit(reviewer, &d);
    assert_int_equal(poll(&fd, 1, 20000), 1);
    assert_true(mr_reviewer_poll(reviewer, &ticket, &d, &err)); /* the answer is there by then */
    mr_reviewer_stop(reviewer);
    mr_wake_destroy(wake);
    remove_folder(dir);
}

static void answers_a_refusal_and_commits_the_next(void **state)
{
    char *dir = make_folder();
    struct mr_reviewer *reviewer = start(dir, NULL);
    struct mr_decision good = relabel(1, 1, "ann"), bad = relabel(99, 1, "ann"), d;
    struct mr_error err;
    int64_t ticket;

    mr_reviewer_submit(reviewer, &bad);
    mr_reviewer_submit(reviewer, &good);
    wait_until_answered(reviewer);
    assert_true(mr_reviewer_poll(reviewer, &ticket, &d, &err));
    assert_int_equal(ticket, 1);
    assert_int_equal(err.status, MR_E_NOT_FOUND);
    assert_int_equal(d.id, 0);
    assert_non_null(strstr(err.message, "image 99"));
    assert_true(mr_reviewer_poll(reviewer, &ticket, &d, &err));
    assert_int_equal(ticket, 2);
    assert_int_equal(err.status, MR_OK);
    mr_reviewer_stop(reviewer);
    remove_folder(dir);
}

static void commits_what_is_pending_before_it_stops(void **state)
{
    char *dir = make_folder();
    struct mr_reviewer *reviewer = start(dir, NULL);
    struct mr_store *store;
    struct mr_decision *all;
    struct mr_error err;
    int n;

    for (int i = 0; i < 40; i++) {
        struct mr_decision d = relabel(1, i % 3, "ann");

        mr_reviewer_submit(reviewer, &d);
    }
    mr_reviewer_stop(reviewer);
    mr_reviewer_stop(NULL);
    store = open_store(dir);
    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    assert_int_equal(n, 40);
    for (int i = 0; i < n; i++)
        assert_int_equal(all[i].to_class, i % 3);
    free(all);
    mr_store_close(store);
    remove_folder(dir);
}

static void does_not_make_the_screen_wait_for_the_disk(void **state)
{
    /* Another connection holds the write lock: commits must wait, handing over must not. */
    char *dir = make_folder();
    struct mr_reviewer *reviewer = start(dir, NULL);
    struct mr_store *store = open_store(dir);
    struct mr_decision d = relabel(1, 1, "ann");
    struct mr_error err;
    int64_t ticket, begun;

    assert_ok(mr_sql_tx_begin(store, "hold the lock", &err), err);
    begun = mr_clock_ms();
    for (int i = 0; i < 100; i++)
        mr_reviewer_submit(reviewer, &d);
    assert_false(mr_reviewer_poll(reviewer, &ticket, &d, &err));
    assert_int_equal(mr_reviewer_n_pending(reviewer), 100);
    assert_true(mr_clock_ms() - begun < 2000); /* far below the busy timeout of 10 s */
    assert_ok(mr_sql_tx_end(store, MR_OK, "let it go", &err), err);
    wait_until_answered(reviewer);
    assert_true(mr_reviewer_poll(reviewer, &ticket, &d, &err));
    assert_int_equal(err.status, MR_OK);
    mr_reviewer_stop(reviewer);
    mr_store_close(store);
    remove_folder(dir);
}

static void does_not_start_without_a_project(void **state)
{
    char *dir = make_folder();
    struct mr_reviewer *reviewer = NULL;
    struct mr_error err;

    assert_int_equal(mr_reviewer_start(&reviewer, dir, NULL, &err), MR_E_NOT_FOUND);
    assert_null(reviewer);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_in_the_order_handed_over),
        cmocka_unit_test(wakes_the_screen),
        cmocka_unit_test(answers_a_refusal_and_commits_the_next),
        cmocka_unit_test(commits_what_is_pending_before_it_stops),
        cmocka_unit_test(does_not_make_the_screen_wait_for_the_disk),
        cmocka_unit_test(does_not_start_without_a_project),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
