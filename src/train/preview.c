/* SPDX-License-Identifier: MIT */
/* What the loader would feed, made once more for eyes: its random numbers, its transforms. */
#include <misread/train/preview.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/data/limit.h>
#include <misread/data/loader.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/image/mask.h>
#include <misread/store/images.h>
#include <misread/store/review.h>
#include <misread/store/runs.h>

#include "samples.h"
#include "stage.h"

struct mr_preview {
    struct mr_preview_facts facts;
    int run;
    struct mr_mask mask;
    struct mr_loader *loader; /* owned; without pixels; NULL until a batch is dealt */
    struct mr_image *square;  /* owned: of the image looked at last, not augmented; NULL none */
    int64_t square_of;
};

/* Does the run begin with a body that stands still, and for how many epochs? */
static int n_fixed_of(const struct mr_train_options *options)
{
    struct mr_stage stages[MR_MAX_STAGES];
    int n = mr_stages_plan(stages, options);

    return n && stages[0].body == MR_BODY_FIXED ? stages[0].n_epochs : 0;
}

/* As training.c and enter.c feed the first epoch: what a fixed body makes of views is computed by
 * their numbers from 0. */
static int first_look(const struct mr_train_options *options)
{
    if (!n_fixed_of(options))
        return 1;
    return options->n_views ? 0 : MR_PREVIEW_PLAIN;
}

static enum mr_status read_options(struct mr_train_options *options, struct mr_store *store,
                                   int run_id, struct mr_error *err)
{
    struct mr_run run = {0};
    enum mr_status st = mr_run_load(store, run_id, &run, err);

    if (st)
        return st;
    *options = mr_train_defaults();
    st = mr_train_options_from_json(options, run.options, err);
    mr_run_finish(&run);
    return st;
}

enum mr_status mr_preview_open(struct mr_preview **preview, struct mr_store *store, int run,
                               const struct mr_train_options *options, struct mr_error *err)
{
    struct mr_preview *p = mr_xalloc(1, sizeof *p);
    struct mr_preview_facts *facts = &p->facts;
    enum mr_status st = MR_OK;

    p->run = run;
    if (run)
        st = read_options(&facts->options, store, run, err);
    else
        facts->options = *options;
    if (st) {
        free(p);
        return st;
    }
    facts->is_augmented = mr_stage_augment(&facts->augment, &facts->options);
    facts->n_plain = facts->options.n_views ? 0 : n_fixed_of(&facts->options);
    mr_mask_read(&p->mask, facts->options.mask); /* the options were checked */
    *preview = p;
    return MR_OK;
}

void mr_preview_close(struct mr_preview *preview)
{
    if (!preview)
        return;
    mr_loader_destroy(preview->loader);
    mr_image_destroy(preview->square);
    free(preview);
}

const struct mr_preview_facts *mr_preview_get_facts(const struct mr_preview *preview)
{
    return &preview->facts;
}

/* ---- a batch ---- */

/* Those that a run begun now would train on, as far as that is known without decoding them. */
static enum mr_status choose_samples(struct mr_samples *samples, struct mr_store *store,
                                     const struct mr_train_options *options, struct mr_error *err)
{
    struct mr_image_table *table = NULL;
    struct mr_decision *decisions = NULL;
    int n = 0;
    enum mr_status st = mr_images_load(store, &table, err);

    if (!st)
        st = mr_decisions_load(store, &decisions, &n, err);
    if (!st) {
        mr_limit_apply(table->rows, table->n, table->n_classes, options->split_seed,
                       options->limit);
        samples->n_train = mr_samples_of(&samples->train, MR_SIDE_TRAIN, table, NULL, decisions, n,
                                         options->labels);
    }
    free(decisions);
    mr_images_destroy(table);
    return st;
}

