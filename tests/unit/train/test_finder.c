/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/base/pool.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/scan.h>
#include <misread/data/transform.h>
#include <misread/store/images.h>
#include <misread/train/curve.h>
#include <misread/train/search.h>

#include "batch.h"
#include "finder.h"
#include "objective.h"
#include "samples.h"
#include "updater.h"

#define BATCH 8

static struct mr_sandbox *sandbox;

/* A training without a run: 30 images in 4 batches. */
struct bench {
    struct lab lab;
    struct mr_image_table *table;
    struct mr_cache *cache;
    struct mr_samples samples;
    struct mr_loader *loader;
    struct mr_pool *pool;
    struct mr_model *model;
    struct mr_updater updater;
    struct mr_batch batch;
    struct mr_feed feed;
    int step;
};

static void open_loader(struct bench *b)
{
    const struct mr_scan_options scan = {.valid_fraction = .25};
    struct mr_augment augment = mr_augment_default();
    struct mr_loader_options options = {.batch = BATCH, .augment = &augment, .is_shuffled = 1};
    struct mr_scan_report report;
    struct mr_error err;

    assert_ok(mr_scan(b->lab.store, b->lab.data, &scan, &report, &err), err);
    assert_ok(mr_images_load(b->lab.store, &b->table, &err), err);
    assert_ok(mr_cache_open(&b->cache, b->lab.store, b->table, sandbox,
                            &(struct mr_cache_options){.data_dir = b->lab.data, .size_px = 32},
                            &err),
              err);
    assert_ok(mr_samples_build(&b->samples, b->table, b->cache, NULL, 0, MR_LABELS_ORIGINAL, &err),
              err);
    options.samples = b->samples.train;
    options.n = b->samples.n_train;
    assert_ok(mr_loader_create(&b->loader, b->cache, &options, &err), err);
    assert_int_equal(mr_loader_n_batches(b->loader), 4);
}

static void open_bench(struct bench *b, enum mr_optimizer_kind optimizer)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 2, BATCH, 32, 32, true};
    struct mr_updater_options updating = mr_updater_options_default();
    struct mr_error err;

    memset(b, 0, sizeof *b);
    lab_open(&b->lab, sandbox);
    open_loader(b);
    assert_ok(mr_pool_create(&b->pool, 2, &err), err);
    assert_ok(mr_model_create(&b->model, &options, b->pool, &err), err);
    updating.kind = optimizer;
    assert_ok(mr_updater_init(&b->updater, b->model, &updating, &err), err);
    assert_ok(mr_batch_init(&b->batch, b->model, &err), err);
    b->feed.loader = b->loader;
    mr_model_init(b->model, 3);
}

static void close_bench(struct bench *b)
{
    mr_batch_finish(&b->batch);
    mr_updater_finish(&b->updater);
    mr_model_destroy(b->model);
    mr_loader_destroy(b->loader);
    mr_samples_finish(&b->samples);
    mr_pool_destroy(b->pool);
    mr_cache_close(b->cache);
    mr_images_destroy(b->table);
    lab_close(&b->lab);
}

/* A step as training makes it: epochs from 1. Returns the loss. */
static double train_step(struct bench *b)
{
    int n = mr_loader_fill(b->loader, 1 + b->step / 4, b->step % 4, b->batch.x, b->batch.labels,
                           b->batch.indices, b->pool);
    double loss;

    mr_model_forward(b->model, b->batch.x, n, MR_MODE_TRAIN);
    loss = mr_model_loss(b->model, b->batch.labels, NULL);
    mr_model_backward(b->model);
    mr_updater_step(&b->updater, b->model, b->step++, (double[]){1e-3, 1e-3, 1e-3}, .9, b->pool);
    return loss;
}

static uint64_t hash_floats(const float *x, size_t n)
{
    return x ? mr_hash_fnv(x, n * sizeof *x) : 0;
}

/* All there is: params (running statistics among them), gradients, moments, the updater's fields,
 * and the next two batches. */
struct state {
    uint64_t params, grads, m, v, batches[2];
    uint64_t updater; /* has addresses in it */
};

static struct state look(struct bench *b)
{
    size_t n = mr_model_n_params(b->model);
    struct state s = {.params = hash_floats(mr_model_params(b->model), n),
                      .grads = hash_floats(mr_model_grads(b->model), mr_model_n_trained(b->model)),
                      .m = hash_floats(b->updater.m, b->updater.n_params),
                      .v = hash_floats(b->updater.v, b->updater.n_params),
                      .updater = mr_hash_fnv(&b->updater, sizeof b->updater)};

