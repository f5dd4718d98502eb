/* SPDX-License-Identifier: MIT */
/*
 * An epoch with everything that changes a step, made here by hand from what a run prepares: the
 * run's losses and its average must be these to the bit.
 */
#include "lab.h"

#include <stdatomic.h>

#include <misread/data/loader.h>
#include <misread/kernel/softmax.h>
#include <misread/nn/model.h>
#include <misread/nn/weights_file.h>

#include "average.h"
#include "training.h"

static struct mr_sandbox *sandbox;

#define N_STEPS    2 /* 4 batches of 5 or 6 images: three of them, and the rest */
#define ACCUMULATE 3

static struct mr_train_options everything(void)
{
    struct mr_train_options o = lab_options();

    o.n_epochs = 1;
    o.batch = 6;
    o.accumulate = ACCUMULATE;
    o.ema = .5;
    o.clip = .2;
    o.smoothing = .1;
    o.mixup = .4;
    o.class_weights = MR_CLASS_WEIGHTS_BALANCED;
    o.sampling = MR_SAMPLING_BALANCED;
    return o;
}

/* Half of a class goes: its images are worth more than the others'. */
static void thin_out(const struct lab *lab)
{
    char path[256];

    for (int i = 0; i < LAB_N_PER_CLASS / 2; i++) {
        snprintf(path, sizeof path, "%s/warm/%02d.jpg", lab->data, i);
        assert_int_equal(unlink(path), 0);
    }
}

static bool goes_on(void *ctx, const struct mr_run *run)
{
    return true;
}

static void prepare(struct mr_training *s, struct lab *lab, atomic_bool *never,
                    const struct mr_train_options *options)
{
    struct mr_error err;

    *s = (struct mr_training){.options = *options, .data_dir = lab->data, .sandbox = sandbox};
    s->control =
        (struct mr_control){.store = lab->store, .ask_stop = never, .version = -1, .rate = 1};
    s->progress = (struct mr_progress){.store = lab->store, .listen = goes_on};
    assert_ok(mr_training_prepare(s, &err), err);
}

static void weigh(float weights[2], const struct mr_samples *samples)
{
    int counts[2] = {0};

    for (int i = 0; i < samples->n_train; i++)
        counts[samples->train[i].label]++;
    assert_int_not_equal(counts[0], counts[1]);
    for (int c = 0; c < 2; c++)
        weights[c] = (float)((double)samples->n_train / (2. * counts[c]));
}

/* Forward and backward of a batch; its gradient is gathered. Returns its loss, and its images. */
static double learn(struct mr_training *s, int index, int number, const float weights[2], int *n)
{
    struct mr_objective mixing = {.mixup = .4, .seed = s->options.seed};
    struct mr_batch *b = &s->batch;
    struct mr_softmax_goal goal = {.labels = b->labels,
                                   .others = b->others,
                                   .shares = b->shares,
                                   .weights = weights,
                                   .smoothing = .1};
    double loss;

    *n = mr_batch_fill(b, &s->train_feed, s->model, 1, index, s->pool);
    mr_objective_mix(&mixing, b, *n, mr_batch_n_floats(&s->train_feed, s->model), number);
    mr_model_set_step(s->model, number);
    mr_batch_forward(b, &s->train_feed, s->model, *n, MR_MODE_TRAIN);
    loss = mr_model_loss_towards(s->model, &goal, NULL);
    mr_model_backward(s->model);
    mr_updater_gather(&s->updater, s->model, *n, s->pool);
    return loss;
}

static void make_step(struct mr_training *s, int step, const float weights[2],
                      const struct mr_step *wanted)
{
    double lr, momentum, sum = 0, rates[MR_N_GROUP];
    int n_images = 0;

    for (int i = 0; i < ACCUMULATE && step * ACCUMULATE + i < 4; i++) {
        int n, index = step * ACCUMULATE + i;

        sum += learn(s, index, index, weights, &n) * n;
        n_images += n;
    }
    assert_true(sum / n_images > wanted->loss - 1e-9 && sum / n_images < wanted->loss + 1e-9);
    mr_schedule_at(&s->schedule, step, &lr, &momentum);
    for (int i = 0; i < MR_N_GROUP; i++)
        rates[i] = lr;
    mr_updater_step(&s->updater, s->model, step, rates, momentum, s->pool);
    for (size_t i = 0; i < mr_model_n_params(s->model); i++) {
        float share = (float)mr_average_share(.5, step);

        s->average[i] += share * (mr_model_params(s->model)[i] - s->average[i]);
    }
}

static bool is_of_file(const char *path, const char *name, const struct mr_model *model,
                       const float *params)
{
    const struct mr_tensor *t = mr_model_find_tensor(model, name);
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    float *x = NULL;
    bool is_same;
    size_t n;

    assert_ok(mr_weights_file_open(&file, NULL, path, &err), err);
    assert_ok(mr_weights_file_floats(file, name, &x, &n, &err), err);
    assert_int_equal(n, t->n);
    is_same = !memcmp(x, params + t->offset, n * sizeof *x);
    free(x);
    mr_weights_file_close(file);
    return is_same;
}

static void makes_the_steps_that_were_asked_for_and_keeps_their_average(void **state)
{
    static const char *const names[] = {"fc.weight", "layer4.1.bn2.weight", "bn1.running_mean"};
    struct mr_train_options o = everything();
    struct mr_training s;
    struct mr_step *steps;
    struct lab lab;
    atomic_bool never = false;
    float weights[2];
    char *best;
    int run;

    lab_open(&lab, sandbox);
    thin_out(&lab);
    run = lab_train(&lab, &o);
    assert_int_equal(lab_steps(&lab, run, &steps), N_STEPS);
    prepare(&s, &lab, &never, &o);
    weigh(weights, &s.samples);
    for (int step = 0; step < N_STEPS; step++)
        make_step(&s, step, weights, &steps[step]);
    best = mr_run_path(lab.store, run, "best.safetensors");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(is_of_file(best, names[i], s.model, s.average));
        assert_false(is_of_file(best, names[i], s.model, mr_model_params(s.model)));
    }
    free(best);
    free(steps);
    mr_training_finish(&s);
    mr_run_finish(&s.progress.run);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_steps_that_were_asked_for_and_keeps_their_average),
    };

    lab_main(sandbox, tests);
}
