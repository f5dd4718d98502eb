/* SPDX-License-Identifier: MIT */
/* Scoring: the trainer's scan, cache and evaluation, over a side that training does not learn
 * from. */
#include <misread/train/score.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/pool.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/scan.h>
#include <misread/data/transform.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/store/looks.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/evaluate.h>

#include "samples.h"
#include "stage.h"
#include "training.h"
#include "tta.h"

struct scoring {
    const struct mr_score *score;
    struct mr_run run;
    struct mr_train_options options; /* of the run */
    struct mr_image_table *table;
    struct mr_cache *cache;
    struct mr_samples known;   /* what the run was trained and validated with */
    struct mr_sample *samples; /* to be scored; owned (n) */
    int n;
    struct mr_pool *pool;
    struct mr_model *model;
    struct mr_augment augment; /* of the run */
};

static enum mr_status load_run(struct scoring *s, struct mr_error *err)
{
    struct mr_store *store = s->score->store;
    enum mr_status st = mr_run_load(store, s->score->run, &s->run, err);
    char *path;

    if (!st)
        st = mr_train_options_from_json(&s->options, s->run.options, err);
    if (!st && s->score->mask) {
        mr_str_copy(s->options.mask, sizeof s->options.mask, s->score->mask);
        st = mr_train_options_check(&s->options, err);
    }
    if (st)
        return st;
    path = mr_run_path(store, s->run.id, "samples.txt");
    if (mr_path_exists(path))
        st = mr_samples_load(&s->known, path, err);
    else
        st = mr_fail(err, MR_E_NOT_FOUND, "cannot score run %d: it never came to training",
                     s->run.id);
    free(path);
    return st;
}

static enum mr_status scan(struct scoring *s, struct mr_error *err)
{
    struct mr_scan_options options = mr_training_scan_options(&s->options);
    struct mr_scan_report report;
    enum mr_status st;

    options.sandbox = s->score->sandbox;
    options.split_file = options.group_by = NULL; /* the project's: its images have their sides */
    st = mr_scan(s->score->store, s->score->data_dir, &options, &report, err);
    return st ? st : mr_images_load(s->score->store, &s->table, err);
}

static bool has_image(const struct mr_sample *samples, int n, int64_t image)
{
    for (int i = 0; i < n; i++)
        if (samples[i].image == image)
            return true;
    return false;
}

static bool is_wanted(const struct scoring *s, const struct mr_image_row *row)
{
    if (s->score->side == MR_SIDE_VALID)
        return has_image(s->known.valid, s->known.n_valid, row->id);
    return row->side == MR_SIDE_TEST;
}

/* Only the images to be scored are decoded. */
static enum mr_status fill_cache(struct scoring *s, struct mr_error *err)
{
    struct mr_cache_options options = {.data_dir = s->score->data_dir,
                                       .size_px = s->options.size_px,
                                       .square = s->options.square,
                                       .n_threads = s->options.n_threads,
                                       .progress = s->score->progress,
                                       .ctx = s->score->ctx};
    int n = 0;

    mr_mask_read(&options.mask, s->options.mask);
    for (int i = 0; i < s->table->n; i++) {
        struct mr_image_row *row = &s->table->rows[i];

        row->side = is_wanted(s, row) ? s->score->side : MR_SIDE_NONE;
        n += row->side != MR_SIDE_NONE && row->state != MR_IMAGE_MISSING;
    }
    if (!n && s->score->side == MR_SIDE_TEST)
        return mr_fail(err, MR_E_NOT_FOUND,
                       "cannot score run %d: no image of '%s' was set aside for testing", s->run.id,
                       s->score->data_dir);
    return mr_cache_open(&s->cache, s->score->store, s->table, s->score->sandbox, &options, err);
}

/* A number from images that the weights were made by, or chosen by, would be none. */
static enum mr_status check_test(const struct scoring *s, struct mr_error *err)
{
    const char *path;

    for (int i = 0; i < s->n; i++) {
        path = mr_images_find(s->table, s->samples[i].image)->path;
        if (has_image(s->known.train, s->known.n_train, s->samples[i].image) ||
            has_image(s->known.valid, s->known.n_valid, s->samples[i].image))
            return mr_fail(err, MR_E_USAGE,
                           "cannot score run %d: it was trained or validated with '%s', which was "
                           "set aside for testing since; train a new run",
                           s->run.id, path);
        if (s->samples[i].label >= s->known.n_classes)
            return mr_fail(err, MR_E_USAGE,
                           "cannot score run %d: '%s' is of the class '%s', which it was not "
                           "trained on; train a new run",
                           s->run.id, path, s->table->classes[s->samples[i].label]);
    }
    return MR_OK;
}

static enum mr_status choose_test(struct scoring *s, struct mr_error *err)
{
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_decisions_load(s->score->store, &decisions, &n, err);

    if (st)
        return st;
    s->n = mr_samples_of(&s->samples, MR_SIDE_TEST, s->table, s->cache, decisions, n,
                         s->options.labels);
    free(decisions);
    if (!s->n)
        return mr_fail(err, MR_E_NOT_FOUND, "cannot score run %d: no test image can be read",
                       s->run.id);
    return check_test(s, err);
}

/* All of them, or the number would be of another set than the run's own. */
static enum mr_status choose_valid(struct scoring *s, struct mr_error *err)
{
    int n_gone = 0;

