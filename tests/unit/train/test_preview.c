/* SPDX-License-Identifier: MIT */
#include "lab.h"

#include <math.h>

#include <misread/base/str.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/data/transform.h>
#include <misread/store/images.h>
#include <misread/train/preview.h>

#include "samples.h"

#define SIDE     32
#define N_VALUES (SIDE * SIDE * 3)

static struct mr_sandbox *sandbox;

/* What a training has: the cache, the run's samples, a loader made of them by hand. */
struct fed {
    struct mr_image_table *table;
    struct mr_cache *cache;
    struct mr_samples samples;
    struct mr_loader *loader;
    float x[8 * N_VALUES];
    int labels[8], indices[8], n;
};

static void feed(struct fed *fed, struct lab *lab, int run, const struct mr_train_options *o,
                 const char *preset)
{
    const struct mr_cache_options cached = {
        .data_dir = lab->data, .size_px = o->size_px, .square = o->square};
    char *path = mr_run_path(lab->store, run, "samples.txt");
    struct mr_loader_options options = {.batch = o->batch,
                                        .augment = mr_augment_find(preset),
                                        .seed = o->seed,
                                        .is_shuffled = 1,
                                        .is_balanced = o->sampling == MR_SAMPLING_BALANCED};
    struct mr_error err;

    assert_ok(mr_images_load(lab->store, &fed->table, &err), err);
    assert_ok(mr_cache_open(&fed->cache, lab->store, fed->table, sandbox, &cached, &err), err);
    assert_ok(mr_samples_load(&fed->samples, path, &err), err);
    options.samples = fed->samples.train;
    options.n = fed->samples.n_train;
    assert_ok(mr_loader_create(&fed->loader, fed->cache, &options, &err), err);
    free(path);
}

static void finish(struct fed *fed)
{
    mr_loader_destroy(fed->loader);
    mr_samples_finish(&fed->samples);
    mr_cache_close(fed->cache);
    mr_images_destroy(fed->table);
}

static struct mr_preview *open_preview(struct lab *lab, int run, const struct mr_train_options *o)
{
    struct mr_preview *preview = NULL;
    struct mr_error err;

    assert_ok(mr_preview_open(&preview, lab->store, run, o, &err), err);
    return preview;
}

static struct mr_image *draw(struct lab *lab, struct mr_preview *preview,
                             const struct mr_preview_sight *sight)
{
    struct mr_image_table *table = NULL;
    struct mr_image *picture = NULL;
    struct mr_error err;
    char path[512];

    assert_ok(mr_images_load(lab->store, &table, &err), err);
    snprintf(path, sizeof path, "%s/%s", lab->data, mr_images_find(table, sight->image)->path);
    assert_ok(mr_preview_draw(preview, sandbox, path, sight, &picture, &err), err);
    assert_true(picture->w == SIDE && picture->h == SIDE);
    mr_images_destroy(table);
    return picture;
}

/* The normalisation undone here: what is shown is what was fed, but for rounding. */
static void assert_shows(const struct mr_image *picture, const float *x)
{
    for (int i = 0; i < N_VALUES; i++) {
        float grey = 255 * (x[i] * mr_imagenet_std[i % 3] + mr_imagenet_mean[i % 3]);

        assert_true(fabsf(grey - (float)picture->rgb[i]) < .501f);
    }
}

static void assert_shows_first_epoch(struct lab *lab, int run, const struct mr_train_options *o,
                                     const char *preset)
{
    static struct fed fed;
    struct mr_preview *preview = open_preview(lab, run, NULL);
    struct mr_preview_batch batch;
    struct mr_error err;

    memset(&fed, 0, sizeof fed);
    feed(&fed, lab, run, o, preset);
    for (int b = 0; b < mr_loader_n_batches(fed.loader); b++) {
        fed.n = mr_loader_fill(fed.loader, 1, b, fed.x, fed.labels, fed.indices, NULL);
        assert_ok(mr_preview_deal(preview, lab->store, b, &batch, &err), err);
        assert_int_equal(batch.n_batches, mr_loader_n_batches(fed.loader));
        assert_int_equal(batch.n, fed.n);
        for (int i = 0; i < batch.n; i++) {
            const struct mr_preview_item *item = &batch.items[i];
            struct mr_image *picture = draw(lab, preview, &item->sight);

            assert_int_equal(item->sight.image, fed.samples.train[fed.indices[i]].image);
            assert_int_equal(item->label, fed.labels[i]);
            assert_shows(picture, fed.x + i * N_VALUES);
            mr_image_destroy(picture);
        }
        mr_preview_batch_finish(&batch);
    }
    finish(&fed);
    mr_preview_close(preview);
}

