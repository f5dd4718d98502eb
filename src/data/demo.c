/* SPDX-License-Identifier: MIT */
/*
 * The demo data set as files: which image is of which class, which are planted, folders and
 * truth.csv. What an image looks like is in demo_scene.c and its neighbours.
 */
#include <misread/data/demo.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/image/encode.h>
#include <misread/image/image.h>

#include "demo_canvas.h"
#include "demo_noise.h"
#include "demo_scene.h"

/* One up when images come out differently: their names change with it, old sets are not mixed with
 * new. */
#define DRAWING 1

#define MARK        ".misread-demo"
#define TRUTH       "truth.csv"
#define MISLABELLED .03 /* share of all images */
#define AMBIGUOUS   .13 /* share of each class of a pair */

static const char *const folders[MR_DEMO_N_CLASSES] = {
#define X(name, folder) folder,
    MR_DEMO_CLASSES(X)
#undef X
};

/* The class that is hard to tell from this one, -1 for none. */
static const int partners[MR_DEMO_N_CLASSES] = {
    [MR_DEMO_DYED_LIFTED] = MR_DEMO_DYED_MARGIN,
    [MR_DEMO_DYED_MARGIN] = MR_DEMO_DYED_LIFTED,
    [MR_DEMO_ESOPHAGITIS] = MR_DEMO_Z_LINE,
    [MR_DEMO_Z_LINE] = MR_DEMO_ESOPHAGITIS,
    [MR_DEMO_CECUM] = -1,
    [MR_DEMO_PYLORUS] = -1,
    [MR_DEMO_POLYPS] = -1,
    [MR_DEMO_COLITIS] = -1,
};

enum planted { NONE, AMBIGUOUS_PAIR, WRONG_LABEL };
static const char *const planted_names[] = {"none", "ambiguous", "mislabelled"};

struct item {
    int folder, truth;
    enum planted planted;
    float stage;
    uint32_t name;
};

struct plan {
    uint64_t seed;
    int n;
    struct item *items; /* owned */
};

/* --- the plan -------------------------------------------------------------------------------- */

/* murmur3's finaliser: one to one, so that no two images get the same name. */
static uint32_t scramble(uint32_t x)
{
    x = (x ^ (x >> 16)) * UINT32_C(0x85ebca6b);
    x = (x ^ (x >> 13)) * UINT32_C(0xc2b2ae35);
    return x ^ (x >> 16);
}

/* Between the clear ends of a pair: 0 .. 0.12 and 0.85 .. 1; what is planted comes from the middle.
 */
static float draw_stage(const struct item *item, struct mr_rng *rng)
{
    bool far_end = item->truth == MR_DEMO_DYED_MARGIN || item->truth == MR_DEMO_ESOPHAGITIS;

    if (item->planted == AMBIGUOUS_PAIR)
        return (float)mr_rng_between(rng, .4, .55);
    return (float)(far_end ? mr_rng_between(rng, .85, 1) : mr_rng_between(rng, 0, .12));
}

static void plant_ambiguous(struct plan *plan)
{
    int n_class = plan->n / MR_DEMO_N_CLASSES, *order = mr_xalloc((size_t)n_class, sizeof *order);
    int n_planted = (int)(AMBIGUOUS * n_class + .5);

    for (int c = 0; c < MR_DEMO_N_CLASSES; c++) {
        struct mr_rng rng = mr_rng_make(plan->seed, 'a', (uint64_t)c, 0);

        for (int i = 0; i < n_class; i++)
            order[i] = i;
        mr_rng_shuffle(&rng, order, (size_t)n_class);
        for (int i = 0; i < n_planted && partners[c] >= 0; i++)
            plan->items[order[i] * MR_DEMO_N_CLASSES + c].planted = AMBIGUOUS_PAIR;
    }
    free(order);
}

/* Are the labels all wrong, and the first half of them not even those of the partner? */
static bool is_wrong_enough(const int *truth, const int *label, int n)
{
    for (int i = 0; i < n; i++)
        if (label[i] == truth[i] || (i < n / 2 && label[i] == partners[truth[i]]))
            return false;
    return true;
}

