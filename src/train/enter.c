/* SPDX-License-Identifier: MIT */
/* Entering a stage: the model that trains what the stage trains, its optimiser, its schedule, and
 * what it is fed with. */
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/transform.h>
#include <misread/kernel/kernels.h>
#include <misread/store/store.h>
#include <misread/train/curve.h>

#include "feature_cache.h"
#include "finder.h"
#include "training.h"

/* Of earlier runs: at 512 floats an image those of half a million. */
#define FEATURES_BYTES_KEPT ((int64_t)1 << 30)

/* A second model would not fit beside a first one everywhere, so the weights wait outside. */
static enum mr_status take_weights(struct mr_training *s, float **weights, struct mr_error *err)
{
    size_t n_bytes = s->model ? mr_model_n_params(s->model) * sizeof **weights : 0;

    *weights = NULL;
    if (!s->model)
        return MR_OK;
    *weights = mr_alloc_aligned(n_bytes);
    if (!*weights)
        return mr_fail(err, MR_E_NOMEM, "no memory for a copy of the weights");
    memcpy(*weights, mr_model_params(s->model), n_bytes);
    return MR_OK;
}

static void drop_model(struct mr_training *s)
{
    mr_batch_finish(&s->batch);
    mr_updater_finish(&s->updater);
    mr_model_destroy(s->model);
    s->model = NULL;
}

/* Which convolutions do not follow the rule. */
static void tell_choices(const struct mr_training *s)
{
    struct mr_conv_shape shape;

    for (int i = 0; mr_model_find_conv(s->model, i, &shape); i++)
        for (int pass = 0; pass < MR_N_CONV_PASS; pass++)
            if (shape.algorithms[pass] != MR_CONV_BY_RULE)
                mr_log("run %d: %s of 3x3 convolutions of %d x %d, %d to %d channels: %s, as "
                       "measured",
                       s->control.run, mr_conv_pass_text((enum mr_conv_pass)pass), shape.h, shape.w,
                       shape.c_in, shape.c_out, mr_conv_algorithm_text(shape.algorithms[pass]));
}

static enum mr_status make_model(struct mr_training *s, struct mr_error *err)
{
    const struct mr_train_options *o = &s->options;
    struct mr_model_options options =
        mr_training_model_options(o, s->samples.n_classes, MR_MODE_TRAIN);
    struct mr_updater_options updating = mr_updater_options_default();
    enum mr_status st;

    options.body = s->stage->body;
    options.choices = &s->choices;
    st = mr_model_create(&s->model, &options, s->pool, err);
    updating.kind = o->optimizer;
    updating.weight_decay = o->weight_decay;
    updating.spares_norms_and_biases = o->adam == MR_ADAM_V2;
    updating.clip = o->clip;
    updating.gathers = o->accumulate > 1;
    updating.eps = o->adam == MR_ADAM_V2 ? 1e-5 : 1e-8;
    if (!st)
        st = mr_updater_init(&s->updater, s->model, &updating, err);
    return st ? st : mr_batch_init(&s->batch, s->model, err);
}

enum mr_status mr_training_enter(struct mr_training *training, int stage, struct mr_error *err)
{
    struct mr_training *s = training;
    float *weights;
    enum mr_status st = take_weights(s, &weights, err);

    if (st)
        return st;
    s->stage = &s->stages[stage];
    drop_model(s);
    st = make_model(s, err);
    if (!st) {
        tell_choices(s);
        mr_model_init(s->model, s->options.seed);
        if (weights)
            memcpy(mr_model_params(s->model), weights,
                   mr_model_n_params(s->model) * sizeof *weights);
        s->schedule = mr_stage_schedule(s->stage, &s->options, mr_training_n_steps(s));
        mr_progress_forget(&s->progress, stage + 1 < s->n_stages);
    }
    free(weights);
    return st;
}

/* ---- the rate ---- */

static bool tell_of_search(void *ctx, const struct mr_curve *curve)
{
    return mr_training_on_progress(ctx, curve->n, curve->n_planned);
}

static enum mr_status search(struct mr_training *s, struct mr_curve *curve, struct mr_error *err)
{
    struct mr_finder finder = {.model = s->model,
                               .updater = &s->updater,
                               .feed = &s->train_feed,
                               .peaks = s->stage->lr,
                               .objective = &s->objective,
                               .batch = &s->batch,
                               .pool = s->pool,
                               .n_steps = MR_CURVE_N,
                               .progress = tell_of_search,
                               .ctx = s};
    enum mr_status st = mr_progress_phase(&s->progress, "lr-find", 0, MR_CURVE_N, err);

    return st ? st : mr_training_reason(s, mr_finder_run(&finder, curve, err), err);
}

static enum mr_status write_down(struct mr_training *s, double lr, struct mr_error *err)
{
    struct mr_run *run = &s->progress.run;

    s->options.lr = run->lr = lr;
    free(run->options);
    run->options = mr_train_options_to_json(&s->options);
    mr_stages_plan(s->stages, &s->options);
    s->schedule = mr_stage_schedule(s->stage, &s->options, mr_training_n_steps(s));
    return mr_progress_flush(&s->progress, err);
}

