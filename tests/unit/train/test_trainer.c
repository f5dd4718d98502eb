/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/train/evaluate.h>
#include <misread/train/schedule.h>

static struct mr_sandbox *sandbox;

static struct mr_predictions *predictions(struct lab *lab, int run, int epoch, enum mr_side side)
{
    struct mr_predictions *p = NULL;
    struct mr_error err;

    assert_ok(mr_predictions_load(lab->store, run, epoch, side, &p, &err), err);
    return p;
}

/* Every loss is the cross-entropy of the logits beside it; returns images whose largest logit is
 * right. */
static int check_predictions(const struct mr_predictions *p, double *mean_loss)
{
    int n_correct = 0;

    *mean_loss = 0;
    for (int i = 0; i < p->n; i++) {
        double a = p->logits[2 * i], b = p->logits[2 * i + 1];
        double own = p->labels[i] ? b : a, other = p->labels[i] ? a : b;

        assert_true(fabs(log1p(exp(other - own)) - p->losses[i]) < 1e-4);
        assert_true(!i || p->ids[i] > p->ids[i - 1]);
        n_correct += p->labels[i] ? b > a : a >= b;
        *mean_loss += p->losses[i] / p->n;
    }
    return n_correct;
}

static void check_epochs(struct lab *lab, int run)
{
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    double least = INFINITY;
    int n = 0;

    assert_ok(mr_epochs_load(lab->store, run, &epochs, &n, &err), err);
    assert_int_equal(n, 6);
    for (int i = 0; i < n; i++) {
        struct mr_predictions *valid = predictions(lab, run, i + 1, MR_SIDE_VALID);
        struct mr_predictions *train = predictions(lab, run, i + 1, MR_SIDE_TRAIN);
        double loss;

        assert_int_equal(valid->n, 10);
        assert_int_equal(train->n, 30);
        assert_int_equal(check_predictions(valid, &loss), epochs[i].n_correct);
        assert_int_equal(epochs[i].n_valid, 10);
        assert_true(fabs(loss - epochs[i].valid_loss) < 1e-6);
        check_predictions(train, &loss);
        assert_true(fabs(loss - epochs[i].train_loss) < 1e-6);
        assert_true(epochs[i].seconds > 0);
        least = fmin(least, epochs[i].train_loss);
        mr_predictions_destroy(valid);
        mr_predictions_destroy(train);
    }
    assert_true(epochs[n - 1].n_correct > 9);
    assert_true(least < .5 * epochs[0].train_loss);
    free(epochs);
}

static void check_steps(struct lab *lab, int run)
{
    struct mr_schedule schedule =
        mr_schedule_make(MR_SCHEDULE_ONE_CYCLE_V1, MR_STAGE_WHOLE, 24, lab_options().lr);
    struct mr_step *steps = NULL;
    int n = lab_steps(lab, run, &steps);

    assert_int_equal(n, 24);
    for (int i = 0; i < n; i++) {
        double lr, momentum;

        mr_schedule_at(&schedule, i, &lr, &momentum);
        assert_int_equal(steps[i].step, i);
        assert_int_equal(steps[i].epoch, 1 + i / 4);
        assert_true(steps[i].lr == lr);
        assert_true(steps[i].momentum == momentum);
        assert_true(isfinite(steps[i].loss) && steps[i].images_per_s > 0);
    }
    free(steps);
}

static void learns_two_easy_classes_and_stores_what_it_found(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_run row;
    int run;

    lab_open(&lab, sandbox);
    run = lab_train(&lab, &o);
    row = lab_run(&lab, run);
    assert_int_equal(row.state, MR_RUN_DONE);
    assert_string_equal(row.message, "");
    assert_string_equal(row.arch, "resnet18");
    assert_int_equal(row.n_train, 30);
    assert_int_equal(row.n_valid, 10);
    assert_int_equal(row.epoch, 6);
    assert_int_equal((int)row.eta_ms, 0);
    assert_true(row.ended_at >= row.created_at && row.checkpoint_at > 0);
    mr_run_finish(&row);
    check_epochs(&lab, run);
    check_steps(&lab, run);
    assert_true(lab_has_file(&lab, run, "last.safetensors"));
    assert_true(lab_has_file(&lab, run, "best.safetensors"));
    lab_close(&lab);
}

