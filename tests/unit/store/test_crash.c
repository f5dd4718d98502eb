/* SPDX-License-Identifier: MIT */
/*
 * Readers that die by SIGKILL, and a review of a thousand decisions by two at the same moment. What
 * they reported as saved through a pipe must be there. MISREAD_KILL_ROUNDS makes the rounds more
 * than the few of an ordinary run.
 */
#include "project.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <misread/base/clock.h>
#include <misread/base/rng.h>

enum { MAX_ACKS = 1 << 20 };

/* What a child reports of a decision once it is acknowledged; below PIPE_BUF, so never torn. */
struct ack {
    int64_t id;
    int number;
};

/* The decision with this number, told apart by its note. */
static struct mr_decision numbered(const char *reader, int number)
{
    struct mr_decision d = relabel(1 + number % 5, number % 3, reader);

    snprintf(d.note, sizeof d.note, "%s %d", reader, number);
    return d;
}

/* The child: as fast as the disk allows, for ever. Odd rounds go through the review thread. */
static void decide_for_ever(const char *dir, int out, int number, bool by_thread)
{
    struct mr_reviewer *reviewer = NULL;
    struct mr_store *store = NULL;
    struct mr_decision d;
    struct mr_error err;
    struct ack ack;
    int64_t ticket;

    if (by_thread ? mr_reviewer_start(&reviewer, dir, NULL, &err)
                  : mr_store_open(&store, dir, MR_STORE_EXISTING, &err))
        _exit(1);
    for (;; number++) {
        d = numbered("ann", number);
        if (by_thread) {
            mr_reviewer_submit(reviewer, &d);
            while (!mr_reviewer_poll(reviewer, &ticket, &d, &err))
                mr_clock_sleep_ms(0);
            if (err.status)
                _exit(2);
        } else if (mr_decision_add(store, &d, &err)) {
            _exit(2);
        }
        ack = (struct ack){d.id, number};
        if (write(out, &ack, sizeof ack) != sizeof ack)
            _exit(3);
    }
}