enum mr_status mr_training_find_rate(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    struct mr_curve *curve;
    double lr;
    enum mr_status st;

    if (s->options.lr > 0 || !s->options.n_epochs || s->at.step > 0)
        return MR_OK;
    curve = mr_xalloc(1, sizeof *curve);
    st = search(s, curve, err);
    lr = st ? 0 : mr_curve_suggest(curve, MR_CURVE_VALLEY);
    free(curve);
    if (st)
        return st;
    if (!(lr > 0))
        return mr_fail(err, MR_E_NUMERIC,
                       "the search for a learning rate found none: the loss never fell; give --lr");
    mr_log("run %d: the search suggests a learning rate of %.2g", s->control.run, lr);
    return write_down(s, lr, err);
}

/* ---- features ---- */

/* All that a training image's pixels, as the loader gives them, depend on beside the view. */
static char *name_pixels(const struct mr_training *s)
{
    struct mr_augment a;

    if (!mr_stage_augment(&a, &s->options) || !s->options.n_views)
        return mr_features_plain(s->options.square, s->options.mask);
    return mr_xasprintf("square %d flips %d %d affine %.17g %.17g %.17g %.17g light %.17g %.17g "
                        "seed %llu%s%s",
                        (int)s->options.square, a.do_flip, a.flip_vert, a.max_rotate_deg,
                        a.max_zoom, a.max_warp, a.p_affine, a.max_lighting, a.p_lighting,
                        (unsigned long long)s->options.seed, *s->options.mask ? " mask " : "",
                        s->options.mask);
}

static char *cache_dir_of(const struct mr_training *s)
{
    return mr_path_join(mr_store_project_dir(s->progress.store), "cache");
}

static enum mr_status compute_side(struct mr_training *s, float *rows, struct mr_loader *loader,
                                   int view, const char *pixels, struct mr_error *err)
{
    char *cache_dir = cache_dir_of(s);
    struct mr_features_options options = {.model = s->model,
                                          .loader = loader,
                                          .batch = &s->batch,
                                          .pool = s->pool,
                                          .view = view,
                                          .pixels = pixels,
                                          .cache_dir = cache_dir,
                                          .progress = mr_training_on_progress,
                                          .ctx = s};
    enum mr_status st =
        mr_progress_phase(&s->progress, "features", 0, mr_loader_n_samples(loader), err);

    if (!st)
        st = mr_training_reason(s, mr_features_compute(rows, &options, err), err);
    free(cache_dir);
    return st;
}

/* The training images in order, as the views show them. */
static enum mr_status open_views(struct mr_training *s, struct mr_loader **views,
                                 struct mr_error *err)
{
    struct mr_augment augment;
    struct mr_loader_options options = {.samples = s->samples.train,
                                        .n = s->samples.n_train,
                                        .batch = s->options.batch,
                                        .seed = s->options.seed};

    if (mr_stage_augment(&augment, &s->options) && s->options.n_views)
        options.augment = &augment;
    return mr_loader_create(views, s->cache, &options, err);
}

static enum mr_status compute_features(struct mr_training *s, struct mr_loader *views,
                                       struct mr_error *err)
{
    int n_views = s->options.n_views ? s->options.n_views : 1;
    size_t row = (size_t)mr_model_n_features(s->model);
    char *pixels = name_pixels(s);
    char *plain = mr_features_plain(s->options.square, s->options.mask);
    enum mr_status st = compute_side(s, s->valid_features, s->valid_feed.loader, 0, plain, err);

    for (int view = 0; view < n_views && !st; view++)
        st = compute_side(s, s->train_features + (size_t)view * (size_t)s->samples.n_train * row,
                          views, view, pixels, err);
    free(pixels);
    free(plain);
    if (st)
        return st;
    s->train_feed.features = s->train_features;
    s->train_feed.n_views = n_views;
    s->valid_feed.features = s->valid_features;
    return MR_OK;
}

/* NULL without memory. */
static float *room_for(size_t n_rows, size_t n_features)
{
    size_t n_bytes;

    return mr_size_mul(n_rows * sizeof(float), n_features, &n_bytes) ? mr_alloc_aligned(n_bytes)
                                                                     : NULL;
}

enum mr_status mr_training_feed(struct mr_training *training, struct mr_error *err)
{
    struct mr_training *s = training;
    size_t n_views = s->options.n_views ? (size_t)s->options.n_views : 1;
    size_t row = (size_t)mr_model_n_features(s->model);
    int64_t began_at = mr_clock_unix();
    struct mr_loader *views = NULL;
    char *cache_dir;
    enum mr_status st;

    mr_training_unfeed(s);
    if (s->stage->body != MR_BODY_FIXED)
        return MR_OK;
    s->train_features = room_for(n_views * (size_t)s->samples.n_train, row);
    s->valid_features = room_for((size_t)s->samples.n_valid, row);
    if (!s->train_features || !s->valid_features)
        return mr_fail(err, MR_E_NOMEM, "no memory for the features of %d images",
                       s->samples.n_train + s->samples.n_valid);
    st = open_views(s, &views, err);
    if (!st)
        st = compute_features(s, views, err);
    mr_loader_destroy(views);
    cache_dir = cache_dir_of(s);
    mr_features_sweep(cache_dir, began_at, FEATURES_BYTES_KEPT);
    free(cache_dir);
    return st;
}

void mr_training_unfeed(struct mr_training *training)
{
    struct mr_training *s = training;

    free(s->train_features);
    free(s->valid_features);
    s->train_features = s->valid_features = NULL;
    s->train_feed.features = s->valid_feed.features = NULL;
}