static void learns_with_sgd_too(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    int n = 0, run;

    lab_open(&lab, sandbox);
    o.optimizer = MR_OPTIMIZER_SGD;
    o.lr = .002;
    o.augment = MR_AUGMENT_NONE;
    run = lab_train(&lab, &o);
    assert_ok(mr_epochs_load(lab.store, run, &epochs, &n, &err), err);
    assert_true(epochs[n - 1].n_correct > 9);
    free(epochs);
    lab_close(&lab);
}

static void ends_alike_for_equal_seeds_and_otherwise_not(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    int a, b, c;

    lab_open(&lab, sandbox);
    o.n_epochs = 2;
    a = lab_train(&lab, &o);
    b = lab_train(&lab, &o);
    assert_true(lab_files_equal(&lab, a, b, "last.safetensors"));
    assert_true(lab_files_equal(&lab, a, b, "best.safetensors"));
    o.seed++;
    c = lab_train(&lab, &o);
    assert_false(lab_files_equal(&lab, a, c, "last.safetensors"));
    lab_close(&lab);
}

/* With a rate of nothing the weights stay, and a batch's loss tells which images are in it. */
static void takes_the_images_in_another_order_every_epoch_and_augmented(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_step *steps = NULL, *augmented = NULL;
    int n_alike = 0;

    lab_open(&lab, sandbox);
    o.n_epochs = 3;
    o.lr = 1e-12;
    o.augment = MR_AUGMENT_NONE;
    assert_int_equal(lab_steps(&lab, lab_train(&lab, &o), &steps), 12);
    for (int i = 0; i < 8; i++)
        n_alike += fabs(steps[i].loss - steps[i + 4].loss) < 1e-5;
    assert_true(n_alike < 4);
    /* the same images, but not as they are in their files */
    o.n_epochs = 1;
    o.augment = MR_AUGMENT_DEFAULT;
    lab_steps(&lab, lab_train(&lab, &o), &augmented);
    assert_true(fabs(augmented[0].loss - steps[0].loss) > 1e-4);
    free(steps);
    free(augmented);
    lab_close(&lab);
}

/* With a rate of nothing no epoch is better than the first, and none may replace it. */
static void keeps_the_first_of_equally_good_epochs(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_weights_file *file = NULL;
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    char *path, text[32];
    int run, n = 0, best = 0;

    lab_open(&lab, sandbox);
    o.n_epochs = 3;
    o.lr = 1e-12;
    o.seed = 4; /* random weights that call everything warm, in all three epochs */
    o.augment = MR_AUGMENT_NONE;
    run = lab_train(&lab, &o);
    assert_ok(mr_epochs_load(lab.store, run, &epochs, &n, &err), err);
    for (int i = 1; i < n; i++)
        if (epochs[i].n_correct > epochs[best].n_correct)
            best = i;
    path = mr_run_path(lab.store, run, "best.safetensors");
    assert_ok(mr_weights_file_open(&file, NULL, path, &err), err);
    snprintf(text, sizeof text, "%d", best + 1);
    assert_string_equal(mr_weights_file_text(file, "epoch"), text);
    assert_true(fabs(atof(mr_weights_file_text(file, "best_accuracy")) -
                     epochs[best].n_correct / 10.) < 1e-12);
    assert_true(epochs[best].n_correct < 10); /* or this shows nothing */
    mr_weights_file_close(file);
    free(path);
    free(epochs);
    lab_close(&lab);
}

/* A pass of its own over the validation side with the weights of a file. */
static struct mr_predictions *evaluate_file(struct lab *lab, int run, const char *name,
                                            const struct mr_predictions *like)
{
    struct mr_model_options options = {MR_ARCH_RESNET18, 2, 4, 32, 32, false};
    struct mr_cache_options cache_options = {.data_dir = lab->data, .size_px = 32};
    struct mr_sample samples[10];
    struct mr_loader_options loader_options = {.samples = samples, .n = 10, .batch = 4};
    struct mr_image_table *table = NULL;
    struct mr_cache *cache = NULL;
    struct mr_evaluation e = {0};
    struct mr_predictions *p = NULL;
    char *path = mr_run_path(lab->store, run, name);
    struct mr_error err;

    for (int i = 0; i < 10; i++)
        samples[i] = (struct mr_sample){like->ids[i], like->labels[i]};
    assert_ok(mr_images_load(lab->store, &table, &err), err);
    assert_ok(mr_cache_open(&cache, lab->store, table, sandbox, &cache_options, &err), err);
    assert_ok(mr_loader_create(&e.loader, cache, &loader_options, &err), err);
    assert_ok(mr_model_create(&e.model, &options, NULL, &err), err);
    assert_ok(mr_weights_load(e.model, path, NULL, &err), err);
    assert_ok(mr_evaluate(&e, &p, &err), err);
    mr_model_destroy(e.model);
    mr_loader_destroy(e.loader);
    mr_cache_close(cache);
    mr_images_destroy(table);
    free(path);
    return p;
}

