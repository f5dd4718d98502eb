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
#include "demo_plan.h"
#include "demo_scene.h"
#include "demo_spoil.h"

/* One up when images come out differently: their names change with it, old sets are not mixed with
 * new. */
#define DRAWING 1

#define MARK        ".misread-demo"
#define TRUTH       "truth.csv"
#define MISLABELLED .03 /* share of all images */
#define AMBIGUOUS   .13 /* share of each class of a pair */

/* --- one image ------------------------------------------------------------------------------- */

static enum mr_status draw(struct mr_demo_canvas *canvas, const struct mr_demo_noise *noise,
                           const struct mr_demo_plan *plan, int i, struct mr_image **image,
                           int *quality, struct mr_error *err)
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
    mr_demo_bubbles(canvas, &lens);
    mr_demo_expose(canvas, *image, &lens);
    mr_demo_overlay(canvas, *image, plan->items[i].flaw == MR_DEMO_BOXED, &marks);
    *quality = 70 + (int)mr_rng_below(&lens, 21);
    return MR_OK;
}

static bool has_box(const struct mr_demo_plan *plan, int i)
{
    return plan->items[i].flaw == MR_DEMO_BOXED ||
           mr_demo_overlay_has_box(
               mr_rng_make(plan->seed, 'd', (uint64_t)plan->items[i].source, 5));
}

static char *item_path(const char *dir, const struct mr_demo_item *item)
{
    return mr_xasprintf("%s/%s/%08" PRIx32 ".jpg", dir, mr_demo_folders[item->folder], item->name);
}

static enum mr_status make_item(struct mr_demo_canvas *canvas, const struct mr_demo_noise *noise,
                                const struct mr_demo_plan *plan, int i, const char *path,
                                struct mr_error *err)
{
    struct mr_image *image = NULL;
    unsigned char *data = NULL;
    int quality = 0;
    size_t n = 0;
    /* a stream of its own: sound images know nothing of it */
    struct mr_rng rng = mr_rng_make(plan->seed, 'd', (uint64_t)i, 6);
    enum mr_demo_flaw flaw = plan->items[i].flaw;
    enum mr_status st = draw(canvas, noise, plan, plan->items[i].source, &image, &quality, err);

    if (!st)
        st = mr_demo_spoil(&image, &quality, flaw, &rng, err);
    if (!st)
        st = mr_image_encode_jpeg(image, quality, &data, &n, err);
    if (!st && flaw == MR_DEMO_SAME_PIXELS)
        mr_demo_comment(&data, &n);
    if (!st)
        st = mr_file_write(path, 0644, &(struct mr_file_part){data, n}, 1, err);
    free(data);
    mr_image_destroy(image);
    return st;
}

/* --- all images ------------------------------------------------------------------------------ */

/* About so many images between two calls of progress, but at least one a thread. */
#define ROUND 16

struct work {
    const char *dir;
    const struct mr_demo_plan *plan;
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
    int n = work->plan->n_all, n_threads = mr_pool_n_threads(pool);
    int per_round = n_threads < ROUND ? ROUND / n_threads * n_threads : n_threads;

    for (work->first = 0; work->first < n; work->first += per_round) {
        int n_now = n - work->first < per_round ? n - work->first : per_round;

        mr_pool_run(pool, n_now, run_item, work);
        for (int i = 0; i < n_now; i++)
            if (work->statuses[i])
                return mr_fail(err, work->statuses[i], "%s", work->errors[i].message);
        if (options->progress && !options->progress(options->ctx, work->first + n_now, n))
            return mr_fail(err, MR_E_CANCELLED,
                           "making the demo data set was stopped at %d of %d images; making it "
                           "again goes on from there",
                           work->first + n_now, n);
    }
    return MR_OK;
}

static enum mr_status draw_all(const char *dir, const struct mr_demo_plan *plan,
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
    work.errors = mr_xalloc((size_t)(n_threads + ROUND), sizeof *work.errors);
    work.statuses = mr_xalloc((size_t)(n_threads + ROUND), sizeof *work.statuses);
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

static void truth_text(const struct mr_demo_plan *plan, struct mr_str *text)
{
    mr_str_add(text, "path,label,true_label,planted,flaw,of,box\n");
    for (int i = 0; i < plan->n_all; i++) {
        const struct mr_demo_item *item = &plan->items[i], *source = &plan->items[item->source];

        mr_str_addf(text, "%s/%08" PRIx32 ".jpg,%s,%s,%s,%s,", mr_demo_folders[item->folder],
                    item->name, mr_demo_folders[item->folder], mr_demo_folders[item->truth],
                    mr_demo_planted_names[item->planted], mr_demo_flaw_names[item->flaw]);
        if (source != item)
            mr_str_addf(text, "%s/%08" PRIx32 ".jpg", mr_demo_folders[source->folder],
                        source->name);
        mr_str_add(text, has_box(plan, i) ? ",1\n" : ",0\n");
    }
}

static void mark_text(const struct mr_demo_plan *plan, struct mr_str *text)
{
    mr_str_addf(text, "misread demo data set, drawing %d, seed %" PRIu64 ", %d images\n",
                MR_DEMO_DRAWING, plan->seed, plan->n);
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
static enum mr_status claim(const char *dir, const struct mr_demo_plan *plan, struct mr_error *err)
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
        char *path = mr_path_join(dir, mr_demo_folders[c]);

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
    struct mr_demo_plan plan;
    enum mr_status st;

    mr_demo_plan_init(&plan, options->seed, options->n_images);
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
    mr_demo_plan_finish(&plan);
    free(path);
    return st;
}
