/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/data/transform.h>
#include <misread/nn/model.h>
#include <misread/store/images.h>
#include <misread/train/kept.h>

static struct mr_sandbox *sandbox;

static struct mr_kept *open_kept(struct lab *lab, int run)
{
    struct mr_kept *kept = NULL;
    struct mr_error err;

    assert_ok(mr_kept_open(&kept, lab->store, run, NULL, &err), err);
    return kept;
}

/* What the network sees of an image, straight from its file. */
static void look(float *x, struct lab *lab, const struct mr_kept *kept, int64_t image)
{
    const struct mr_kept_facts *facts = mr_kept_get_facts(kept);
    struct mr_image_table *table = NULL;
    struct mr_image *square = NULL;
    struct mr_size_px whole;
    struct mr_error err;
    char path[512];

    assert_ok(mr_images_load(lab->store, &table, &err), err);
    snprintf(path, sizeof path, "%s/%s", lab->data, mr_images_find(table, image)->path);
    assert_ok(mr_image_load_square(&square, &whole, sandbox, path, facts->size_px, facts->square,
                                   NULL, &err),
              err);
    mr_transform(x, square->rgb, facts->size_px, NULL, mr_rng_make(0, 0, 0, 0));
    mr_image_destroy(square);
    mr_images_destroy(table);
}

static int best_epoch(struct lab *lab, int run)
{
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    int n = 0, best = 0;

    assert_ok(mr_epochs_load(lab->store, run, &epochs, &n, &err), err);
    for (int i = 1; i < n; i++)
        best = epochs[i].n_correct > epochs[best].n_correct ? i : best;
    n = epochs[best].epoch;
    free(epochs);
    return n;
}

static void answers_as_the_best_epoch_did(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_predictions *then = NULL;
    struct mr_kept *kept;
    struct mr_error err;
    float x[32 * 32 * 3];
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 3;
    run = lab_train(&lab, &o);
    kept = open_kept(&lab, run);
    assert_true(mr_kept_get_facts(kept)->is_best);
    assert_int_equal(mr_kept_get_facts(kept)->epoch, best_epoch(&lab, run));
    assert_int_equal(mr_kept_get_facts(kept)->n_classes, 2);
    assert_ok(mr_predictions_load(lab.store, run, mr_kept_get_facts(kept)->epoch, MR_SIDE_VALID,
                                  &then, &err),
              err);
    for (int i = 0; i < then->n; i++) {
        const float *z;

        look(x, &lab, kept, then->ids[i]);
        z = mr_model_forward(mr_kept_model(kept), x, 1, MR_MODE_EVAL);
        assert_true(fabsf(z[0] - then->logits[2 * i]) < 1e-4f);
        assert_true(fabsf(z[1] - then->logits[2 * i + 1]) < 1e-4f);
    }
    mr_predictions_destroy(then);
    mr_kept_close(kept);
    lab_close(&lab);
}

/* Other weights in their place, or none. */
static void knows_its_weights_from_others(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_kept *kept = NULL;
    struct mr_error err;
    uint64_t stamp;
    char *path, command[1024];
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    kept = open_kept(&lab, run);
    stamp = mr_kept_get_facts(kept)->stamp;
    assert_true(stamp && stamp == mr_kept_stamp(lab.store, run));
    path = mr_run_path(lab.store, run, "best.safetensors");
    snprintf(command, sizeof command, "cp -p '%s' '%s.new' && mv '%s.new' '%s'", path, path, path,
             path);
    assert_int_equal(system(command), 0);
    assert_true(mr_kept_stamp(lab.store, run) != stamp);
    mr_kept_close(kept);
    assert_int_equal(unlink(path), 0);
    kept = open_kept(&lab, run);
    assert_false(mr_kept_get_facts(kept)->is_best);
    mr_kept_close(kept);
    free(path);
    path = mr_run_path(lab.store, run, "last.safetensors");
    assert_int_equal(unlink(path), 0);
    assert_true(mr_kept_stamp(lab.store, run) == 0);
    assert_int_equal(mr_kept_open(&kept, lab.store, run, NULL, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "has kept no weights yet"));
    free(path);
    lab_close(&lab);
}

struct calls {
    int n, n_most;
};

static bool count_calls(void *ctx, int64_t n_done, int64_t n_total)
{
    struct calls *calls = ctx;

    return ++calls->n < calls->n_most;
}

static void gathers_the_training_images_once(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct calls calls = {.n_most = 1000};
    struct mr_kept_places places = {.sandbox = sandbox, .progress = count_calls, .ctx = &calls};
    struct mr_kept_crowd crowd, again;
    struct mr_kept *kept;
    struct mr_error err;
    const float *features;
    float x[32 * 32 * 3];
    int run, n_calls;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    places.store = lab.store;
    places.data_dir = lab.data;
    kept = open_kept(&lab, run);
    assert_ok(mr_kept_gather(kept, &places, &crowd, &err), err);
    n_calls = calls.n;
    assert_int_equal(crowd.n, 30);
    assert_int_equal(crowd.n_features, 512);
    for (int i = 0; i < crowd.n; i += 7) {
        look(x, &lab, kept, crowd.images[i]);
        features = mr_model_features(mr_kept_model(kept), x, 1);
        for (int c = 0; c < 512; c++)
            assert_true(fabsf(features[c] - crowd.rows[i * 512 + c]) < 1e-4f);
    }
    assert_ok(mr_kept_gather(kept, &places, &again, &err), err);
    assert_ptr_equal(again.rows, crowd.rows);
    assert_int_equal(calls.n, n_calls); /* from memory */
    mr_kept_close(kept);
    lab_close(&lab);
}

static void goes_on_where_gathering_was_stopped(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct calls calls = {.n_most = 3};
    struct mr_kept_places places = {.sandbox = sandbox, .progress = count_calls, .ctx = &calls};
    struct mr_kept_crowd crowd;
    struct mr_kept *kept;
    struct mr_error err;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    places.store = lab.store;
    places.data_dir = lab.data;
    kept = open_kept(&lab, run);
    assert_int_equal(mr_kept_gather(kept, &places, &crowd, &err), MR_E_CANCELLED);
    calls = (struct calls){.n_most = 1000};
    assert_ok(mr_kept_gather(kept, &places, &crowd, &err), err);
    assert_int_equal(crowd.n, 30);
    assert_true(crowd.labels[0] >= 0 && crowd.labels[0] < 2);
    mr_kept_close(kept);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_best_epoch_did),
        cmocka_unit_test(knows_its_weights_from_others),
        cmocka_unit_test(gathers_the_training_images_once),
        cmocka_unit_test(goes_on_where_gathering_was_stopped),
    };

    lab_main(sandbox, tests);
}