/* In other batches and with one thread, so sums may be rounded otherwise: 1e-4 of logits of some 1.
 */
static void says_the_same_of_the_images_when_asked_again(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_predictions *stored, *again;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 2;
    o.lr = 1e-3;
    run = lab_train(&lab, &o);
    stored = predictions(&lab, run, 2, MR_SIDE_VALID);
    again = evaluate_file(&lab, run, "last.safetensors", stored);
    assert_int_equal(again->n, stored->n);
    assert_memory_equal(again->ids, stored->ids, 10 * sizeof *stored->ids);
    assert_memory_equal(again->labels, stored->labels, 10 * sizeof *stored->labels);
    for (int i = 0; i < 20; i++)
        if (!(fabsf(again->logits[i] - stored->logits[i]) < 1e-4f))
            fail_msg("logit %d: %g, then %g", i, (double)stored->logits[i],
                     (double)again->logits[i]);
    assert_int_equal(mr_evaluate_n_correct(again), mr_evaluate_n_correct(stored));
    mr_predictions_destroy(stored);
    mr_predictions_destroy(again);
    lab_close(&lab);
}

static void fails_naming_the_step_when_the_loss_is_not_finite(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err = {.message = ""};
    struct mr_run row;
    int run;

    lab_open(&lab, sandbox);
    o.lr = 1e30;
    run = lab_start(&lab, &trainer, &o);
    assert_int_equal(mr_trainer_join(trainer, &err), MR_E_NUMERIC);
    row = lab_run(&lab, run);
    assert_int_equal(row.state, MR_RUN_FAILED);
    assert_string_equal(row.message, err.message);
    assert_non_null(strstr(row.message, "step 2 of 4 in epoch 1"));
    assert_non_null(strstr(row.message, "lower --lr"));
    assert_false(lab_has_file(&lab, run, "last.safetensors"));
    assert_false(lab_has_file(&lab, run, "best.safetensors"));
    assert_int_equal(lab_steps(&lab, run, NULL), 1);
    mr_run_finish(&row);
    lab_close(&lab);
}

static void assert_finite_file(struct lab *lab, int run, const char *name)
{
    struct mr_weights_file *file = NULL;
    char *path = mr_run_path(lab->store, run, name);
    float *w = NULL;
    size_t n = 0;
    struct mr_error err;

    assert_ok(mr_weights_file_open(&file, NULL, path, &err), err);
    assert_ok(mr_weights_file_floats(file, "layer1.0.conv1.weight", &w, &n, &err), err);
    assert_int_equal(n, 64 * 64 * 9);
    for (size_t i = 0; i < n; i++)
        assert_true(fabsf(w[i]) < 10);
    free(w);
    mr_weights_file_close(file);
    free(path);
}

static void keeps_the_last_good_checkpoint_when_it_fails_later(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_error err = {.message = ""};
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 500;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_file(&lab, run, "last.safetensors");
    lab_send(&lab, run, MR_COMMAND_RATE, 1e33);
    assert_int_equal(mr_trainer_join(trainer, &err), MR_E_NUMERIC);
    assert_int_equal(lab_state(&lab, run), MR_RUN_FAILED);
    assert_non_null(strstr(err.message, "epoch"));
    assert_finite_file(&lab, run, "last.safetensors");
    assert_finite_file(&lab, run, "best.safetensors");
    lab_close(&lab);
}

static void decide(struct lab *lab, int64_t image, enum mr_decision_kind kind, int from, int to)
{
    struct mr_decision d = {
        .image = image, .kind = kind, .from_class = from, .to_class = to, .reader = "ann"};
    struct mr_error err;

    assert_ok(mr_decision_add(lab->store, &d, &err), err);
}

