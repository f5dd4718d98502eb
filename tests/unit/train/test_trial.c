/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <misread/data/cache.h>
#include <misread/data/scan.h>
#include <misread/store/images.h>
#include <misread/train/trial.h>

static struct mr_sandbox *sandbox;

static struct mr_trial *make_trial(struct mr_trial_options options)
{
    struct mr_trial *trial = NULL;
    struct mr_error err;

    options.arch = MR_ARCH_RESNET18;
    options.size_px = 32;
    options.n_threads = 2;
    assert_ok(mr_trial_create(&trial, &options, &err), err);
    return trial;
}

static void steps_without_images(void **state)
{
    static const enum mr_mode modes[] = {MR_MODE_TRAIN, MR_MODE_EVAL};

    for (int i = 0; i < 2; i++) {
        struct mr_trial *trial =
            make_trial((struct mr_trial_options){.batch = 3, .mode = modes[i]});

        for (int k = 0; k < 2; k++) {
            struct mr_trial_step step = mr_trial_step(trial);

            assert_int_equal(step.n_images, 3);
            assert_true(step.us > 0 && step.wait_us >= 0 && step.wait_us <= step.us);
        }
        mr_trial_destroy(trial);
    }
}

static void counts_more_operations_for_training(void **state)
{
    struct mr_trial *train =
        make_trial((struct mr_trial_options){.batch = 2, .mode = MR_MODE_TRAIN});
    struct mr_trial *infer =
        make_trial((struct mr_trial_options){.batch = 2, .mode = MR_MODE_EVAL});
    double forward = mr_trial_flops_per_image(infer), all = mr_trial_flops_per_image(train);

    assert_true(forward > 0);
    assert_true(all > 2 * forward && all < 3 * forward);
    mr_trial_destroy(train);
    mr_trial_destroy(infer);
}

static void takes_each_image_to_train_on_once_an_epoch(void **state)
{
    const struct mr_scan_options scan = {.valid_fraction = .25};
    struct mr_scan_report report;
    struct mr_image_table *table = NULL;
    struct mr_cache *cache = NULL;
    struct mr_trial *trial;
    struct lab lab;
    struct mr_error err;
    int n = 0;

    lab_open(&lab, sandbox);
    assert_ok(mr_scan(lab.store, lab.data, &scan, &report, &err), err);
    assert_ok(mr_images_load(lab.store, &table, &err), err);
    assert_ok(mr_cache_open(&cache, lab.store, table, sandbox,
                            &(struct mr_cache_options){.data_dir = lab.data, .size_px = 32}, &err),
              err);
    trial = make_trial((struct mr_trial_options){
        .batch = 8, .mode = MR_MODE_TRAIN, .table = table, .cache = cache});
    for (int i = 0; i < 5; i++) { /* an epoch of four, and one more */
        struct mr_trial_step step = mr_trial_step(trial);

        assert_true(step.n_images == 7 || step.n_images == 8);
        n += i < 4 ? step.n_images : 0;
    }
    assert_int_equal(n, 30);
    mr_trial_destroy(trial);
    mr_cache_close(cache);
    mr_images_destroy(table);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_without_images),
        cmocka_unit_test(counts_more_operations_for_training),
        cmocka_unit_test(takes_each_image_to_train_on_once_an_epoch),
    };

    lab_main(sandbox, tests);
}