    for (int i = 0; i < 2; i++) {
        int at = b->step + i, images[BATCH], labels[BATCH];
        int k = mr_loader_fill(b->loader, 1 + at / 4, at % 4, b->batch.x, labels, images, b->pool);

        s.batches[i] = hash_floats(b->batch.x, (size_t)k * 32 * 32 * 3) ^
                       mr_hash_fnv(images, (size_t)k * sizeof *images) ^
                       mr_hash_mix(mr_hash_fnv(labels, (size_t)k * sizeof *labels));
    }
    return s;
}

static void assert_same(struct state a, struct state b)
{
    assert_true(a.params == b.params);
    assert_true(a.grads == b.grads);
    assert_true(a.m == b.m);
    assert_true(a.v == b.v);
    assert_true(a.batches[0] == b.batches[0] && a.batches[1] == b.batches[1]);
}

static const struct mr_objective cross_entropy;
static const double peaks[MR_N_GROUP] = {1, 1, 1};

static struct mr_finder finder_of(struct bench *b, int n_steps)
{
    return (struct mr_finder){.model = b->model,
                              .updater = &b->updater,
                              .feed = &b->feed,
                              .objective = &cross_entropy,
                              .peaks = peaks,
                              .batch = &b->batch,
                              .pool = b->pool,
                              .n_steps = n_steps};
}

/* What progress sees on its way. */
struct witness {
    struct bench *bench;
    struct state before;
    int n_seen, cancel_at; /* 0: never */
    bool has_changed;
};

static bool watch(void *ctx, const struct mr_curve *curve)
{
    struct witness *w = ctx;
    size_t n = mr_model_n_params(w->bench->model);

    assert_int_equal(curve->n, ++w->n_seen);
    assert_true(curve->points[curve->n - 1].lr > 0);
    if (!w->has_changed && hash_floats(mr_model_params(w->bench->model), n) != w->before.params &&
        hash_floats(w->bench->updater.m, w->bench->updater.n_params) != w->before.m)
        w->has_changed = true;
    return w->n_seen != w->cancel_at;
}

/* Searches in the middle of an epoch of a training that has moments, and goes on. */
static void leaves_no_trace_of(enum mr_optimizer_kind optimizer)
{
    struct bench *searched = calloc(1, sizeof *searched), *plain = calloc(1, sizeof *plain);
    struct mr_curve curve;
    struct mr_finder finder;
    struct mr_error err;
    struct witness w = {.bench = searched};
    struct state after;

    open_bench(searched, optimizer);
    open_bench(plain, optimizer);
    for (int i = 0; i < 3; i++)
        assert_true(train_step(searched) == train_step(plain));
    w.before = look(searched);
    finder = finder_of(searched, 10);
    finder.progress = watch;
    finder.ctx = &w;
    assert_ok(mr_finder_run(&finder, &curve, &err), err);
    assert_int_equal(w.n_seen, curve.n);
    assert_true(w.has_changed);
    after = look(searched);
    assert_same(after, w.before);
    assert_true(after.updater == w.before.updater);
    for (int i = 0; i < 3; i++)
        assert_true(train_step(searched) == train_step(plain));
    assert_same(look(searched), look(plain));
    close_bench(searched);
    close_bench(plain);
    free(searched);
    free(plain);
}

static void leaves_no_trace_of_adamw(void **state)
{
    leaves_no_trace_of(MR_OPTIMIZER_ADAMW);
}

static void leaves_no_trace_of_sgd(void **state)
{
    leaves_no_trace_of(MR_OPTIMIZER_SGD);
}

static void can_be_cancelled_without_a_trace(void **state)
{
    struct bench b;
    struct mr_curve curve;
    struct mr_finder finder;
    struct mr_error err;
    struct witness w = {.bench = &b, .cancel_at = 5};

    open_bench(&b, MR_OPTIMIZER_ADAMW);
    for (size_t i = 0; i < b.updater.n_params; i++)
        b.updater.m[i] = .5f; /* there is something to lose */
    w.before = look(&b);
    finder = finder_of(&b, 24);
    finder.progress = watch;
    finder.ctx = &w;
    assert_int_equal(mr_finder_run(&finder, &curve, &err), MR_E_CANCELLED);
    assert_non_null(strstr(err.message, "after 5 of 24 steps"));
    assert_int_equal(curve.n, 5);
    assert_true(w.has_changed);
    assert_same(look(&b), w.before);
    close_bench(&b);
}