static int label_of(const struct mr_predictions *p, int64_t image)
{
    for (int i = 0; i < p->n; i++)
        if (p->ids[i] == image)
            return p->labels[i];
    return -1;
}

static void trains_with_the_labels_of_its_beginning(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL;
    struct mr_predictions *before, *after;
    struct mr_error err;
    int64_t relabelled, excluded;
    int first, run, label;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    first = lab_train(&lab, &o);
    before = predictions(&lab, first, 1, MR_SIDE_TRAIN);
    relabelled = before->ids[3];
    excluded = before->ids[5];
    label = before->labels[3];
    decide(&lab, relabelled, MR_DECISION_RELABEL, label, 1 - label);
    decide(&lab, excluded, MR_DECISION_EXCLUDE, -1, 1);
    o.n_epochs = 3;
    run = lab_start(&lab, &trainer, &o);
    lab_wait_for_steps(&lab, run, 1);
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    /* comes too late for this run, also for what is resumed of it */
    decide(&lab, before->ids[7], MR_DECISION_EXCLUDE, -1, 1);
    decide(&lab, relabelled, MR_DECISION_RELABEL, 1 - label, label);
    assert_ok(mr_trainer_resume(&trainer, &lab.place, run, &err), err);
    lab_finish(trainer);
    after = predictions(&lab, run, 3, MR_SIDE_TRAIN);
    assert_int_equal(after->n, before->n - 1);
    assert_int_equal(label_of(after, relabelled), 1 - label);
    assert_int_equal(label_of(after, excluded), -1);
    assert_int_equal(label_of(after, before->ids[7]), before->labels[7]);
    mr_predictions_destroy(after);
    /* the original labels, if those are asked for */
    o.labels = MR_LABELS_ORIGINAL;
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    after = predictions(&lab, run, 1, MR_SIDE_TRAIN);
    assert_int_equal(after->n, before->n);
    assert_int_equal(label_of(after, relabelled), label);
    mr_predictions_destroy(after);
    mr_predictions_destroy(before);
    lab_close(&lab);
}

static void assert_not_started(struct lab *lab, const struct mr_train_options *o, const char *text)
{
    struct mr_trainer *trainer = NULL;
    struct mr_error err = {.message = ""};
    int run = 0;

    assert_int_not_equal(mr_trainer_start(&trainer, &lab->place, o, &run, &err), MR_OK);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in: %s", text, err.message);
}

static void records_nothing_of_a_start_that_is_refused(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    char path[300], fresh[300];
    struct mr_error err;
    struct mr_run run;

    lab_open(&lab, sandbox);
    snprintf(path, sizeof path, "%s/cold", lab.data);
    snprintf(fresh, sizeof fresh, "%s/fresh", lab.root);
    lab.place.data_dir = path; /* no folder per class in there */
    assert_not_started(&lab, &o, "no class folder");
    lab.place.project_dir = fresh;
    assert_not_started(&lab, &o, "no class folder");
    lab.place.data_dir = lab.data;
    snprintf(o.weights, sizeof o.weights, "%s/cold/00.jpg", lab.data);
    assert_not_started(&lab, &o, "00.jpg");
    snprintf(o.weights, sizeof o.weights, "%s/nowhere", lab.root);
    assert_not_started(&lab, &o, "nowhere");
    assert_false(mr_path_exists(fresh));
    assert_int_equal(mr_run_load(lab.store, 0, &run, &err), MR_E_NOT_FOUND);
    lab_close(&lab);
}

static void refuses_a_second_run_while_one_is_in_training(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_trainer *trainer = NULL, *second = NULL;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1000;
    run = lab_start(&lab, &trainer, &o);
    assert_not_started(&lab, &o, "run 1 of");
    assert_int_equal(mr_trainer_resume(&second, &lab.place, run, &err), MR_E_BUSY);
    mr_trainer_ask_stop(trainer);
    lab_finish(trainer);
    o.n_epochs = 1;
    assert_int_equal(lab_train(&lab, &o), 2);
    lab_close(&lab);
}