/* Picks an image of the class that is not planted yet. */
static struct item *pick_plain(struct plan *plan, struct mr_rng *rng, int truth)
{
    for (;;) {
        struct item *item =
            &plan->items[mr_rng_below(rng, (uint64_t)(plan->n / MR_DEMO_N_CLASSES)) *
                             MR_DEMO_N_CLASSES +
                         (uint64_t)truth];

        if (item->planted == NONE)
            return item;
    }
}

/* Wrong labels are swapped among images, so that every folder keeps its number of files. */
static void plant_wrong_labels(struct plan *plan)
{
    struct mr_rng rng = mr_rng_make(plan->seed, 'w', 0, 0);
    int n = (int)(MISLABELLED * plan->n + .5), classes[MR_DEMO_N_CLASSES], *truth, *label;

    if (n < 2)
        return;
    truth = mr_xalloc((size_t)n * 2, sizeof *truth);
    label = truth + n;
    for (int i = 0; i < MR_DEMO_N_CLASSES; i++)
        classes[i] = i;
    mr_rng_shuffle(&rng, classes, MR_DEMO_N_CLASSES);
    for (int i = 0; i < n; i++)
        label[i] = truth[i] = classes[i % MR_DEMO_N_CLASSES];
    mr_rng_shuffle(&rng, truth, (size_t)n);
    do {
        mr_rng_shuffle(&rng, label, (size_t)n);
    } while (!is_wrong_enough(truth, label, n));
    for (int i = 0; i < n; i++) {
        struct item *item = pick_plain(plan, &rng, truth[i]);

        item->planted = WRONG_LABEL;
        item->folder = label[i];
    }
    free(truth);
}

static void plan_init(struct plan *plan, const struct mr_demo_options *options)
{
    int n_class = (options->n_images + MR_DEMO_N_CLASSES / 2) / MR_DEMO_N_CLASSES;
    uint32_t key = (uint32_t)mr_hash_mix(options->seed + DRAWING);

    plan->seed = options->seed;
    plan->n = MR_DEMO_N_CLASSES * (n_class < 1 ? 1 : n_class);
    plan->items = mr_xalloc((size_t)plan->n, sizeof *plan->items);
    for (int i = 0; i < plan->n; i++)
        plan->items[i] = (struct item){.folder = i % MR_DEMO_N_CLASSES,
                                       .truth = i % MR_DEMO_N_CLASSES,
                                       .name = scramble((uint32_t)i + key)};
    plant_ambiguous(plan);
    plant_wrong_labels(plan);
    for (int i = 0; i < plan->n; i++) {
        struct mr_rng rng = mr_rng_make(plan->seed, 's', (uint64_t)i, 0);

        plan->items[i].stage = draw_stage(&plan->items[i], &rng);
    }
}

static void plan_finish(struct plan *plan)
{
    free(plan->items);
}

/* --- one image ------------------------------------------------------------------------------- */

static enum mr_status draw(struct mr_demo_canvas *canvas, const struct mr_demo_noise *noise,
                           const struct plan *plan, int i, struct mr_image **image, int *quality,
                           struct mr_error *err)
{
    /* a stream for each step: a change in one does not redraw the others */
    struct mr_rng frame = mr_rng_make(plan->seed, 'd', (uint64_t)i, 1);
    struct mr_rng shape = mr_rng_make(plan->seed, 'd', (uint64_t)i, 2);
    struct mr_rng paint = mr_rng_make(plan->seed, 'd', (uint64_t)i, 3);
    struct mr_rng lens = mr_rng_make(plan->seed, 'd', (uint64_t)i, 4);
    struct mr_rng marks = mr_rng_make(plan->seed, 'd', (uint64_t)i, 5);
    struct mr_demo_scene scene;
    enum mr_status st;

