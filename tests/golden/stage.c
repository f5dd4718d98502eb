/* SPDX-License-Identifier: MIT */
/* The made-up project. */
#include "stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/image.h>
#include <misread/interp/ranking.h>
#include <misread/store/learnings.h>
#include <misread/store/store.h>

#define K STAGE_CLASSES

static char *const classes[K + 4] = {
    "dyed-lifted-polyps",
    "dyed-resection-margins",
    "esophagitis",
    "normal-cecum",
    "normal-pylorus",
    "normal-z-line",
    "polyps",
    "ulcerative-colitis",
    "unsure-blood",
    "unsure-stool",
    "unsure-instrument",
    "unsure-other",
};

const int stage_matrix[K][K] = {
    {78, 19, 0, 1, 0, 0, 2, 0}, {7, 92, 0, 0, 0, 0, 1, 0}, {0, 0, 63, 0, 1, 36, 0, 0},
    {0, 0, 0, 96, 0, 0, 1, 3},  {0, 0, 1, 0, 97, 1, 1, 0}, {0, 0, 9, 0, 0, 91, 0, 0},
    {0, 1, 0, 10, 3, 0, 79, 7}, {0, 0, 0, 0, 0, 0, 4, 96},
};

/* What epochs before got wrong besides: right ones that go from (row, row) to (row, col). */
static const struct {
    int epoch, row, col, n;
} worse[] = {
    {3, 2, 5, 1}, {2, 6, 3, 6}, {2, 0, 1, 4}, {2, 5, 2, 3},
    {1, 0, 1, 8}, {1, 1, 0, 6}, {1, 6, 7, 6}, {1, 7, 6, 4},
};

void stage_must(enum mr_status st, const struct mr_error *err)
{
    if (st == MR_OK)
        return;
    fprintf(stderr, "stage: %s\n", err->message);
    abort();
}

/* ---- images ---- */

/* Where a class's images lie. */
static const char *folder_of(const struct stage *stage)
{
    return stage->has_deep_paths ? "/centre-of-gastroenterology/examinations-of-2024/second-reader"
                                   "/selected-for-teaching-in-the-spring-course"
                                 : "";
}

static void fill_row(struct mr_image_row *row, int i, const struct stage *stage)
{
    uint64_t a = mr_hash_mix((uint64_t)i + 1), b = mr_hash_mix(a);

    row->class_id = i < STAGE_N_VALID ? i / STAGE_PER_CLASS : (i - STAGE_N_VALID) / 20 % K;
    row->side = i < STAGE_N_VALID ? MR_SIDE_VALID : MR_SIDE_TRAIN;
    snprintf(row->hash, sizeof row->hash, "%016llx%016llx%016llx%016llx", (unsigned long long)a,
             (unsigned long long)b, (unsigned long long)~a, (unsigned long long)~b);
    /* names that would take a terminal over */
    row->path =
        mr_xasprintf(stage->is_hostile ? "%s%s/\033]0;taken\a%.8s\033[2J.jpg" : "%s%s/%.8s.jpg",
                     classes[row->class_id], folder_of(stage), row->hash);
    row->group = mr_xstrdup(i % 5 ? "" : "p017");
    row->reason = mr_xstrdup("");
    row->w = 720;
    row->h = 576;
    row->n_bytes = 40000 + (int64_t)(a % 50000);
}

/* A file that was looked at and could not be read: of no side. */
static void damage(struct mr_image_row *row)
{
    row->side = MR_SIDE_NONE;
    row->state = MR_IMAGE_UNREADABLE;
    free(row->reason);
    row->reason = mr_xstrdup("it ends too early");
}

static void make_images(struct mr_store *store, const struct stage *stage)
{
    struct mr_image_table *table = mr_xalloc(1, sizeof *table);
    int n_good = STAGE_N_VALID + STAGE_N_TRAIN;
    struct mr_error err;

    table->n_classes = stage->has_twelve_classes ? K + 4 : K;
    table->classes = mr_xalloc((size_t)table->n_classes, sizeof *table->classes);
    for (int i = 0; i < table->n_classes; i++)
        table->classes[i] = mr_xstrdup(classes[i]);
    table->n = n_good + (stage->has_damage ? 2 : 0);
    table->rows = mr_xalloc((size_t)table->n, sizeof *table->rows);
    for (int i = 0; i < n_good; i++)
        fill_row(&table->rows[i], i, stage);
    for (int i = n_good; i < table->n; i++) {
        fill_row(&table->rows[i], i, stage);
        damage(&table->rows[i]);
    }
    stage_must(mr_images_save(store, table, &err), &err);
    mr_images_destroy(table);
}

/* ---- the run ---- */