static void begins_with_the_body_of_a_weights_file(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_step *cold = NULL, *warm = NULL;
    char *path;
    int first, second;

    lab_open(&lab, sandbox);
    first = lab_train(&lab, &o);
    path = mr_run_path(lab.store, first, "best.safetensors");
    snprintf(o.weights, sizeof o.weights, "%s", path);
    o.n_epochs = 1;
    o.seed = 99;
    second = lab_train(&lab, &o);
    lab_steps(&lab, first, &cold);
    lab_steps(&lab, second, &warm);
    assert_true(warm[0].loss < .75 * cold[0].loss); /* it knows the classes already */
    free(cold);
    free(warm);
    free(path);
    lab_close(&lab);
}

static struct mr_predictions *answers(struct lab *lab, int run, enum mr_side side)
{
    struct mr_predictions *p = NULL;
    struct mr_error err;
    enum mr_status st = mr_predictions_load(lab->store, run, 0, side, &p, &err);

    assert_true(st == MR_OK || st == MR_E_NOT_FOUND);
    return p;
}

static double last_train_loss(struct lab *lab, int run)
{
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    double loss;
    int n = 0;

    assert_ok(mr_epochs_load(lab->store, run, &epochs, &n, &err), err);
    assert_true(n > 0);
    loss = epochs[n - 1].train_loss;
    free(epochs);
    return loss;
}

static void says_of_mixtures_no_more_than_their_mean_loss(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    int plain, run;

    lab_open(&lab, sandbox);
    o.n_epochs = 4;
    plain = lab_train(&lab, &o);
    o.mixup = 4;
    run = lab_train(&lab, &o);
    assert_null(answers(&lab, run, MR_SIDE_TRAIN));
    mr_predictions_destroy(answers(&lab, run, MR_SIDE_VALID));
    /* warm or cold is easy; what is half of each cannot be told with certainty */
    assert_true(last_train_loss(&lab, run) > last_train_loss(&lab, plain) + .2);
    lab_close(&lab);
}

/* 6 of one class, 15 of the other: of 21 draws some 10 are of the 15. */
static void keeps_answers_of_the_images_that_a_balanced_epoch_saw(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_predictions *p;
    struct mr_run row;
    int n[2] = {0};

    lab_open(&lab, sandbox);
    for (int i = 8; i < LAB_N_PER_CLASS; i++) {
        char path[256];

        snprintf(path, sizeof path, "%s/cold/%02d.jpg", lab.data, i);
        assert_int_equal(remove(path), 0);
    }
    o.n_epochs = 1;
    o.sampling = MR_SAMPLING_BALANCED;
    p = answers(&lab, lab_train(&lab, &o), MR_SIDE_TRAIN);
    assert_non_null(p);
    row = lab_run(&lab, p->run);
    assert_int_equal(row.n_train, 21);
    mr_run_finish(&row);
    for (int i = 0; i < p->n; i++) {
        n[p->labels[i]]++;
        assert_true(p->losses[i] >= 0 && p->logits[2 * i] != p->logits[2 * i + 1]);
    }
    assert_int_equal(n[0], 6);
    assert_true(n[1] == 10 || n[1] == 11);
    mr_predictions_destroy(p);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_two_easy_classes_and_stores_what_it_found),
        cmocka_unit_test(learns_with_sgd_too),
        cmocka_unit_test(ends_alike_for_equal_seeds_and_otherwise_not),
        cmocka_unit_test(takes_the_images_in_another_order_every_epoch_and_augmented),
        cmocka_unit_test(keeps_the_first_of_equally_good_epochs),
        cmocka_unit_test(says_the_same_of_the_images_when_asked_again),
        cmocka_unit_test(fails_naming_the_step_when_the_loss_is_not_finite),
        cmocka_unit_test(keeps_the_last_good_checkpoint_when_it_fails_later),
        cmocka_unit_test(trains_with_the_labels_of_its_beginning),
        cmocka_unit_test(records_nothing_of_a_start_that_is_refused),
        cmocka_unit_test(refuses_a_second_run_while_one_is_in_training),
        cmocka_unit_test(begins_with_the_body_of_a_weights_file),
        cmocka_unit_test(says_of_mixtures_no_more_than_their_mean_loss),
        cmocka_unit_test(keeps_answers_of_the_images_that_a_balanced_epoch_saw),
    };

    lab_main(sandbox, tests);
}