    mr_demo_canvas_frame(canvas, &frame);
    st = mr_image_create(image, canvas->w, canvas->h, err);
    if (st)
        return st;
    mr_demo_scene_init(&scene, (enum mr_demo_class)plan->items[i].truth, plan->items[i].stage,
                       noise, &shape);
    mr_demo_paint(canvas, &scene, &paint);
    mr_demo_expose(canvas, *image, &lens);
    mr_demo_overlay(canvas, *image, &marks);
    *quality = 70 + (int)mr_rng_below(&lens, 21);
    return MR_OK;
}

static char *item_path(const char *dir, const struct item *item)
{
    return mr_xasprintf("%s/%s/%08" PRIx32 ".jpg", dir, folders[item->folder], item->name);
}

static enum mr_status make_item(struct mr_demo_canvas *canvas, const struct mr_demo_noise *noise,
                                const struct plan *plan, int i, const char *path,
                                struct mr_error *err)
{
    struct mr_image *image = NULL;
    unsigned char *data = NULL;
    int quality = 0;
    size_t n = 0;
    enum mr_status st = draw(canvas, noise, plan, i, &image, &quality, err);

    if (!st)
        st = mr_image_encode_jpeg(image, quality, &data, &n, err);
    if (!st)
        st = mr_file_write(path, 0644, &(struct mr_file_part){data, n}, 1, err);
    free(data);
    mr_image_destroy(image);
    return st;
}

/* --- all images ------------------------------------------------------------------------------ */

/* Images between two calls of progress: each thread draws a few. */
#define ROUND_PER_THREAD 6

struct work {
    const char *dir;
    const struct plan *plan;
    const struct mr_demo_noise *noise;
    struct mr_demo_canvas **canvases; /* one a thread; owned */
    enum mr_status *statuses;         /* one an image of the round, with its sentence; owned */
    struct mr_error *errors;
    int first;
};

static void run_item(void *ctx, int task, int thread)
{
    struct work *work = ctx;
    int i = work->first + task;
    char *path = item_path(work->dir, &work->plan->items[i]);

    /* Files appear whole or not at all, so one that an interrupted run left is good. */
    work->statuses[task] = MR_OK;
    if (!mr_path_exists(path))
        work->statuses[task] = make_item(work->canvases[thread], work->noise, work->plan, i, path,
                                         &work->errors[task]);
    free(path);
}

static enum mr_status run_rounds(struct work *work, struct mr_pool *pool,
                                 const struct mr_demo_options *options, struct mr_error *err)
{
    int per_round = mr_pool_n_threads(pool) * ROUND_PER_THREAD, n = work->plan->n;

    for (work->first = 0; work->first < n; work->first += per_round) {
        int n_now = n - work->first < per_round ? n - work->first : per_round;

        mr_pool_run(pool, n_now, run_item, work);
        for (int i = 0; i < n_now; i++)
            if (work->statuses[i])
                return mr_fail(err, work->statuses[i], "%s", work->errors[i].message);
        if (options->progress && !options->progress(options->ctx, work->first + n_now, n))
            return mr_fail(err, MR_E_CANCELLED, "making the demo data set was cancelled");
    }
    return MR_OK;
}

static enum mr_status draw_all(const char *dir, const struct plan *plan,
                               const struct mr_demo_options *options, struct mr_error *err)
{
    struct work work = {.dir = dir, .plan = plan};
    struct mr_pool *pool = NULL;
    struct mr_demo_noise *noise = NULL;
    enum mr_status st = mr_pool_create(&pool, 0, err);
    int n_threads = mr_pool_n_threads(pool);

    if (!st)
        st = mr_demo_noise_create(&noise, plan->seed, err);
    work.noise = noise;
    work.canvases = mr_xalloc((size_t)n_threads, sizeof *work.canvases);
    work.errors = mr_xalloc((size_t)(n_threads * ROUND_PER_THREAD), sizeof *work.errors);
    work.statuses = mr_xalloc((size_t)(n_threads * ROUND_PER_THREAD), sizeof *work.statuses);
    for (int i = 0; i < n_threads && !st; i++)
        st = mr_demo_canvas_create(&work.canvases[i], err);
    if (!st)
        st = run_rounds(&work, pool, options, err);
    for (int i = 0; i < n_threads; i++)
        mr_demo_canvas_destroy(work.canvases[i]);
    free(work.canvases);
    free(work.errors);
    free(work.statuses);
    free(noise);
    mr_pool_destroy(pool);
    return st;
}

