/* SPDX-License-Identifier: MIT */
/* A run as lines. */
#include "follow.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/str.h>
#include <misread/base/thread.h>
#include <misread/interp/confusion.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>

#include "commands.h"
#include "figures.h"
#include "json.h"
#include "notes.h"
#include "place.h"
#include "session.h"

/* Between two updates of the line of progress on a terminal. */
#define TOUCH_MS 200

struct follow {
    const struct mr_follow_options *options;
    struct mr_store *store;
    int run;
    int n_epochs_shown;
    int signal; /* the one that asked the run to stop; 0: none */
    bool is_terminal, line_open, has_shown_images;
    bool awaits_rate; /* a search is to find it */
    int64_t shown_at;
    char phase[32];
};

static void print_json(cJSON *line)
{
    char *text = cJSON_PrintUnformatted(line);

    if (text)
        puts(text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(line);
}

static cJSON *event(const char *name, const struct mr_run *run)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddStringToObject(line, "event", name);
    cJSON_AddNumberToObject(line, "run", run->id);
    return line;
}

static void end_line(struct follow *f)
{
    if (f->line_open)
        putchar('\n');
    f->line_open = false;
}

/* What the run was started with, for what its row has no column for. */
static struct mr_train_options options_of(const struct mr_run *run)
{
    struct mr_train_options options;

    if (mr_train_options_from_json(&options, run->options ? run->options : "", NULL))
        options = mr_train_defaults();
    return options;
}

static void print_start(const struct mr_run *run, const struct mr_train_options *o)
{
    const char *file = o->weights[0] ? mr_path_base(o->weights) : "scratch";
    char epochs[64], lr[64], from[512];

    mr_train_option_write(epochs, sizeof epochs, o, mr_train_option_find("epochs", 6));
    mr_train_option_write(lr, sizeof lr, o, mr_train_option_find("lr", 2));
    mr_safe_text(from, sizeof from, file, 0, MR_ELIDE_END);
    if (o->from_run)
        snprintf(from, sizeof from, "run %d", o->from_run);
    printf("run %d: %s, %d px, batch %d, %s epochs, seed %lld, lr %s, from %s\n", run->id,
           run->arch, run->size_px, run->batch, epochs, (long long)run->seed, lr, from);
}

static void show_start(struct follow *f, const struct mr_run *run)
{
    struct mr_train_options options = options_of(run);
    cJSON *line;

    f->awaits_rate = options.lr == 0;
    if (f->options->is_silent)
        return;
    if (!f->options->is_json) {
        print_start(run, &options);
        return;
    }
    line = event("start", run);
    cJSON_AddStringToObject(line, "arch", run->arch);
    cJSON_AddNumberToObject(line, "size", run->size_px);
    cJSON_AddNumberToObject(line, "batch", run->batch);
    cJSON_AddNumberToObject(line, "epochs", run->n_epochs);
    cJSON_AddNumberToObject(line, "seed", (double)run->seed);
    cJSON_AddStringToObject(line, "weights", options.weights);
    cJSON_AddNumberToObject(line, "from_run", options.from_run);
    print_json(line);
}

static void show_skipped_image(struct follow *f, const struct mr_run *run,
                               const struct mr_image_table *table, const struct mr_image_row *row)
{
    const char *why = mr_images_reason(table, row);
    char path[512], reason[512];
    cJSON *line;

    if (f->options->is_json) {
        line = event("skipped", run);
        mr_json_add_text(line, "path", row->path);
        mr_json_add_text(line, "reason", why);
        print_json(line);
        return;
    }
    end_line(f);
    mr_safe_text(path, sizeof path, row->path, 0, MR_ELIDE_END);
    mr_safe_text(reason, sizeof reason, why, 0, MR_ELIDE_END);
    printf("skipped %s: %s\n", path, reason);
}

static void show_note(struct follow *f, const struct mr_run *run, const char *note)
{
    char safe[512];
    cJSON *line;

    if (f->options->is_json) {
        line = event("note", run);
        mr_json_add_text(line, "message", note);
        print_json(line);
        return;
    }
    end_line(f);
    mr_safe_text(safe, sizeof safe, note, 0, MR_ELIDE_END);
    printf("note: %s\n", safe);
}

