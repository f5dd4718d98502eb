/* SPDX-License-Identifier: MIT */
#include <misread/train/kept.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/pool.h>
#include <misread/data/cache.h>
#include <misread/data/loader.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "batch.h"
#include "feature_cache.h"
#include "samples.h"
#include "training.h"

struct mr_kept {
    struct mr_kept_facts facts;
    struct mr_train_options options; /* of the run */
    struct mr_pool *pool;            /* borrowed: outlives this */
    struct mr_model *model;          /* owned, as all that follows */
    struct mr_samples samples;       /* of training: those that are still there, once gathered */
    int64_t *images;
    int *labels;
    float *rows; /* NULL: not gathered */
};

/* ---- the weights ---- */

/* The path of the weights; owned by the caller. */
static char *find_weights(struct mr_store *store, int run, bool *is_best)
{
    char *best = mr_run_path(store, run, "best.safetensors");

    *is_best = mr_path_exists(best);
    if (*is_best)
        return best;
    free(best);
    return mr_run_path(store, run, "last.safetensors");
}

uint64_t mr_kept_stamp(struct mr_store *store, int run)
{
    bool is_best;
    char *path = find_weights(store, run, &is_best);
    uint64_t stamp = mr_file_stamp(path);

    free(path);
    return stamp;
}

static enum mr_status read_run(struct mr_kept *kept, struct mr_store *store, struct mr_error *err)
{
    struct mr_run run = {0};
    enum mr_status st = mr_run_load(store, kept->facts.run, &run, err);
    char *path;

    if (st)
        return st;
    st = mr_train_options_from_json(&kept->options, run.options, err);
    mr_run_finish(&run);
    if (st)
        return st;
    path = mr_run_path(store, kept->facts.run, "samples.txt");
    if (mr_path_exists(path))
        st = mr_samples_load(&kept->samples, path, err);
    else
        st = mr_fail(err, MR_E_NOT_FOUND, "run %d has no weights: it never came to training",
                     kept->facts.run);
    free(path);
    kept->facts.n_classes = kept->samples.n_classes;
    kept->facts.size_px = kept->options.size_px;
    kept->facts.square = kept->options.square;
    mr_mask_read(&kept->facts.mask, kept->options.mask); /* the options were checked */
    return st;
}

static enum mr_status read_epoch(struct mr_kept *kept, const char *path, struct mr_error *err)
{
    struct mr_weights_file *file = NULL;
    enum mr_status st = mr_weights_file_open(&file, NULL, path, err);
    const char *text = st ? NULL : mr_weights_file_text(file, "epoch");

    kept->facts.epoch = text ? atoi(text) : 0;
    mr_weights_file_close(file);
    return st;
}

static enum mr_status read_weights(struct mr_kept *kept, const char *path, struct mr_error *err)
{
    struct mr_model_options options =
        mr_training_model_options(&kept->options, kept->facts.n_classes, MR_MODE_EVAL);
    enum mr_status st;

    if (!mr_path_exists(path))
        return mr_fail(err, MR_E_NOT_FOUND, "run %d has kept no weights yet", kept->facts.run);
    options.max_batch = 1;
    options.explains = true;
    st = mr_model_create(&kept->model, &options, kept->pool, err);
    if (!st)
        st = mr_weights_load(kept->model, path, NULL, err);
    return st ? st : read_epoch(kept, path, err);
}

enum mr_status mr_kept_open(struct mr_kept **kept, struct mr_store *store, int run,
                            struct mr_pool *pool, struct mr_error *err)
{
    struct mr_kept *k = mr_xalloc(1, sizeof *k);
    char *path = find_weights(store, run, &k->facts.is_best);
    enum mr_status st;

    k->facts.run = run;
    k->facts.stamp = mr_file_stamp(path); /* before: a file that comes meanwhile is another one */
    k->pool = pool;
    st = read_run(k, store, err);
    if (!st)
        st = read_weights(k, path, err);
    free(path);
    if (st)
        mr_kept_close(k);
    else
        *kept = k;
    return st;
}

void mr_kept_close(struct mr_kept *kept)
{
    if (!kept)
        return;
    mr_model_destroy(kept->model);
    mr_samples_finish(&kept->samples);
    free(kept->images);
    free(kept->labels);
    free(kept->rows);
    free(kept);
}

const struct mr_kept_facts *mr_kept_get_facts(const struct mr_kept *kept)
{
    return &kept->facts;
}

struct mr_model *mr_kept_model(struct mr_kept *kept)
{
    return kept->model;
}

/* ---- the crowd ---- */

/* Rows and samples ascend by image. The cache decodes what has a side: only the run's images. */
static void leave_out_others(struct mr_image_table *table, const struct mr_samples *samples)
{
    for (int row = 0, i = 0; row < table->n; row++) {
        while (i < samples->n_train && samples->train[i].image < table->rows[row].id)
            i++;
        if (i == samples->n_train || samples->train[i].image != table->rows[row].id)
            table->rows[row].side = MR_SIDE_NONE;
    }
}

