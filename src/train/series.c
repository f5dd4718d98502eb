/* SPDX-License-Identifier: MIT */
/* One training after the other, each without being a run. */
#include "series.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/thread.h>
#include <misread/nn/weights_file.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>

#include "training.h"

/* ---- progress ---- */

/* What is left of the training in hand, and as long for each to come as the one before took: the
 * first also decodes, and computes what the others find. */
static int64_t eta_ms(const struct mr_series *s, int64_t of_this_ms)
{
    int64_t for_one = s->index > 0 ? s->last_ms : mr_clock_ms() - s->began_at_ms + of_this_ms;

    return of_this_ms < 0 ? -1 : of_this_ms + (s->n - s->index - 1) * for_one;
}

static bool tell(void *ctx, const struct mr_run *run)
{
    const struct mr_series *s = ctx;
    const struct mr_series_progress progress = {.index = s->index + 1,
                                                .n = s->n,
                                                .phase = run->phase,
                                                .epoch = run->epoch,
                                                .n_epochs = run->n_epochs,
                                                .n_done = run->n_done,
                                                .n_total = run->n_total,
                                                .eta_ms = eta_ms(s, run->eta_ms)};

    return !s->progress || s->progress(s->ctx, &progress);
}

/* ---- one training ---- */

enum mr_status mr_series_train(struct mr_series *series, const struct mr_series_part *part,
                               struct mr_predictions **answers, int *n_train, struct mr_error *err)
{
    const struct mr_trainer_place *place = series->place;
    struct mr_training *s = mr_xalloc(1, sizeof *s);
    atomic_bool never = false;
    enum mr_status st;

    s->data_dir = place->data_dir;
    s->sandbox = place->sandbox;
    s->options = series->options;
    s->options.seed = part->seed;
    s->options.n_epochs = part->n_epochs;
    s->options.n_whole = part->n_whole;
    s->fold = part->fold;
    s->portion = part->portion;
    s->control =
        (struct mr_control){.store = series->store, .ask_stop = &never, .version = -1, .rate = 1};
    s->progress = (struct mr_progress){.store = series->store, .listen = tell, .ctx = series};
    s->progress.run.n_epochs = part->n_epochs + part->n_whole;
    series->began_at_ms = mr_clock_ms();
    st = mr_training_prepare(s, err);
    if (!st)
        st = mr_training_run(s, err);
    if (!st) {
        *answers = s->held_out;
        s->held_out = NULL;
        if (n_train)
            *n_train = s->samples.n_train;
        series->index++;
        series->last_ms = mr_clock_ms() - series->began_at_ms;
    }
    mr_training_finish(s);
    mr_run_finish(&s->progress.run);
    free(s);
    return st;
}

/* ---- where the weights are from ---- */

/* Was the run trained on the list of images with this hash? */
static bool has_samples(struct mr_store *store, int run, const char *hash)
{
    struct mr_samples samples = {0};
    char *path = mr_run_path(store, run, "samples.txt");
    bool has = mr_path_exists(path) && !mr_samples_load(&samples, path, NULL) &&
               !strcmp(samples.hash, hash);

    mr_samples_finish(&samples);
    free(path);
    return has;
}

static bool is_weights_of(struct mr_store *store, int run, const char *weights)
{
    char *path = mr_run_path(store, run, "best.safetensors");
    bool is = !strcmp(path, weights);

    free(path);
    return is;
}

enum mr_status mr_series_find_run(const struct mr_series *series, int *run, struct mr_error *err)
{
    const char *weights = series->options.weights, *hash = NULL;
    struct mr_weights_file *file = NULL;
    struct mr_run *runs = NULL;
    int n = 0;
    enum mr_status st = mr_runs_load(series->store, &runs, &n, err);

    *run = 0;
    if (!st && weights[0])
        st = mr_weights_file_open(&file, series->place->sandbox, weights, err);
    if (!st && file)
        hash = mr_weights_file_text(file, "samples");
    for (int i = 0; i < n && file; i++)
        if (is_weights_of(series->store, runs[i].id, weights) ||
            (!*run && hash && has_samples(series->store, runs[i].id, hash)))
            *run = runs[i].id;
    mr_weights_file_close(file);
    mr_runs_destroy(runs, n);
    return st;
}

/* ---- all of them ---- */

enum mr_status mr_series_open(struct mr_series *series, const struct mr_train_options *options,
                              struct mr_error *err)
{
    enum mr_status st;

    series->options = *options;
    st = mr_trainer_settle(series->place, &series->options, err);
    if (!st)
        st = mr_store_open(&series->store, series->place->project_dir, MR_STORE_CREATE, err);
    if (st)
        return st;
    series->options.patience = series->options.checkpoint_every_s = 0;
    if (!series->options.n_threads)
        series->options.n_threads = mr_thread_n_cores();
    return MR_OK;
}

void mr_series_close(struct mr_series *series)
{
    mr_store_close(series->store);
    series->store = NULL;
}
