/* SPDX-License-Identifier: MIT */
/*
 * Prints as JSON what a network computes, to be compared with another implementation: logits, loss,
 * gradients, running statistics and the losses of some SGD and AdamW steps.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/pool.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>

#include "hashed.h"
#include "steps.h"

static const char usage[] =
    "usage: parity [options]\n"
    "Prints logits, loss, gradients, running statistics and step losses of a ResNet as JSON.\n"
    "  --arch NAME       resnet18 (default), resnet34 or resnet50\n"
    "  --classes N       outputs (5)\n"
    "  --tame            hashed weights with the last batch norm of a block near 0.2\n"
    "  --weights FILE    safetensors instead of hashed weights; tensors it lacks stay hashed\n"
    "  --input FILE      safetensors with one tensor (N,3,H,W) instead of hashed batch 0;\n"
    "                    label n is n modulo the classes\n"
    "  --eval            running statistics, logits only\n"
    "  --steps N         optimiser steps on the hashed batches (0)\n"
    "  --sgd-lr X        learning rate of SGD (0.01)\n"
    "  --adamw-lr X      learning rate of AdamW (0.001)\n"
    "  --threads N       (0: one per core)\n"
    "  --help\n";

struct job {
    enum mr_arch arch;
    int n_classes, n_steps, n_threads;
    bool tame, eval_only;
    const char *weights, *input;
    double lr[2];
    /* the input */
    float *images; /* owned, (n, h, w, 3) */
    int *labels;   /* owned */
    int n, h, w;
};

static int fail(const char *message)
{
    fprintf(stderr, "parity: %s\n", message);
    return 1;
}

/* ---- input ---- */

static void read_hashed(struct job *job)
{
    job->n = HASHED_BATCH;
    job->h = job->w = HASHED_SIDE;
    job->images = mr_xalloc((size_t)job->n * HASHED_SIDE * HASHED_SIDE * 3, sizeof *job->images);
    job->labels = mr_xalloc((size_t)job->n, sizeof *job->labels);
    hashed_batch(job->images, job->labels, 0);
}

static void to_channels_last(float *dst, const float *src, int n, int h, int w)
{
    size_t points = (size_t)h * (size_t)w;

    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t c = 0; c < 3; c++)
            for (size_t p = 0; p < points; p++)
                dst[(i * points + p) * 3 + c] = src[(i * 3 + c) * points + p];
}

static int read_input(struct job *job)
{
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    const struct mr_weights_tensor *t;
    int n_tensors;
    float *values;
    size_t n;

    if (mr_weights_file_open(&file, NULL, job->input, &err))
        return fail(err.message);
    t = mr_weights_file_tensors(file, &n_tensors);
    if (n_tensors != 1 || t->n_dims != 4 || t->shape[1] != 3 || t->shape[0] > 1024 ||
        t->shape[2] > 4096 || t->shape[3] > 4096) {
        mr_weights_file_close(file);
        return fail("the input file does not hold one tensor (N,3,H,W)");
    }
    job->n = (int)t->shape[0];
    job->h = (int)t->shape[2];
    job->w = (int)t->shape[3];
    if (mr_weights_file_floats(file, t->name, &values, &n, &err)) {
        mr_weights_file_close(file);
        return fail(err.message);
    }
    job->images = mr_xalloc(n, sizeof *job->images);
    to_channels_last(job->images, values, job->n, job->h, job->w);
    job->labels = mr_xalloc((size_t)job->n, sizeof *job->labels);
    for (int i = 0; i < job->n; i++)
        job->labels[i] = i % job->n_classes;
    free(values);
    mr_weights_file_close(file);
    return 0;
}

/* ---- output ---- */

static void print_number(double v)
{
    if (isfinite(v))
        printf("%.9g", v);
    else
        printf("null");
}

static void print_rows(const char *key, const float *x, int rows, int cols)
{
    printf("  \"%s\": [", key);
    for (int r = 0; r < rows; r++) {
        printf("%s[", r ? ", " : "");
        for (int c = 0; c < cols; c++) {
            printf("%s", c ? ", " : "");
            print_number(x[(size_t)r * (size_t)cols + (size_t)c]);
        }
        printf("]");
    }
    printf("],\n");
}

static double projection(const float *x, const struct mr_tensor *t)
{
    return hashed_projection(t->name, x, t->n);
}

static double l2(const float *x, const struct mr_tensor *t)
{
    return hashed_l2(x, t->n);
}

static double sum(const float *x, const struct mr_tensor *t)
{
    return hashed_sum(x, t->n);
}

/* One number for each gradient, or for each running statistic. */
static void print_each(const char *key, const struct mr_model *model, bool gradients,
                       double (*number)(const float *x, const struct mr_tensor *t))
{
    float *values = mr_xalloc(mr_model_n_params(model), sizeof *values);
    const char *comma = "";
    int n;
    const struct mr_tensor *t = mr_model_tensors(model, &n);

    printf("  \"%s\": {", key);
    for (int i = 0; i < n; i++) {
        if ((t[i].kind == MR_TENSOR_RUNNING) == gradients)
            continue;
        (gradients ? mr_model_get_grad : mr_model_get_tensor)(model, &t[i], values);
        printf("%s\n    \"%s\": ", comma, t[i].name);
        print_number(number(values, &t[i]));
        comma = ",";
    }
    printf("},\n");
    free(values);
}