static void matrix_at(const struct stage *stage, int epoch, int m[K][K])
{
    memcpy(m, stage_matrix, sizeof stage_matrix);
    if (stage->has_other_start && epoch == 1) {
        m[3][3] -= 60;
        m[3][4] += 60;
    }
    if (stage->has_more_runs && stage->run == 3) {
        /* some of the worst pair are read right, a few others are not any more */
        m[2][2] += 14;
        m[2][5] -= 14;
        m[3][3] -= 2;
        m[3][7] += 2;
    }
    for (size_t i = 0; i < sizeof worse / sizeof *worse; i++) {
        if (worse[i].epoch < epoch)
            continue;
        m[worse[i].row][worse[i].row] -= worse[i].n;
        m[worse[i].row][worse[i].col] += worse[i].n;
    }
}

/* The class predicted for the j-th image of a class: right ones first. */
static int predicted_of(int m[K][K], int actual, int j)
{
    if (j < m[actual][actual])
        return actual;
    j -= m[actual][actual];
    for (int c = K - 1; c >= 0; c--) {
        if (c == actual)
            continue;
        if (j < m[actual][c])
            return c;
        j -= m[actual][c];
    }
    return actual;
}

static void fill_prediction(struct mr_predictions *p, int row, const struct mr_image_row *image,
                            int predicted)
{
    struct mr_rng rng = mr_rng_make(3, (uint64_t)p->epoch, (uint64_t)image->id, 0);
    float *logits = p->logits + (size_t)row * K, shares[K];

    p->ids[row] = image->id;
    p->labels[row] = image->class_id;
    for (int c = 0; c < K; c++)
        logits[c] = (float)mr_rng_between(&rng, -2, 0.5);
    if (image->class_id != predicted)
        logits[image->class_id] = (float)mr_rng_between(&rng, -1, 1.2);
    logits[predicted] = (float)mr_rng_between(&rng, 1.4, 5);
    mr_softmax(logits, K, shares);
    p->losses[row] = -logf(shares[image->class_id]);
}

static struct mr_predictions *make_predictions(const struct stage *stage,
                                               const struct mr_image_table *table, int epoch,
                                               enum mr_side side)
{
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);
    int m[K][K], seen[K] = {0};
    size_t n = (size_t)table->n;

    matrix_at(stage, epoch, m);
    *p = (struct mr_predictions){.run = stage->run, .epoch = epoch, .side = side, .n_classes = K};
    p->ids = mr_xalloc(n, sizeof *p->ids);
    p->labels = mr_xalloc(n, sizeof *p->labels);
    p->logits = mr_xalloc(n * K, sizeof *p->logits);
    p->losses = mr_xalloc(n, sizeof *p->losses);
    for (int i = 0; i < table->n; i++) {
        const struct mr_image_row *image = &table->rows[i];
        int j;

        if (image->side != side)
            continue;
        /* the 20 training images of a class stand for every fifth one */
        j = seen[image->class_id]++ * (side == MR_SIDE_TRAIN ? 5 : 1);
        fill_prediction(p, p->n, image, predicted_of(m, image->class_id, j));
        p->n++;
    }
    return p;
}

struct mr_store *stage_open_store(const struct stage *stage)
{
    struct mr_store *store = NULL;
    struct mr_error err;

    stage_must(mr_store_open(&store, stage->project, MR_STORE_CREATE, &err), &err);
    return store;
}

void stage_finish_epoch(const struct stage *stage, int epoch)
{
    static const double train[] = {.7859, .4949, .3836, .3120},
                        valid[] = {.4703, .3828, .3507, .3511};
    struct mr_store *store = stage_open_store(stage);
    struct mr_image_table *table = NULL;
    struct mr_epoch row = {.epoch = epoch, .n_valid = STAGE_N_VALID, .seconds = 108};
    struct mr_predictions *on_valid, *on_train;
    struct mr_error err;
    int m[K][K];

    matrix_at(stage, epoch, m);
    for (int c = 0; c < K; c++)
        row.n_correct += m[c][c];
    row.train_loss = train[(epoch - 1) % 4];
    row.valid_loss = stage->has_spike && epoch == 2 ? 27.1 : valid[(epoch - 1) % 4];
    stage_must(mr_images_load(store, &table, &err), &err);
    on_valid = make_predictions(stage, table, epoch, MR_SIDE_VALID);
    on_train = make_predictions(stage, table, epoch, MR_SIDE_TRAIN);
    stage_must(mr_epoch_add(store, stage->run, &row, on_valid, on_train, &err), &err);
    mr_predictions_destroy(on_valid);
    mr_predictions_destroy(on_train);
    mr_images_destroy(table);
    mr_store_close(store);
}

/* Falls from ln 8 to about .3, with noise that falls too. */
static struct mr_step make_step(int i)
{
    struct mr_rng rng = mr_rng_make(5, (uint64_t)i, 0, 0);
    double share = (double)i / (STAGE_STEPS * STAGE_EPOCHS);
    double level = 0.3 + 1.78 * exp(-i / 40.0) + 0.25 * (1 - share);