/* Once, when every image has been looked at: what will not be trained on, and why; what is odd. */
static void show_images(struct follow *f, const struct mr_run *run)
{
    struct mr_image_table *table = NULL;
    struct mr_notes notes;

    if (f->has_shown_images || f->options->is_silent || !run->n_train)
        return;
    if (mr_images_load(f->store, &table, NULL))
        return; /* busy: again in a moment */
    f->has_shown_images = true;
    for (int i = 0; i < table->n; i++)
        if (table->rows[i].state == MR_IMAGE_UNREADABLE)
            show_skipped_image(f, run, table, &table->rows[i]);
    notes = mr_notes_of(f->store, table);
    for (int i = 0; i < notes.n; i++)
        show_note(f, run, notes.lines[i]);
    mr_notes_finish(&notes);
    mr_images_destroy(table);
}

static void show_epoch(struct follow *f, const struct mr_run *run, const struct mr_epoch *e)
{
    double lo, hi;
    cJSON *line;

    if (f->options->is_silent)
        return;
    if (f->options->is_json) {
        line = event("epoch", run);
        mr_json_add_epoch(line, e);
        print_json(line);
        return;
    }
    end_line(f);
    if (e->epoch == 1 || !f->n_epochs_shown)
        printf("epoch  train loss  valid loss  accuracy      95 %% CI       time\n");
    mr_wilson(e->n_correct, e->n_valid, &lo, &hi);
    printf("%5d  %10.4f  %10.4f  %8.4f  [%.3f %.3f]  %5.0f s\n", e->epoch, e->train_loss,
           e->valid_loss, mr_epoch_accuracy(e), lo, hi, e->seconds);
    fflush(stdout);
}

/* Once, after --lr auto: what the search found. */
static void show_rate(struct follow *f, const struct mr_run *run)
{
    double lr = f->awaits_rate ? options_of(run).lr : 0;
    cJSON *line;

    if (lr == 0 || f->options->is_silent)
        return;
    f->awaits_rate = false;
    if (f->options->is_json) {
        line = event("rate", run);
        cJSON_AddNumberToObject(line, "lr", lr);
        print_json(line);
        return;
    }
    end_line(f);
    printf("lr %.3g, found by a search\n", lr);
}

static void show_new_epochs(struct follow *f, const struct mr_run *run)
{
    struct mr_epoch *epochs = NULL;
    int n = 0;

    if (mr_epochs_load(f->store, f->run, &epochs, &n, NULL))
        return; /* tried again in a moment */
    for (; f->n_epochs_shown < n; f->n_epochs_shown++)
        show_epoch(f, run, &epochs[f->n_epochs_shown]);
    free(epochs);
}

static void show_progress(struct follow *f, const struct mr_run *run)
{
    int64_t now = mr_clock_ms();
    /* One that is over already, such as the validation around a checkpoint, is no news. */
    bool is_new_phase = strcmp(f->phase, run->phase) != 0 && run->n_done < run->n_total;
    int64_t pause = f->is_terminal && !f->options->is_json ? TOUCH_MS : MR_LINE_MS;
    double share = run->n_total > 0 ? 100.0 * (double)run->n_done / (double)run->n_total : 0;
    cJSON *line;

    if (f->options->is_silent || !run->phase[0] || (!is_new_phase && now - f->shown_at < pause))
        return;
    f->shown_at = now;
    snprintf(f->phase, sizeof f->phase, "%s", run->phase);
    if (f->options->is_json) {
        line = event("progress", run);
        cJSON_AddStringToObject(line, "phase", run->phase);
        cJSON_AddNumberToObject(line, "epoch", run->epoch);
        cJSON_AddNumberToObject(line, "done", (double)run->n_done);
        cJSON_AddNumberToObject(line, "total", (double)run->n_total);
        if (run->eta_ms >= 0)
            cJSON_AddNumberToObject(line, "seconds_left", (double)run->eta_ms / 1000);
        print_json(line);
        return;
    }
    printf("%sepoch %d/%d  %-10s ", f->is_terminal ? "\r\033[K" : "", run->epoch, run->n_epochs,
           run->phase);
    if (run->n_total > 0) /* a scan says at its end how many */
        printf("%lld/%lld (%.0f %%)", (long long)run->n_done, (long long)run->n_total, share);
    if (run->eta_ms >= 0)
        printf("  %lld:%02lld left", (long long)(run->eta_ms / 60000),
               (long long)(run->eta_ms / 1000 % 60));
    if (f->is_terminal)
        f->line_open = true;
    else
        putchar('\n');
    fflush(stdout);
}

static void show_last_and_best(const struct mr_epoch *epochs, int n)
{
    const struct mr_epoch *last = &epochs[n - 1], *best = mr_epochs_best(epochs, n);

    printf(", accuracy %.4f after epoch %d", mr_epoch_accuracy(last), last->epoch);
    if (best != last)
        printf("; the best, %.4f after epoch %d, is kept", mr_epoch_accuracy(best), best->epoch);
}