/* --- the folder ------------------------------------------------------------------------------ */

static void truth_text(const struct plan *plan, struct mr_str *text)
{
    mr_str_add(text, "path,label,true_label,planted\n");
    for (int i = 0; i < plan->n; i++) {
        const struct item *item = &plan->items[i];

        mr_str_addf(text, "%s/%08" PRIx32 ".jpg,%s,%s,%s\n", folders[item->folder], item->name,
                    folders[item->folder], folders[item->truth], planted_names[item->planted]);
    }
}

static void mark_text(const struct plan *plan, struct mr_str *text)
{
    mr_str_addf(text, "misread demo data set, drawing %d, seed %" PRIu64 ", %d images\n", DRAWING,
                plan->seed, plan->n);
}

static bool holds_text(const char *path, const struct mr_str *text)
{
    unsigned char *data = NULL;
    size_t n = 0;
    bool same;

    if (mr_file_read(path, (size_t)16 << 20, &data, &n, NULL))
        return false;
    same = n == text->n && !memcmp(data, text->text, n);
    free(data);
    return same;
}

static bool is_empty_dir(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool empty = dir != NULL;

    while (empty && (entry = readdir(dir)) != NULL)
        empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
    if (dir)
        closedir(dir);
    return empty;
}

/* Claims a new or empty folder with the mark; refuses any other that lacks the same mark. */
static enum mr_status claim(const char *dir, const struct plan *plan, struct mr_error *err)
{
    struct mr_str mark = MR_STR_EMPTY;
    char *path = mr_path_join(dir, MARK);
    enum mr_status st = mr_dir_make(dir, 0755, err);

    mark_text(plan, &mark);
    if (st)
        goto out;
    if (holds_text(path, &mark))
        goto out;
    if (mr_path_exists(path))
        st = mr_fail(err, MR_E_USAGE,
                     "cannot make the demo data set in '%s': another one is there; choose another "
                     "folder or remove it",
                     dir);
    else if (!is_empty_dir(dir))
        st = mr_fail(
            err, MR_E_USAGE,
            "cannot make the demo data set in '%s': the folder is not empty; choose another", dir);
    else
        st = mr_file_write(path, 0644, &(struct mr_file_part){mark.text, mark.n}, 1, err);
out:
    mr_str_finish(&mark);
    free(path);
    return st;
}

/* Removes what a write that was cut off has left: 0a7bdce4.jpg.tmp.123 */
static void sweep(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir)) != NULL)
        if (strspn(entry->d_name, "0123456789abcdef") == 8 &&
            !strncmp(entry->d_name + 8, ".jpg.tmp.", 9))
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
}

static enum mr_status make_folders(const char *dir, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    for (int c = 0; c < MR_DEMO_N_CLASSES && !st; c++) {
        char *path = mr_path_join(dir, folders[c]);

        st = mr_dir_make(path, 0755, err);
        if (!st)
            sweep(path);
        free(path);
    }
    return st;
}

enum mr_status mr_demo_make(const char *dir, const struct mr_demo_options *options,
                            struct mr_error *err)
{
    struct mr_str truth = MR_STR_EMPTY;
    char *path = mr_path_join(dir, TRUTH);
    struct plan plan;
    enum mr_status st;

    plan_init(&plan, options);
    truth_text(&plan, &truth);
    st = claim(dir, &plan, err);
    if (st || holds_text(path, &truth))
        goto out;
    st = make_folders(dir, err);
    if (!st)
        st = draw_all(dir, &plan, options, err);
    if (!st)
        st = mr_file_write(path, 0644, &(struct mr_file_part){truth.text, truth.n}, 1, err);
out:
    mr_str_finish(&truth);
    plan_finish(&plan);
    free(path);
    return st;
}