    return (struct mr_step){
        .step = i,
        .epoch = 1 + i / STAGE_STEPS,
        .loss = level * (1 + 0.18 * mr_rng_normal(&rng)),
        .lr = 3e-3 * sin(3.1416 * (0.04 + 0.95 * share)),
        .momentum = 0.95 - 0.1 * sin(3.1416 * share),
        .images_per_s = 67,
    };
}

void stage_train(const struct stage *stage, int from_step, int to_step)
{
    struct mr_store *store = stage_open_store(stage);
    int n = to_step - from_step;
    struct mr_step *steps = mr_xalloc((size_t)n + 1, sizeof *steps);
    struct mr_error err;

    for (int i = 0; i < n; i++)
        steps[i] = make_step(from_step + i);
    stage_must(mr_steps_add(store, stage->run, steps, n, &err), &err);
    free(steps);
    mr_store_close(store);
}

static void make_run(struct stage *stage, struct mr_store *store, const struct stage_run *wanted)
{
    struct mr_run run = {
        .created_at = 1790000000 - 600,
        .state = wanted->state,
        .size_px = 224,
        .batch = 64,
        .n_epochs = STAGE_EPOCHS,
        .n_classes = K,
        .seed = 1,
        .lr = 3e-3,
        .eta_ms = 151000,
        .n_train = 7200,
        .n_valid = STAGE_N_VALID,
        .checkpoint_at = 1790000000 - 60,
    };
    struct mr_error err;

    mr_str_copy(run.arch, sizeof run.arch, "resnet34");
    run.n_relabelled = wanted->n_relabelled;
    run.n_excluded = wanted->n_relabelled / 10;
    run.options = mr_xstrdup("{}");
    run.message = mr_xstrdup(wanted->message ? wanted->message : "");
    stage_must(mr_run_create(store, &run, &err), &err);
    run.epoch = 1 + wanted->n_steps / STAGE_STEPS;
    run.epoch = run.epoch > STAGE_EPOCHS ? STAGE_EPOCHS : run.epoch;
    mr_str_copy(run.phase, sizeof run.phase, wanted->n_steps ? "train" : "scan");
    run.n_total = wanted->n_steps ? STAGE_STEPS : 0;
    run.n_done = wanted->n_steps ? wanted->n_steps - (run.epoch - 1) * STAGE_STEPS : 1234;
    stage_must(mr_run_update(store, &run, &err), &err);
    stage->run = run.id;
    mr_run_finish(&run);
}

static void train_to(const struct stage *stage, const struct stage_run *run)
{
    stage_train(stage, 0, run->n_steps);
    for (int e = 1; e <= run->n_epochs; e++)
        stage_finish_epoch(stage, e);
}

/* Two that came after. */
static void make_more_runs(struct stage *stage)
{
    static const struct stage_run failed = {.state = MR_RUN_FAILED,
                                            .message = "no memory for the weights"};
    static const struct stage_run reviewed = {
        .state = MR_RUN_DONE, .n_epochs = 3, .n_steps = 336, .n_relabelled = 31};
    struct mr_store *store = stage_open_store(stage);

    make_run(stage, store, &failed);
    make_run(stage, store, &reviewed);
    mr_store_close(store);
    train_to(stage, &reviewed);
}

void stage_make(struct stage *stage, const char *dir, const struct stage_run *run)
{
    struct mr_store *store;

    snprintf(stage->project, sizeof stage->project, "%s/.misread", dir);
    store = stage_open_store(stage);
    make_images(store, stage);
    if (run)
        make_run(stage, store, run);
    mr_store_close(store);
    if (!run)
        return;
    train_to(stage, run);
    if (stage->has_more_runs)
        make_more_runs(stage);
}

void stage_add_learning(const struct stage *stage, int run, bool in_sample)
{
    static const int n_right[] = {520, 582, 634, 655, 671, 683}; /* of 800, give or take a few */
    struct mr_learning l = {
        .run = run, .in_sample = in_sample, .n_sizes = 6, .n_seeds = 3, .n_valid = 800};
    struct mr_store *store = stage_open_store(stage);
    struct mr_error err;
    unsigned char *at;

    l.sizes = mr_xalloc(6, sizeof *l.sizes);
    at = l.right = mr_xalloc(6 * 3 * 800, 1);
    for (int i = 0; i < 6; i++) {
        l.sizes[i] = 720 * (i ? 2 * i : 1);
        for (int s = 0; s < 3; s++)
            for (int j = 0; j < 800; j++)
                *at++ = (j * 7 + s * 13) % 800 < n_right[i] + 5 * s;
    }
    stage_must(mr_learning_add(store, &l, &err), &err);
    mr_learning_finish(&l);
    mr_store_close(store);
}