static void show_end(struct follow *f, const struct mr_run *run)
{
    struct mr_epoch *epochs = NULL;
    cJSON *line;
    int n = 0;

    if (f->options->is_silent)
        return;
    if (mr_epochs_load(f->store, f->run, &epochs, &n, NULL))
        n = 0;
    if (f->options->is_json) {
        line = event(run->state == MR_RUN_DONE ? "done" : mr_run_state_text(run->state), run);
        if (n)
            mr_json_add_epoch(line, &epochs[n - 1]);
        if (n)
            cJSON_AddNumberToObject(line, "best_epoch", mr_epochs_best(epochs, n)->epoch);
        if (run->message && run->message[0])
            mr_json_add_text(line, "message", run->message);
        print_json(line);
    } else {
        end_line(f);
        printf("run %d: %s", run->id, mr_run_state_text(run->state));
        if (n && epochs[n - 1].n_valid)
            show_last_and_best(epochs, n);
        putchar('\n');
        if (run->state == MR_RUN_DONE && run->message && run->message[0])
            printf("%s\n", run->message); /* our own words: it ended early */
    }
    fflush(stdout);
    free(epochs);
}

/* Signals while nobody draws. True if the process has detached and is silent from now on. */
static bool take_signals(struct follow *f, struct mr_session *session, const struct mr_place *place,
                         struct mr_trainer *trainer)
{
    bool is_detached = false;

    for (int number; (number = mr_session_take_signal(session));) {
        if (number == SIGHUP) {
            char *log = mr_path_join(place->project_dir, "background.log");

            mr_session_detach(session, log);
            free(log);
            is_detached = true;
        } else {
            f->signal = number;
            mr_trainer_ask_stop(trainer);
        }
    }
    return is_detached;
}

static void show_new(struct follow *f)
{
    struct mr_run run = {0};

    if (mr_run_load(f->store, f->run, &run, NULL))
        return; /* busy: again in a moment */
    show_images(f, &run);
    show_rate(f, &run);
    show_new_epochs(f, &run);
    show_progress(f, &run);
    mr_run_finish(&run);
}

static int finish(struct follow *f, enum mr_status ended, const struct mr_error *why)
{
    struct mr_run run = {0};
    struct mr_error err = {0};
    bool is_fine, was_stopped;

    if (mr_run_load(f->store, f->run, &run, &err))
        return mr_failed(&err);
    show_images(f, &run);
    show_rate(f, &run);
    show_new_epochs(f, &run);
    show_end(f, &run);
    was_stopped = run.state == MR_RUN_STOPPED;
    is_fine = was_stopped || run.state == MR_RUN_DONE;
    mr_run_finish(&run);
    if (ended && !is_fine)
        return mr_failed(why);
    if (was_stopped && f->signal)
        return 128 + f->signal; /* whoever waits for the result must not take this for it */
    return is_fine ? EXIT_SUCCESS : EXIT_FAILURE;
}

int mr_follow_run(struct mr_session *session, const struct mr_place *place,
                  struct mr_trainer *trainer, int run_id, const struct mr_follow_options *options)
{
    struct mr_follow_options own = *options;
    struct follow f = {.options = &own, .run = run_id, .is_terminal = isatty(STDOUT_FILENO)};
    struct pollfd fds[2] = {{.fd = session->signals, .events = POLLIN},
                            {.fd = mr_wake_fd(session->wake), .events = POLLIN}};
    struct mr_run run = {0};
    struct mr_error err = {0};
    enum mr_status ended;
    int status;

    if (mr_store_open(&f.store, place->project_dir, MR_STORE_EXISTING, &err) ||
        mr_run_load(f.store, run_id, &run, &err)) {
        mr_trainer_ask_stop(trainer);
        (void)mr_trainer_join(trainer, NULL);
        mr_store_close(f.store);
        return mr_failed(&err);
    }
    show_start(&f, &run);
    mr_run_finish(&run);
    while (mr_trainer_is_running(trainer)) {
        (void)poll(fds, 2, TOUCH_MS);
        if (take_signals(&f, session, place, trainer))
            own.is_silent = true;
        mr_wake_clear(session->wake);
        show_new(&f);
    }
    ended = mr_trainer_join(trainer, &err);
    status = finish(&f, ended, &err);
    mr_store_close(f.store);
    return status;
}