static enum mr_status open_cache(const struct mr_kept *kept, const struct mr_kept_places *places,
                                 struct mr_cache **cache, struct mr_error *err)
{
    struct mr_cache_options options = {.data_dir = places->data_dir,
                                       .size_px = kept->options.size_px,
                                       .square = kept->options.square,
                                       .n_threads = mr_pool_n_threads(kept->pool),
                                       .progress = places->progress,
                                       .ctx = places->ctx};
    struct mr_image_table *table = NULL;
    enum mr_status st = mr_images_load(places->store, &table, err);

    mr_mask_read(&options.mask, kept->options.mask);
    if (st)
        return st;
    leave_out_others(table, &kept->samples);
    st = mr_cache_open(cache, places->store, table, places->sandbox, &options, err);
    mr_images_destroy(table);
    return st;
}

static void leave_out_gone(struct mr_samples *samples, const struct mr_cache *cache)
{
    int n = 0;

    for (int i = 0; i < samples->n_train; i++)
        if (mr_cache_pixels(cache, samples->train[i].image))
            samples->train[n++] = samples->train[i];
    samples->n_train = n;
}

/* As many images at once as the run's own: features that it kept of a body that stood still are
 * found again. */
static enum mr_status make_model(struct mr_model **model, struct mr_kept *kept,
                                 struct mr_error *err)
{
    struct mr_model_options options =
        mr_training_model_options(&kept->options, kept->facts.n_classes, MR_MODE_EVAL);
    enum mr_status st = mr_model_create(model, &options, kept->pool, err);

    if (!st)
        memcpy(mr_model_params(*model), mr_model_params(kept->model),
               mr_model_n_params(kept->model) * sizeof(float));
    return st;
}

static enum mr_status compute(struct mr_kept *kept, const struct mr_kept_places *places,
                              struct mr_loader *loader, struct mr_error *err)
{
    char *cache_dir = mr_path_join(mr_store_project_dir(places->store), "cache");
    char *pixels = mr_features_plain(kept->options.square, kept->options.mask);
    struct mr_model *model = NULL;
    struct mr_batch batch = {0};
    struct mr_features_options options = {.loader = loader,
                                          .batch = &batch,
                                          .pool = kept->pool,
                                          .pixels = pixels,
                                          .cache_dir = cache_dir,
                                          .progress = places->progress,
                                          .ctx = places->ctx};
    enum mr_status st = make_model(&model, kept, err);

    options.model = model;
    if (!st)
        st = mr_batch_init(&batch, model, err);
    if (!st)
        st = mr_features_compute(kept->rows, &options, err);
    mr_batch_finish(&batch);
    mr_model_destroy(model);
    free(pixels);
    free(cache_dir);
    return st;
}

static enum mr_status make_room(struct mr_kept *kept, struct mr_error *err)
{
    size_t n = (size_t)kept->samples.n_train, n_bytes;

    kept->images = mr_xalloc(n + 1, sizeof *kept->images);
    kept->labels = mr_xalloc(n + 1, sizeof *kept->labels);
    for (size_t i = 0; i < n; i++) {
        kept->images[i] = kept->samples.train[i].image;
        kept->labels[i] = kept->samples.train[i].label;
    }
    if (mr_size_mul((n + 1) * sizeof(float), (size_t)mr_model_n_features(kept->model), &n_bytes))
        kept->rows = mr_alloc_aligned(n_bytes);
    return kept->rows ? MR_OK
                      : mr_fail(err, MR_E_NOMEM, "no memory for the features of %zu images", n);
}

static void forget(struct mr_kept *kept)
{
    free(kept->images);
    free(kept->labels);
    free(kept->rows);
    kept->images = NULL;
    kept->labels = NULL;
    kept->rows = NULL;
}

static enum mr_status gather(struct mr_kept *kept, const struct mr_kept_places *places,
                             struct mr_error *err)
{
    struct mr_loader_options options = {.batch = kept->options.batch, .seed = kept->options.seed};
    struct mr_cache *cache = NULL;
    struct mr_loader *loader = NULL;
    enum mr_status st = open_cache(kept, places, &cache, err);

    if (st)
        return st;
    leave_out_gone(&kept->samples, cache);
    options.samples = kept->samples.train;
    options.n = kept->samples.n_train;
    st = mr_loader_create(&loader, cache, &options, err);
    if (!st)
        st = make_room(kept, err);
    if (!st)
        st = compute(kept, places, loader, err);
    if (st)
        forget(kept);
    mr_loader_destroy(loader);
    mr_cache_close(cache);
    return st;
}

enum mr_status mr_kept_gather(struct mr_kept *kept, const struct mr_kept_places *places,
                              struct mr_kept_crowd *crowd, struct mr_error *err)
{
    enum mr_status st = kept->rows ? MR_OK : gather(kept, places, err);

    if (st)
        return st;
    *crowd = (struct mr_kept_crowd){.images = kept->images,
                                    .labels = kept->labels,
                                    .rows = kept->rows,
                                    .n = kept->samples.n_train,
                                    .n_features = mr_model_n_features(kept->model)};
    return MR_OK;
}