/* So few of one class that balanced sampling shows some of them more than once. */
static void thin_out(const struct lab *lab)
{
    char path[256];

    for (int i = 0; i < 14; i++) {
        snprintf(path, sizeof path, "%s/cold/%02d.jpg", lab->data, i);
        assert_int_equal(remove(path), 0);
    }
}

static void shows_every_batch_of_the_first_epoch_as_the_loader_fed_it(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    o.seed = 5;
    o.augment = MR_AUGMENT_SCOPE;
    assert_shows_first_epoch(&lab, lab_train(&lab, &o), &o, "scope");
    thin_out(&lab);
    o.sampling = MR_SAMPLING_BALANCED;
    o.augment = MR_AUGMENT_DEFAULT;
    assert_shows_first_epoch(&lab, lab_train(&lab, &o), &o, "default");
    lab_close(&lab);
}

static void an_image_looks_otherwise_in_another_epoch_and_plain_in_none(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    struct mr_preview *preview;
    struct mr_image *seen[4];
    static const struct mr_preview_sight sights[] = {
        {1, 1, 0}, {1, 2, 0}, {1, 1, 0}, {1, MR_PREVIEW_PLAIN, 0}};
    static struct fed fed;
    const unsigned char *plain;
    int run;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    run = lab_train(&lab, &o);
    preview = open_preview(&lab, run, NULL);
    memset(&fed, 0, sizeof fed);
    feed(&fed, &lab, run, &o, "default");
    plain = mr_cache_pixels(fed.cache, 1);
    for (int i = 0; i < 4; i++)
        seen[i] = draw(&lab, preview, &sights[i]);
    assert_memory_not_equal(seen[0]->rgb, seen[1]->rgb, N_VALUES);
    assert_memory_equal(seen[0]->rgb, seen[2]->rgb, N_VALUES);
    assert_memory_equal(seen[3]->rgb, plain, N_VALUES);
    for (int i = 0; i < 4; i++)
        mr_image_destroy(seen[i]);
    finish(&fed);
    mr_preview_close(preview);
    lab_close(&lab);
}

static int look_of_first_batch(struct lab *lab, const struct mr_train_options *o, int *n_plain)
{
    struct mr_preview *preview = open_preview(lab, 0, o);
    struct mr_preview_batch batch;
    struct mr_error err;
    int look;

    assert_ok(mr_preview_deal(preview, lab->store, 0, &batch, &err), err);
    look = batch.items[0].sight.look;
    *n_plain = mr_preview_get_facts(preview)->n_plain;
    mr_preview_batch_finish(&batch);
    mr_preview_close(preview);
    return look;
}

static void a_body_that_stands_still_sees_plain_images_or_views(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    int n_plain;

    lab_open(&lab, sandbox);
    o.n_epochs = 1;
    lab_train(&lab, &o);
    o.n_epochs = 3;
    assert_int_equal(look_of_first_batch(&lab, &o, &n_plain), 1);
    assert_int_equal(n_plain, 0);
    mr_str_copy(o.weights, sizeof o.weights, "some.safetensors");
    assert_int_equal(look_of_first_batch(&lab, &o, &n_plain), MR_PREVIEW_PLAIN);
    assert_int_equal(n_plain, 3);
    o.n_views = 2;
    assert_int_equal(look_of_first_batch(&lab, &o, &n_plain), 0);
    assert_int_equal(n_plain, 0);
    o.freeze = MR_FREEZE_NORM;
    assert_int_equal(look_of_first_batch(&lab, &o, &n_plain), 1);
    lab_close(&lab);
}

static void says_what_is_missing(void **state)
{
    struct lab lab;
    struct mr_train_options o = lab_options();
    const struct mr_preview_sight sight = {1, 1, 0};
    struct mr_preview *preview = NULL;
    struct mr_preview_batch batch;
    struct mr_image *picture = NULL;
    struct mr_error err;

    lab_open(&lab, sandbox);
    assert_int_equal(mr_preview_open(&preview, lab.store, 7, NULL, &err), MR_E_NOT_FOUND);
    preview = open_preview(&lab, 0, &o);
    assert_int_equal(mr_preview_deal(preview, lab.store, 0, &batch, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "no image is set aside for training yet"));
    assert_true(mr_preview_draw(preview, sandbox, "gone.jpg", &sight, &picture, &err) != MR_OK);
    assert_non_null(strstr(err.message, "gone.jpg"));
    assert_null(picture);
    mr_preview_close(preview);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_batch_of_the_first_epoch_as_the_loader_fed_it),
        cmocka_unit_test(an_image_looks_otherwise_in_another_epoch_and_plain_in_none),
        cmocka_unit_test(a_body_that_stands_still_sees_plain_images_or_views),
        cmocka_unit_test(says_what_is_missing),
    };

    lab_main(sandbox, tests);
}
