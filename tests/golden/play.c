/* SPDX-License-Identifier: MIT */
/* A project with its screens, and what the store says, counted without the code under test. */
#include "play.h"

#include <signal.h>
#include <sys/wait.h>

#include <misread/store/images.h>
#include <misread/store/store.h>

const struct stage_run done = {.state = MR_RUN_DONE, .n_epochs = 4, .n_steps = 448};
const struct stage_run live = {.state = MR_RUN_TRAINING, .n_epochs = 3, .n_steps = 415};

static const struct vt_options sixel = {.sixel = true};

static void make(struct play *p, const struct stage_run *run)
{
    struct mr_error err = {0};

    p->dir = make_folder();
    stage_make(&p->stage, p->dir, run);
    assert_ok(mr_store_open(&p->store, p->stage.project, MR_STORE_EXISTING, &err), err);
}

/* A process that does what a trainer must do to be seen alive: it holds the run's lock. */
static void start_trainer(struct play *p)
{
    int ready[2];
    char c;

    assert_int_equal(pipe(ready), 0);
    p->trainer = fork();
    assert_true(p->trainer >= 0);
    if (p->trainer == 0) {
        struct mr_run_lock *lock = NULL;
        struct mr_store *store = NULL;

        if (mr_store_open(&store, p->stage.project, MR_STORE_EXISTING, NULL) ||
            mr_run_lock_take(&lock, store, p->stage.run, NULL) || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
}

void kill_trainer(struct play *p)
{
    if (!p->trainer)
        return;
    kill(p->trainer, SIGKILL);
    waitpid(p->trainer, NULL, 0);
    p->trainer = 0;
}

void open_screens(struct play *p, int rows, int cols)
{
    static const char *const env[] = {"MISREAD_CLOCK=1790000000", NULL};

    p->vt = vt_start_function(stage_run_screens, &p->stage, env, rows, cols, &sixel);
    assert_int_not_equal(vt_pump_until(p->vt, "Train", WAIT_MS), -1);
    assert_true(vt_pump_quiet(p->vt, 300, WAIT_MS));
}

void begin(struct play *p, const struct stage_run *run, int rows, int cols)
{
    make(p, run);
    if (run && run->state == MR_RUN_TRAINING)
        start_trainer(p);
    open_screens(p, rows, cols);
}

void end(struct play *p)
{
    vt_stop(p->vt);
    kill_trainer(p);
    mr_store_close(p->store);
    remove_folder(p->dir);
}

void type(struct play *p, const char *keys)
{
    vt_keys(p->vt, keys);
    assert_true(vt_pump_quiet(p->vt, 200, WAIT_MS));
}

void see(struct play *p, const char *text)
{
    if (vt_pump_until(p->vt, text, WAIT_MS) < 0)
        fail_msg("“%s” did not come", text);
}

void see_no(struct play *p, const char *text)
{
    if (!vt_pump_until_gone(p->vt, text, WAIT_MS))
        fail_msg("“%s” stays", text);
}

static bool is_stored(struct play *p, const char *path)
{
    char *screen = vt_screen_dump(p->vt), text[32768];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    bool is_same;

    text[n] = '\0';
    is_same = !strcmp(text, screen);
    if (f)
        fclose(f);
    free(screen);
    return is_same;
}

/* On a machine with other work a frame may come long after the last one: a screen that differs is
 * given time. */
void golden(struct play *p, const char *name)
{
    char path[512];

    type(p, "<C-l>");

    snprintf(path, sizeof path, MISREAD_GOLDEN_DIR "/%s.txt", name);
    for (int waited_ms = 0; waited_ms < 3000 && !is_stored(p, path); waited_ms += 100)
        vt_pump(p->vt, 100);
    assert_true(vt_golden(p->vt, path));
}

/* Presses keys that leave, and returns how it was left. */
int leave(struct play *p, const char *keys)
{
    int status;

    vt_keys(p->vt, keys);
    status = vt_wait_exit(p->vt, WAIT_MS);
    assert_true(status >= 0 && WIFEXITED(status));
    assert_true(vt_is_restored(p->vt));
    return WEXITSTATUS(status) - 10;
}

/* ---- what the store says, counted without the code under test ---- */

static struct mr_predictions *stored(struct play *p, int epoch)
{
    struct mr_predictions *predictions = NULL;
    struct mr_error err = {0};

    assert_ok(mr_predictions_load(p->store, p->stage.run, epoch, MR_SIDE_VALID, &predictions, &err),
              err);
    return predictions;
}

static int guess_of(const struct mr_predictions *predictions, int i)
{
    const float *logits = predictions->logits + (size_t)i * STAGE_CLASSES;
    int best = 0;

    for (int c = 1; c < STAGE_CLASSES; c++)
        best = logits[c] > logits[best] ? c : best;
    return best;
}

int count_of(struct play *p, int epoch, int actual, int predicted)
{
    struct mr_predictions *predictions = stored(p, epoch);
    int n = 0;

    for (int i = 0; i < predictions->n; i++)
        n += predictions->labels[i] == actual && guess_of(predictions, i) == predicted;
    mr_predictions_destroy(predictions);
    return n;
}

/* The misread image with the largest loss; of a cell, or of all with actual -1. */
int64_t worst_of(struct play *p, int epoch, int actual, int predicted)
{
    struct mr_predictions *predictions = stored(p, epoch);
    float loss = -1;
    int64_t worst = 0;

    for (int i = 0; i < predictions->n; i++) {
        int guess = guess_of(predictions, i);
        bool is_in = actual < 0 ? guess != predictions->labels[i]
                                : predictions->labels[i] == actual && guess == predicted;

        if (is_in && predictions->losses[i] > loss) {
            loss = predictions->losses[i];
            worst = predictions->ids[i];
        }
    }
    mr_predictions_destroy(predictions);
    return worst;
}

int n_decisions(struct play *p, struct mr_decision **decisions)
{
    struct mr_error err = {0};
    int n = 0;

    assert_ok(mr_decisions_load(p->store, decisions, &n, &err), err);
    return n;
}

int expect_decisions(struct play *p, int n, struct mr_decision **decisions)
{
    int found = n_decisions(p, decisions);

    for (int waited_ms = 0; waited_ms < WAIT_MS && found < n; waited_ms += 100) {
        free(*decisions);
        vt_pump(p->vt, 100);
        found = n_decisions(p, decisions);
    }
    assert_int_equal(found, n);
    return found;
}

struct mr_review_state state_of(struct play *p, int64_t image)
{
    struct mr_decision *decisions = NULL;
    int n = n_decisions(p, &decisions);
    struct mr_review_state state = mr_review_state_of(decisions, n, image);

    free(decisions);
    return state;
}

void expect_command(struct play *p, enum mr_command_kind kind, double value)
{
    enum mr_command_kind found_kind = MR_COMMAND_PAUSE;
    double found_value = 0;
    bool found = false;
    struct mr_error err = {0};

    assert_ok(mr_command_take(p->store, p->stage.run, &found_kind, &found_value, &found, &err),
              err);
    assert_true(found);
    assert_int_equal(found_kind, kind);
    assert_float_equal(found_value, value, 1e-9);
}

void expect_no_command(struct play *p)
{
    enum mr_command_kind kind;
    double value;
    bool found = true;
    struct mr_error err = {0};

    assert_ok(mr_command_take(p->store, p->stage.run, &kind, &value, &found, &err), err);
    assert_false(found);
}

/* The numbers in a row of the matrix, the cells of which are six columns wide and end before the
 * bar. */
void read_row(struct play *p, int row, int first_col, int cell_cols, int counts[STAGE_CLASSES])
{
    for (int c = 0; c < STAGE_CLASSES; c++) {
        int n = 0;

        for (int col = 0; col < cell_cols; col++) {
            struct vt_cell cell = vt_cell_at(p->vt, row, first_col + c * cell_cols + col);

            if (cell.character >= '0' && cell.character <= '9')
                n = n * 10 + (int)(cell.character - '0');
        }
        counts[c] = n;
    }
}
