/* SPDX-License-Identifier: MIT */
/* `bench` of the network: steps of training, or of answering only. */
#include "bench.h"

#include <stdlib.h>
#include <sys/resource.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/kernel/choices.h>
#include <misread/kernel/kernels.h>
#include <misread/train/trial.h>

#include "session.h"

#define FEWEST_STEPS 5

struct steps {
    double *images_per_s; /* (n) owned: of each step */
    double wait_ms;       /* of all */
    int n;
};

static void add_step(struct steps *steps, const struct mr_trial_step *step)
{
    steps->images_per_s =
        mr_xrealloc(steps->images_per_s, (size_t)steps->n + 1, sizeof *steps->images_per_s);
    steps->images_per_s[steps->n++] = step->n_images * 1e6 / (double)(step->us ? step->us : 1);
    steps->wait_ms += (double)step->wait_us / 1e3;
}

/* The first step touches all memory and is not counted. */
static enum mr_status take_steps(struct steps *steps, struct mr_trial *trial,
                                 const struct mr_bench *bench, struct mr_error *err)
{
    int64_t began, wanted_us = (int64_t)(bench->seconds * 1e6);
    enum mr_status st = MR_OK;

    mr_bench_say("the first step, which does not count");
    mr_trial_step(trial);
    began = mr_clock_us();
    while (!st && (steps->n < FEWEST_STEPS || mr_clock_us() - began < wanted_us)) {
        struct mr_trial_step step = mr_trial_step(trial);

        add_step(steps, &step);
        mr_bench_say("step %d: %.1f images/s", steps->n, steps->images_per_s[steps->n - 1]);
        st = mr_bench_go_on(bench, err);
    }
    return st;
}

static void add_steps(cJSON *result, struct steps *steps, double flops_per_image, bool has_loader)
{
    double images_per_s = mr_bench_quantile(steps->images_per_s, steps->n, .5);
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    cJSON_AddNumberToObject(result, "steps", steps->n);
    cJSON_AddNumberToObject(result, "images_per_s", images_per_s);
    cJSON_AddNumberToObject(result, "gflops", images_per_s * flops_per_image / 1e9);
    cJSON_AddNumberToObject(result, "peak_rss_mb", (double)usage.ru_maxrss * 1024 / 1e6);
    if (has_loader)
        cJSON_AddNumberToObject(result, "loader_wait_ms", steps->wait_ms / steps->n);
    else
        cJSON_AddNullToObject(result, "loader_wait_ms");
}

/* data NULL: random input. */
static enum mr_status measure(const struct mr_bench *bench, enum mr_mode mode,
                              const struct mr_bench_data *data, cJSON *result, struct mr_error *err)
{
    struct mr_machine machine = mr_machine_here(bench->kernels->isa, bench->n_threads);
    struct mr_conv_choices choices;
    struct mr_trial_options options = {.arch = bench->arch,
                                       .size_px = bench->size_px,
                                       .batch = bench->batch,
                                       .n_threads = bench->n_threads,
                                       .mode = mode,
                                       .table = data ? data->table : NULL,
                                       .cache = data ? data->cache : NULL,
                                       .kernels = bench->kernels,
                                       .choices = &choices};
    struct mr_trial *trial = NULL;
    struct steps steps = {0};
    enum mr_status st;

    mr_conv_choices_load(&choices, bench->session->choices_path, &machine);
    st = mr_trial_create(&trial, &options, err);
    mr_conv_choices_finish(&choices);
    if (!st)
        st = take_steps(&steps, trial, bench, err);
    if (!st) {
        mr_bench_add_network(bench, result);
        add_steps(result, &steps, mr_trial_flops_per_image(trial), data != NULL);
    }
    free(steps.images_per_s);
    mr_trial_destroy(trial);
    return st;
}

enum mr_status mr_bench_train(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err)
{
    struct mr_bench_data data = {0};
    enum mr_status st;

    if (!bench->data_dir)
        return measure(bench, MR_MODE_TRAIN, NULL, result, err);
    st = mr_bench_data_open(&data, bench, err);
    if (!st)
        st = measure(bench, MR_MODE_TRAIN, &data, result, err);
    mr_bench_data_close(&data);
    return st;
}

enum mr_status mr_bench_infer(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err)
{
    return measure(bench, MR_MODE_EVAL, NULL, result, err);
}