    s->n = s->known.n_valid;
    s->samples = mr_xalloc((size_t)s->n, sizeof *s->samples);
    memcpy(s->samples, s->known.valid, (size_t)s->n * sizeof *s->samples);
    for (int i = 0; i < s->n; i++)
        n_gone += !mr_cache_pixels(s->cache, s->samples[i].image);
    if (!n_gone)
        return MR_OK;
    return mr_fail(err, MR_E_NOT_FOUND,
                   "cannot score run %d: %d of the images it was validated with are gone or "
                   "unreadable",
                   s->run.id, n_gone);
}

static enum mr_status choose_samples(struct scoring *s, struct mr_error *err)
{
    return s->score->side == MR_SIDE_VALID ? choose_valid(s, err) : choose_test(s, err);
}

static enum mr_status choose_augment(struct scoring *s, struct mr_error *err)
{
    if (mr_stage_augment(&s->augment, &s->options))
        return MR_OK;
    s->augment = *mr_augment_find("none");
    if (s->score->tta != MR_TTA_V2)
        return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "cannot score run %d with --tta v2: it was trained with --augment none, so all "
                   "views would be the same",
                   s->run.id);
}

static enum mr_status make_model(struct scoring *s, struct mr_error *err)
{
    struct mr_model_options options =
        mr_training_model_options(&s->options, s->known.n_classes, MR_MODE_EVAL);
    char *path = mr_run_path(s->score->store, s->run.id, "best.safetensors");
    enum mr_status st = MR_OK;

    if (!mr_path_exists(path))
        st = mr_fail(err, MR_E_NOT_FOUND, "cannot score run %d: it has no finished epoch",
                     s->run.id);
    if (!st)
        st = mr_pool_create(&s->pool, s->options.n_threads, err);
    if (!st)
        st = mr_model_create(&s->model, &options, s->pool, err);
    if (!st)
        st = mr_weights_load(s->model, path, NULL, err);
    free(path);
    return st;
}

/* View 0 is the plain image. */
static enum mr_status evaluate_view(struct scoring *s, int view,
                                    struct mr_predictions **predictions, struct mr_error *err)
{
    struct mr_augment augment = s->augment;
    struct mr_loader_options options = {
        .samples = s->samples, .n = s->n, .batch = s->options.batch, .seed = s->options.seed};
    struct mr_evaluation evaluation = {.model = s->model,
                                       .epoch = view,
                                       .pool = s->pool,
                                       .progress = s->score->progress,
                                       .ctx = s->score->ctx};
    struct mr_loader *loader = NULL;
    enum mr_status st;

    if (view > 0) {
        mr_tta_augment(&augment, s->score->tta, view);
        options.augment = &augment;
    }
    st = mr_loader_create(&loader, s->cache, &options, err);
    evaluation.loader = loader;
    if (!st)
        st = mr_evaluate(&evaluation, predictions, err);
    mr_loader_destroy(loader);
    return st;
}

/* The plain image's predictions become those of all views together. */
static enum mr_status add_views(struct scoring *s, struct mr_predictions *plain,
                                struct mr_error *err)
{
    enum mr_tta_kind kind = s->score->tta;
    int k = plain->n_classes;
    double *p = mr_xalloc((size_t)plain->n * (size_t)k, sizeof *p);
    enum mr_status st = MR_OK;

    mr_tta_add(p, plain->logits, plain->n, k, mr_tta_share(kind, 0));
    for (int view = 1; view <= mr_tta_n_views(kind) && !st; view++) {
        struct mr_predictions *found = NULL;

        st = evaluate_view(s, view, &found, err);
        if (!st)
            mr_tta_add(p, found->logits, found->n, k, mr_tta_share(kind, view));
        mr_predictions_destroy(found);
    }
    if (!st)
        mr_tta_settle(plain, p);
    free(p);
    return st;
}

static enum mr_status evaluate(struct scoring *s, struct mr_predictions **predictions,
                               struct mr_error *err)
{
    struct mr_predictions *found = NULL;
    enum mr_status st = evaluate_view(s, 0, &found, err);

    if (!st && s->score->tta != MR_TTA_NONE)
        st = add_views(s, found, err);
    if (st) {
        mr_predictions_destroy(found);
        return st;
    }
    found->run = s->run.id;
    found->side = s->score->side;
    *predictions = found;
    return MR_OK;
}

/* Validation images are looked at in every epoch: only the others are counted. */
static enum mr_status count_look(struct scoring *s, const struct mr_predictions *found,
                                 struct mr_error *err)
{
    struct mr_look look = {
        .run = s->run.id, .n = found->n, .n_correct = mr_evaluate_n_correct(found)};

    return s->score->side == MR_SIDE_TEST ? mr_look_add(s->score->store, &look, err) : MR_OK;
}

static void scoring_finish(struct scoring *s)
{
    mr_model_destroy(s->model);
    mr_pool_destroy(s->pool);
    free(s->samples);
    mr_samples_finish(&s->known);
    mr_cache_close(s->cache);
    mr_images_destroy(s->table);
    mr_run_finish(&s->run);
}

enum mr_status mr_score_run(const struct mr_score *score, struct mr_predictions **predictions,
                            struct mr_error *err)
{
    static enum mr_status (*const stages[])(struct scoring *, struct mr_error *) = {
        load_run, choose_augment, scan, fill_cache, choose_samples, make_model,
    };
    struct scoring s = {.score = score};
    struct mr_predictions *found = NULL;
    enum mr_status st = MR_OK;

    for (size_t i = 0; i < sizeof stages / sizeof *stages && !st; i++)
        st = stages[i](&s, err);
    if (!st)
        st = evaluate(&s, &found, err);
    if (!st)
        st = count_look(&s, found, err);
    scoring_finish(&s);
    if (st)
        mr_predictions_destroy(found);
    else
        *predictions = found;
    return st;
}
