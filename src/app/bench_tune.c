/* SPDX-License-Identifier: MIT */
/*
 * `bench` of the two algorithms that a 3x3 convolution of stride 1 can take, for each shape and
 * pass of a network. What is clearly faster than the rule's choice is kept for later runs.
 */
#include "bench.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/kernel/choices.h>
#include <misread/kernel/kernels.h>

#include "place.h"
#include "session.h"

#define FEWEST_PAIRS 5
#define MOST_PAIRS   1000
/* By how much the rule's choice must be slower: what two measurements of the same may differ. */
#define CLEARLY 1.03

/* One shape, ready to be convolved. */
struct problem {
    const struct mr_kernels *kernels;
    struct mr_pool *pool;
    struct mr_conv_shape shape;
    float *x, *w, *y; /* owned, as scratch */
    float *scratch;   /* for all passes by either algorithm */
};

/* ---- the passes ---- */

static void run_forward(const struct problem *p)
{
    p->kernels->conv_forward(&(struct mr_conv_out){.y = p->y}, &(struct mr_conv_in){.x = p->x},
                             p->w, &p->shape, p->scratch, p->pool);
}

static void run_backward_data(const struct problem *p)
{
    p->kernels->conv_backward_data(p->x, p->y, p->w, &p->shape, MR_OVERWRITE, p->scratch, p->pool);
}

static void run_backward_weights(const struct problem *p)
{
    p->kernels->conv_backward_weights(p->w, &(struct mr_conv_in){.x = p->x}, p->y, &p->shape,
                                      p->scratch, p->pool);
}

static void (*const run_pass[MR_N_CONV_PASS])(const struct problem *p) = {
    [MR_CONV_FORWARD] = run_forward,
    [MR_CONV_BACKWARD_DATA] = run_backward_data,
    [MR_CONV_BACKWARD_WEIGHTS] = run_backward_weights,
};

/* ---- one shape ---- */

static void take(struct mr_conv_shape *shape, enum mr_conv_algorithm algorithm)
{
    for (int pass = 0; pass < MR_N_CONV_PASS; pass++)
        shape->algorithms[pass] = algorithm;
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t scratch_floats(const struct problem *p)
{
    int n_threads = mr_pool_n_threads(p->pool);
    struct mr_conv_shape shape = p->shape;
    size_t n = 0;

    for (int algorithm = MR_CONV_DIRECT; algorithm < MR_N_CONV_ALGORITHM; algorithm++) {
        take(&shape, (enum mr_conv_algorithm)algorithm);
        n = most(n, p->kernels->conv_forward_scratch(&shape, n_threads));
        n = most(n, p->kernels->conv_backward_data_scratch(&shape, n_threads));
        n = most(n, p->kernels->conv_backward_weights_scratch(&shape, n_threads));
    }
    return n;
}

static float *random_floats(size_t n)
{
    float *x = mr_alloc_aligned(n * sizeof *x);
    struct mr_rng rng = mr_rng_make(n, 0, 0, 0);

    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)mr_rng_between(&rng, -1, 1);
    return x;
}

static void finish(struct problem *p)
{
    free(p->x);
    free(p->w);
    free(p->y);
    free(p->scratch);
}

static enum mr_status init(struct problem *p, struct mr_error *err)
{
    const struct mr_conv_shape *s = &p->shape;
    size_t n_points = (size_t)s->n * (size_t)s->h * (size_t)s->w;

    p->x = random_floats(n_points * (size_t)s->c_in);
    p->y = random_floats(n_points * (size_t)s->c_out);
    p->w = random_floats(9 * (size_t)s->c_in * (size_t)s->c_out);
    p->scratch = mr_alloc_aligned(scratch_floats(p) * sizeof *p->scratch);
    if (p->x && p->y && p->w && p->scratch)
        return MR_OK;
    finish(p);
    return mr_fail(err, MR_E_NOMEM, "no memory to convolve %d images of %d x %d points", s->n, s->w,
                   s->h);
}

static double time_ms(struct problem *p, enum mr_conv_pass pass, enum mr_conv_algorithm algorithm)
{
    int64_t began;

    take(&p->shape, algorithm);
    began = mr_clock_us();
    run_pass[pass](p);
    return (double)(mr_clock_us() - began) / 1e3;
}

/* In turn, so that whatever else the machine does meets both; the first of each does not count. */
static void time_both(struct problem *p, enum mr_conv_pass pass, double seconds, double *direct_ms,
                      double *winograd_ms)
{
    double direct[MOST_PAIRS], winograd[MOST_PAIRS];
    int64_t began = mr_clock_us(), wanted_us = (int64_t)(seconds * 1e6);
    int n = 0;

    time_ms(p, pass, MR_CONV_DIRECT);
    time_ms(p, pass, MR_CONV_WINOGRAD);
    while (n < FEWEST_PAIRS || (n < MOST_PAIRS && mr_clock_us() - began < wanted_us)) {
        direct[n] = time_ms(p, pass, MR_CONV_DIRECT);
        winograd[n++] = time_ms(p, pass, MR_CONV_WINOGRAD);
    }
    *direct_ms = mr_bench_quantile(direct, n, .5);
    *winograd_ms = mr_bench_quantile(winograd, n, .5);
}