/* A run's list, unless it never came so far. */
static enum mr_status find_samples(struct mr_samples *samples, const struct mr_preview *preview,
                                   struct mr_store *store, struct mr_error *err)
{
    char *path = mr_run_path(store, preview->run, "samples.txt");
    bool has_list = preview->run && mr_path_exists(path);
    enum mr_status st = has_list ? mr_samples_load(samples, path, err)
                                 : choose_samples(samples, store, &preview->facts.options, err);

    free(path);
    if (!st && !samples->n_train)
        st = mr_fail(err, MR_E_NOT_FOUND,
                     "there is no batch to show: no image is set aside for training yet");
    return st;
}

static enum mr_status make_loader(struct mr_preview *preview, struct mr_store *store,
                                  struct mr_error *err)
{
    const struct mr_train_options *o = &preview->facts.options;
    struct mr_samples samples = {0};
    struct mr_loader_options options = {.batch = o->batch,
                                        .seed = o->seed,
                                        .is_shuffled = 1,
                                        .is_balanced = o->sampling == MR_SAMPLING_BALANCED};
    enum mr_status st = find_samples(&samples, preview, store, err);

    options.samples = samples.train;
    options.n = samples.n_train;
    if (!st)
        st = mr_loader_create(&preview->loader, NULL, &options, err);
    mr_samples_finish(&samples);
    return st;
}

enum mr_status mr_preview_deal(struct mr_preview *preview, struct mr_store *store, int index,
                               struct mr_preview_batch *batch, struct mr_error *err)
{
    const struct mr_train_options *o = &preview->facts.options;
    size_t most = (size_t)o->batch;
    enum mr_status st = preview->loader ? MR_OK : make_loader(preview, store, err);
    int *labels, *samples, *repeats;

    if (st)
        return st;
    labels = mr_xalloc(3 * most, sizeof *labels);
    samples = labels + most;
    repeats = samples + most;
    batch->n_batches = mr_loader_n_batches(preview->loader);
    batch->n =
        mr_loader_draw(preview->loader, 1, index % batch->n_batches, labels, samples, repeats);
    batch->items = mr_xalloc((size_t)batch->n, sizeof *batch->items);
    for (int i = 0; i < batch->n; i++)
        batch->items[i] = (struct mr_preview_item){
            .sight = {.image = mr_loader_samples(preview->loader)[samples[i]].image,
                      .look = first_look(o),
                      .repeat = first_look(o) == 1 ? repeats[i] : 0},
            .label = labels[i]};
    free(labels);
    return MR_OK;
}

void mr_preview_batch_finish(struct mr_preview_batch *batch)
{
    free(batch->items);
    *batch = (struct mr_preview_batch){0};
}

/* ---- a picture ---- */

static enum mr_status load_square(struct mr_preview *preview, struct mr_sandbox *sandbox,
                                  const char *path, int64_t image, struct mr_error *err)
{
    const struct mr_train_options *o = &preview->facts.options;
    struct mr_size_px whole;

    if (preview->square && preview->square_of == image)
        return MR_OK;
    mr_image_destroy(preview->square);
    preview->square = NULL;
    preview->square_of = image;
    return mr_image_load_square(&preview->square, &whole, sandbox, path, o->size_px, o->square,
                                &preview->mask, err);
}

enum mr_status mr_preview_draw(struct mr_preview *preview, struct mr_sandbox *sandbox,
                               const char *path, const struct mr_preview_sight *sight,
                               struct mr_image **picture, struct mr_error *err)
{
    const struct mr_preview_facts *facts = &preview->facts;
    int side = facts->options.size_px;
    bool is_plain = sight->look == MR_PREVIEW_PLAIN || !facts->is_augmented;
    enum mr_status st = load_square(preview, sandbox, path, sight->image, err);

    if (!st)
        st = mr_image_create(picture, side, side, err);
    if (st)
        return st;
    mr_transform_preview(
        (*picture)->rgb, preview->square->rgb, side, is_plain ? NULL : &facts->augment,
        mr_loader_rng(facts->options.seed, sight->look, sight->repeat, sight->image));
    return MR_OK;
}