/* The same search by hand: fresh moments, epochs -1, -2 ..., rates of the curve. */
static void draws_the_curve_of_a_training_at_growing_rates(void **state)
{
    struct bench searched, plain;
    struct mr_curve curve;
    struct mr_finder finder;
    struct mr_error err;

    open_bench(&searched, MR_OPTIMIZER_ADAMW);
    open_bench(&plain, MR_OPTIMIZER_ADAMW);
    for (size_t i = 0; i < searched.updater.n_params; i++)
        searched.updater.m[i] = .5f; /* of a former life */
    finder = finder_of(&searched, 12);
    assert_ok(mr_finder_run(&finder, &curve, &err), err);
    assert_true(curve.n > 6);
    for (int i = 0; i < curve.n; i++) {
        struct mr_batch *b = &plain.batch;
        double lr = 1e-7 * pow(1e8, i / 12.);
        int n = mr_loader_fill(plain.loader, -1 - i / 4, i % 4, b->x, b->labels, NULL, plain.pool);

        mr_model_forward(plain.model, b->x, n, MR_MODE_TRAIN);
        assert_true(mr_model_loss(plain.model, b->labels, NULL) == curve.points[i].loss);
        mr_model_backward(plain.model);
        mr_updater_step(&plain.updater, plain.model, i, (double[]){lr, lr, lr}, .9, plain.pool);
    }
    close_bench(&searched);
    close_bench(&plain);
}

static void ends_when_the_loss_explodes(void **state)
{
    struct bench b;
    struct mr_curve curve;
    struct mr_finder finder;
    struct mr_error err;

    open_bench(&b, MR_OPTIMIZER_SGD);
    finder = finder_of(&b, 60);
    assert_ok(mr_finder_run(&finder, &curve, &err), err);
    assert_true(curve.n > 20 && curve.n < 60);
    assert_false(curve.points[curve.n - 1].smoothed <= 4 * curve.least);
    assert_true(curve.points[curve.n - 2].smoothed <= 4 * curve.least);
    close_bench(&b);
}

struct telling {
    int n_search;
    const char *cancel_in;
    bool has_scanned, has_cached;
};

static bool tell(void *ctx, const char *phase, int64_t n_done, int64_t n_total,
                 const struct mr_curve *curve)
{
    struct telling *t = ctx;

    t->has_scanned |= !strcmp(phase, "scan");
    t->has_cached |= !strcmp(phase, "cache");
    t->n_search += !strcmp(phase, "search");
    assert_true(!strcmp(phase, "search") == (curve != NULL));
    return !t->cancel_in || strcmp(phase, t->cancel_in) != 0;
}

static void assert_no_run(struct lab *lab)
{
    char runs[256];
    struct mr_run run;

    assert_int_equal(mr_run_load(lab->store, 0, &run, NULL), MR_E_NOT_FOUND);
    snprintf(runs, sizeof runs, "%s/runs", lab->project);
    assert_true(!mr_path_exists(runs) || rmdir(runs) == 0); /* nothing in it */
}

static void searches_a_folder_and_records_no_run(void **state)
{
    static const char *const phases[] = {"scan", "cache", "search"};
    struct mr_train_options options = lab_options();
    struct telling t = {0};
    struct mr_search search = {.options = &options, .n_steps = 8, .progress = tell, .ctx = &t};
    struct mr_curve curve;
    struct mr_error err;
    struct lab lab;

    lab_open(&lab, sandbox);
    search.place = &lab.place;
    for (int i = 0; i < 3; i++) {
        t.cancel_in = phases[i];
        assert_int_equal(mr_search_run(&search, &curve, &err), MR_E_CANCELLED);
        assert_string_equal(err.message, "the search for a learning rate was cancelled");
        assert_no_run(&lab);
    }
    t = (struct telling){0};
    assert_ok(mr_search_run(&search, &curve, &err), err);
    assert_true(t.has_scanned && t.has_cached);
    assert_int_equal(t.n_search, curve.n);
    assert_no_run(&lab);
    options.valid_fraction = 2;
    assert_int_equal(mr_search_run(&search, &curve, &err), MR_E_USAGE);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_no_trace_of_adamw),
        cmocka_unit_test(leaves_no_trace_of_sgd),
        cmocka_unit_test(can_be_cancelled_without_a_trace),
        cmocka_unit_test(draws_the_curve_of_a_training_at_growing_rates),
        cmocka_unit_test(ends_when_the_loss_explodes),
        cmocka_unit_test(searches_a_folder_and_records_no_run),
    };

    lab_main(sandbox, tests);
}