/* The rule's choice unless the other is clearly faster. */
static enum mr_conv_algorithm better(enum mr_conv_algorithm rule, double direct_ms,
                                     double winograd_ms)
{
    if (rule == MR_CONV_WINOGRAD && winograd_ms > CLEARLY * direct_ms)
        return MR_CONV_DIRECT;
    if (rule == MR_CONV_DIRECT && direct_ms > CLEARLY * winograd_ms)
        return MR_CONV_WINOGRAD;
    return rule;
}

static void add_shape(cJSON *shapes, const struct mr_conv_shape *shape, enum mr_conv_pass pass,
                      double direct_ms, double winograd_ms, enum mr_conv_algorithm rule,
                      enum mr_conv_algorithm kept)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddStringToObject(row, "pass", mr_conv_pass_text(pass));
    cJSON_AddNumberToObject(row, "h", shape->h);
    cJSON_AddNumberToObject(row, "w", shape->w);
    cJSON_AddNumberToObject(row, "c_in", shape->c_in);
    cJSON_AddNumberToObject(row, "c_out", shape->c_out);
    cJSON_AddNumberToObject(row, "direct_ms", direct_ms);
    cJSON_AddNumberToObject(row, "winograd_ms", winograd_ms);
    cJSON_AddStringToObject(row, "rule", mr_conv_algorithm_text(rule));
    cJSON_AddStringToObject(row, "kept", mr_conv_algorithm_text(kept));
    cJSON_AddItemToArray(shapes, row);
}

static void tune_pass(struct problem *p, enum mr_conv_pass pass, const struct mr_bench *bench,
                      struct mr_conv_choices *choices, cJSON *shapes)
{
    struct mr_conv_choice choice = {.machine = mr_machine_here(p->kernels->isa, bench->n_threads),
                                    .pass = pass};
    enum mr_conv_algorithm rule, kept;
    double direct_ms, winograd_ms;

    mr_bench_say("%s, %d x %d, %d to %d channels", mr_conv_pass_text(pass), p->shape.h, p->shape.w,
                 p->shape.c_in, p->shape.c_out);
    time_both(p, pass, bench->seconds, &direct_ms, &winograd_ms);
    take(&p->shape, MR_CONV_BY_RULE);
    rule = p->kernels->conv_resolve(&p->shape, pass);
    kept = better(rule, direct_ms, winograd_ms);
    choice.shape = p->shape;
    choice.algorithm = kept == rule ? MR_CONV_BY_RULE : kept;
    mr_conv_choices_set(choices, &choice);
    add_shape(shapes, &p->shape, pass, direct_ms, winograd_ms, rule, kept);
}

static enum mr_status tune_shape(struct problem *p, const struct mr_bench *bench,
                                 struct mr_conv_choices *choices, cJSON *shapes,
                                 struct mr_error *err)
{
    enum mr_status st = init(p, err);

    if (st)
        return st;
    for (int pass = 0; pass < MR_N_CONV_PASS && !st; pass++) {
        tune_pass(p, (enum mr_conv_pass)pass, bench, choices, shapes);
        st = mr_bench_go_on(bench, err);
    }
    finish(p);
    return st;
}

/* ---- all shapes ---- */

static bool has_choice(const struct mr_kernels *kernels, struct mr_conv_shape shape)
{
    take(&shape, MR_CONV_WINOGRAD);
    return kernels->conv_resolve(&shape, MR_CONV_FORWARD) == MR_CONV_WINOGRAD;
}

static enum mr_status tune_model(const struct mr_model *model, const struct mr_bench *bench,
                                 struct mr_pool *pool, struct mr_conv_choices *choices,
                                 cJSON *shapes, struct mr_error *err)
{
    struct problem p = {.kernels = bench->kernels, .pool = pool};
    enum mr_status st = MR_OK;

    for (int i = 0; !st && mr_model_find_conv(model, i, &p.shape); i++) {
        p.shape.n = bench->batch;
        if (has_choice(p.kernels, p.shape))
            st = tune_shape(&p, bench, choices, shapes, err);
    }
    return st;
}

static enum mr_status keep(const struct mr_conv_choices *choices, const char *path,
                           struct mr_error *err)
{
    enum mr_status st = mr_place_state_make(err);

    return st ? st : mr_conv_choices_save(choices, path, err);
}

enum mr_status mr_bench_tune(const struct mr_bench *bench, struct cJSON *result,
                             struct mr_error *err)
{
    /* Only asked for its shapes: one image is enough. */
    struct mr_model_options options = {.arch = bench->arch,
                                       .n_classes = 2,
                                       .max_batch = 1,
                                       .h = bench->size_px,
                                       .w = bench->size_px};
    cJSON *shapes = cJSON_CreateArray();
    struct mr_conv_choices choices; /* of all machines that share the file */
    struct mr_model *model = NULL;
    struct mr_pool *pool = NULL;
    enum mr_status st = mr_pool_create(&pool, bench->n_threads, err);

    mr_bench_add_network(bench, result);
    cJSON_AddItemToObject(result, "shapes", shapes);
    mr_conv_choices_load(&choices, bench->session->choices_path, NULL);
    if (!st)
        st = mr_model_create(&model, &options, pool, err);
    if (!st)
        st = tune_model(model, bench, pool, &choices, shapes, err);
    if (!st)
        st = keep(&choices, bench->session->choices_path, err);
    mr_conv_choices_finish(&choices);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
    return st;
}