/* Reads all acknowledgements until the child's end of the pipe is gone. */
static int read_acks(int in, struct ack *acks, int n)
{
    while (read(in, &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
        n++;
    return n;
}

/* Every acknowledged decision is there under its id, whole; all that is there is in order. */
static int check_decisions(const char *dir, const struct ack *acks, int n_acks)
{
    struct mr_store *store = open_store(dir);
    struct mr_decision *all;
    struct mr_error err;
    int n, k = 0;

    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    for (int i = 0; i < n; i++) {
        assert_int_equal(all[i].id, i + 1);
        if (k < n_acks && acks[k].id == all[i].id) {
            struct mr_decision d = numbered("ann", acks[k].number);

            assert_string_equal(all[i].note, d.note);
            assert_int_equal(all[i].image, d.image);
            assert_int_equal(all[i].to_class, d.to_class);
            k++;
        }
    }
    assert_int_equal(k, n_acks);
    free(all);
    mr_store_close(store);
    return n;
}

static void keeps_every_acknowledged_decision_when_killed(void **state)
{
    const char *wish = getenv("MISREAD_KILL_ROUNDS");
    int n_rounds = wish ? atoi(wish) : 30, n_acks = 0, n_stored = 0;
    struct ack *acks = calloc(MAX_ACKS, sizeof *acks);
    struct mr_rng rng = mr_rng_make((uint64_t)mr_clock_unix(), 0, 0, 0);
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);

    add_images(store, 5);
    mr_store_close(store);
    for (int round = 0; round < n_rounds; round++) {
        int ends[2], status;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (!pid) {
            close(ends[0]);
            decide_for_ever(dir, ends[1], n_stored, round % 2);
        }
        close(ends[1]);
        /* Mostly amid decisions, sometimes while it is still opening the project. */
        if (round % 3) {
            struct pollfd fd = {ends[0], POLLIN, 0};

            assert_int_equal(poll(&fd, 1, 20000), 1);
        }
        mr_clock_sleep_ms((int)mr_rng_below(&rng, 30));
        kill(pid, SIGKILL);
        n_acks = read_acks(ends[0], acks, n_acks);
        close(ends[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself, failing */
        n_stored = check_decisions(dir, acks, n_acks);
        assert_true(n_stored - n_acks <= round + 1); /* at most one in flight each time */
    }
    print_message("%d rounds, %d acknowledged, %d stored\n", n_rounds, n_acks, n_stored);
    assert_true(n_acks >= n_rounds / 3 * 2);
    free(acks);
    remove_folder(dir);
}

static const char *const readers[] = {"ann", "bob"};

/* Waits until the other reader is fewer than LEAD decisions behind: on a fast disk one of them
 * would be through before the other has begun. */
static void keep_pace(atomic_int *done, int me, int i)
{
    enum { LEAD = 25 };

    done[me] = i;
    while (done[!me] <= i - LEAD)
        mr_clock_sleep_ms(1);
}

/* A child of a review by two: marks, labels, boxes, and now and then the last one taken back.
 * Reports each as it is saved. */
static void review_a_part(const char *dir, int me, int n, atomic_int *done, int out)
{
    const char *reader = readers[me];
    struct mr_store *store = NULL;
    int64_t last = 0;

    if (mr_store_open(&store, dir, MR_STORE_EXISTING, NULL))
        _exit(1);
    for (int i = 0; i < n; i++) {
        struct mr_decision d = numbered(reader, i);
        struct ack ack;

        keep_pace(done, me, i);
        if (i % 10 == 9)
            d = (struct mr_decision){.kind = MR_DECISION_UNDO, .target = last};
        else if (i % 3 == 1)
            d.kind = MR_DECISION_FLAG;
        else if (i % 3 == 2)
            d.kind = MR_DECISION_BOX;
        if (d.kind == MR_DECISION_BOX)
            d.box = (struct mr_box){.1, .2, .3, .001 * (1 + i)};
        snprintf(d.reader, sizeof d.reader, "%s", reader);
        snprintf(d.note, sizeof d.note, "%s %d", reader, i);
        if (mr_decision_add(store, &d, NULL))
            _exit(2);
        last = d.id;
        ack = (struct ack){d.id, i};
        if (write(out, &ack, sizeof ack) != sizeof ack)
            _exit(3);
    }
    done[me] = n;
    mr_store_close(store);
    _exit(0);
}

static void keeps_a_review_by_two_at_once_whole_and_in_order(void **state)
{
    enum { N = 500 };
    atomic_int *done =
        mmap(NULL, 2 * sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ack *acks = calloc(2 * N + 1, sizeof *acks);
    char *dir = make_folder();
    struct mr_store *store = open_store(dir);
    struct mr_decision *all;
    struct mr_error err;
    int next[2] = {0}, n, n_turns = 0, ends[2], status;
    pid_t pids[2];

    assert_true(done != MAP_FAILED);
    add_images(store, 5);
    mr_store_close(store);
    assert_int_equal(pipe(ends), 0);
    for (int r = 0; r < 2; r++) {
        pids[r] = fork();
        if (!pids[r]) {
            close(ends[0]);
            review_a_part(dir, r, N, done, ends[1]);
        }
    }
    close(ends[1]);
    assert_int_equal(read_acks(ends[0], acks, 0), 2 * N);
    close(ends[0]);
    for (int r = 0; r < 2; r++) {
        assert_int_equal(waitpid(pids[r], &status, 0), pids[r]);
        assert_int_equal(status, 0);
    }
    store = open_store(dir);
    assert_ok(mr_decisions_load(store, &all, &n, &err), err);
    assert_int_equal(n, 2 * N);
    for (int i = 0; i < n; i++) {
        int r = strcmp(all[i].reader, "bob") == 0;
        char note[32];

        assert_int_equal(all[i].id, i + 1);
        snprintf(note, sizeof note, "%s %d", readers[r], next[r]);
        assert_string_equal(all[i].note, note); /* each reader's own order */
        if (next[r] % 10 == 9)
            assert_true(all[all[i].target - 1].undone);
        else
            assert_int_equal(all[i].undone, next[r] % 10 == 8);
        n_turns += i && strcmp(all[i].reader, all[i - 1].reader) != 0;
        next[r]++;
    }
    assert_int_equal(next[0], N);
    assert_true(n_turns >= 10);       /* they did work at the same time */
    for (int i = 0; i < 2 * N; i++) { /* what was acknowledged under a number has it */
        char *number = strchr(all[acks[i].id - 1].note, ' ');

        assert_int_equal(atoi(number), acks[i].number);
    }
    print_message("%d decisions by two, %d changes of hand\n", n, n_turns);
    free(all);
    free(acks);
    mr_store_close(store);
    munmap(done, 2 * sizeof *done);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_acknowledged_decision_when_killed),
        cmocka_unit_test(keeps_a_review_by_two_at_once_whole_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