static void print_steps(const char *key, struct mr_model *model, const struct job *job,
                        enum steps_kind kind, struct mr_pool *pool)
{
    double *losses = mr_xalloc((size_t)job->n_steps, sizeof *losses);

    steps_run(model, kind, job->tame, job->lr[kind], job->n_steps, losses, pool);
    printf("  \"%s\": [", key);
    for (int i = 0; i < job->n_steps; i++) {
        printf("%s", i ? ", " : "");
        print_number(losses[i]);
    }
    printf("],\n");
    free(losses);
}

static void print_training(struct mr_model *model, const struct job *job, struct mr_pool *pool)
{
    const float *logits = mr_model_forward(model, job->images, job->n, MR_MODE_TRAIN);
    double loss;

    print_rows("logits", logits, job->n, job->n_classes);
    loss = mr_model_loss(model, job->labels, NULL);
    printf("  \"loss\": ");
    print_number(loss);
    printf(",\n");
    print_rows("dlogits", mr_model_dlogits(model), job->n, job->n_classes);
    mr_model_backward(model);
    print_each("grad_l2", model, true, l2);
    print_each("grad_sum", model, true, sum);
    print_each("grad_proj", model, true, projection);
    print_each("running_sum", model, false, sum);
    print_each("running_l2", model, false, l2);
    if (job->n_steps && job->h == HASHED_SIDE && job->w == HASHED_SIDE && job->n >= HASHED_BATCH &&
        job->n_classes >= HASHED_CLASSES) {
        print_steps("sgd_losses", model, job, STEPS_SGD, pool);
        print_steps("adamw_losses", model, job, STEPS_ADAMW, pool);
    }
}

static int run(struct mr_model *model, const struct job *job, struct mr_pool *pool)
{
    struct mr_weights_report report = {0};
    struct mr_error err;

    hashed_init(model, job->tame);
    if (job->weights && mr_weights_load(model, job->weights, &report, &err))
        return fail(err.message);
    mr_weights_report_finish(&report);
    printf("{\n");
    print_rows("logits_eval", mr_model_forward(model, job->images, job->n, MR_MODE_EVAL), job->n,
               job->n_classes);
    if (!job->eval_only)
        print_training(model, job, pool);
    printf("  \"arch\": \"%s\"\n}\n", mr_arch_text(job->arch));
    return 0;
}

static int work(struct job *job)
{
    struct mr_model_options options = {job->arch, job->n_classes, 0, 0, 0, !job->eval_only};
    struct mr_pool *pool = NULL;
    struct mr_model *model = NULL;
    struct mr_error err;
    int failed;

    if (job->input ? read_input(job) : (read_hashed(job), 0))
        return 1;
    options.max_batch = job->n;
    options.h = job->h;
    options.w = job->w;
    if (mr_pool_create(&pool, job->n_threads, &err))
        return fail(err.message);
    failed =
        mr_model_create(&model, &options, pool, &err) ? fail(err.message) : run(model, job, pool);
    mr_model_destroy(model);
    mr_pool_destroy(pool);
    return failed;
}

/* ---- arguments ---- */

enum option_id {
    ARCH = 1,
    CLASSES,
    TAME,
    WEIGHTS,
    INPUT,
    EVAL,
    STEPS,
    SGD_LR,
    ADAMW_LR,
    THREADS,
    HELP
};

static const struct option options[] = {
    {"arch", required_argument, NULL, ARCH},
    {"classes", required_argument, NULL, CLASSES},
    {"tame", no_argument, NULL, TAME},
    {"weights", required_argument, NULL, WEIGHTS},
    {"input", required_argument, NULL, INPUT},
    {"eval", no_argument, NULL, EVAL},
    {"steps", required_argument, NULL, STEPS},
    {"sgd-lr", required_argument, NULL, SGD_LR},
    {"adamw-lr", required_argument, NULL, ADAMW_LR},
    {"threads", required_argument, NULL, THREADS},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

/* Returns -1 to go on, else the exit status. */
static int take_option(struct job *job, int which)
{
    int *numbers[] = {
        [CLASSES] = &job->n_classes, [STEPS] = &job->n_steps, [THREADS] = &job->n_threads};

    if (which == HELP) {
        fputs(usage, stdout);
        return 0;
    }
    if (which == ARCH && !mr_arch_find(optarg, &job->arch))
        return fail("no such network"), 2;
    if (which == CLASSES || which == STEPS || which == THREADS)
        *numbers[which] = atoi(optarg);
    if (which == TAME)
        job->tame = true;
    if (which == EVAL)
        job->eval_only = true;
    if (which == WEIGHTS)
        job->weights = optarg;
    if (which == INPUT)
        job->input = optarg;
    if (which == SGD_LR || which == ADAMW_LR)
        job->lr[which == ADAMW_LR] = atof(optarg);
    if (which == '?') {
        fputs(usage, stderr);
        return 2;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct job job = {.n_classes = HASHED_CLASSES, .lr = {.01, .001}};
    int which, status;

    while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
        status = take_option(&job, which);
        if (status >= 0)
            return status;
    }
    status = work(&job);
    free(job.images);
    free(job.labels);
    return status;
}
