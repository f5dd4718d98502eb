/* SPDX-License-Identifier: MIT */
/*
 * `bench` of large projects: the explorer on 100,000 made-up predictions of 100 classes, from a key
 * to the frame that answers it, by what the key does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/base/str.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "bench.h"
#include "bench_terminal.h"

#define N_IMAGES  100000
#define N_CLASSES 100
#define N_EPOCHS  3
#define REST_MS   200   /* between keys: what the last one set off is over */
#define SETTLE_MS 60000 /* until everything has been read once */

/* What is typed in turn, and what that measures. Ends where it began. */
static const struct {
    const char *keys, *view;
} script[] = {
    {"2", "opening"},    {"m", "moving"},     {"j", "moving"},     {"l", "moving"},
    {"c", "moving"},     {"c", "moving"},     {"%", "moving"},     {",", "travelling"},
    {"d", "difference"}, {"d", "difference"}, {".", "travelling"}, {"\r", "opening"},
    {"s", "moving"},     {"p", "sorting"},    {"s", "moving"},     {"c", "sorting"},
    {"s", "moving"},     {"l", "sorting"},    {"F", "moving"},     {"c", "filtering"},
    {"m", "filtering"},  {"a", "filtering"},  {"\r", "moving"},    {"s", "moving"},
    {"p", "sorting"},    {"s", "moving"},     {"c", "sorting"},    {"s", "moving"},
    {"l", "sorting"},    {"o", "sorting"},    {"o", "sorting"},    {"l", "moving"},
    {"\r", "opening"},   {"l", "moving"},     {"q", "opening"},    {"t", "labels"},
    {"t", "labels"},     {"1", "opening"},
};
#define N_SCRIPT ((int)(sizeof script / sizeof *script))

static const char *const views[] = {"opening", "moving",     "sorting",   "filtering",
                                    "labels",  "travelling", "difference"};
#define N_VIEWS ((int)(sizeof views / sizeof *views))

/* ---- the project ---- */

static struct mr_image_table *make_table(void)
{
    struct mr_image_table *table = mr_xalloc(1, sizeof *table);

    table->n_classes = N_CLASSES;
    table->classes = mr_xalloc(N_CLASSES, sizeof *table->classes);
    for (int c = 0; c < N_CLASSES; c++)
        table->classes[c] = mr_xasprintf("class-of-findings-%03d", c);
    table->n = N_IMAGES;
    table->rows = mr_xalloc(N_IMAGES, sizeof *table->rows);
    for (int i = 0; i < N_IMAGES; i++) {
        struct mr_image_row *row = &table->rows[i];

        row->class_id = i % N_CLASSES;
        row->side = MR_SIDE_VALID;
        snprintf(row->hash, sizeof row->hash, "%064d", i);
        row->path = mr_xasprintf("%s/%06d.jpg", table->classes[row->class_id], i);
        row->group = mr_xstrdup("");
        row->reason = mr_xstrdup("");
    }
    return table;
}

/* Four of five are right; the others are taken for one of three neighbours. */
static struct mr_predictions *make_epoch(const struct mr_image_table *table, int run, int epoch)
{
    struct mr_rng rng = mr_rng_make(1, (uint64_t)epoch, 0, 0);
    struct mr_predictions *p = mr_xalloc(1, sizeof *p);

    *p = (struct mr_predictions){
        .run = run, .epoch = epoch, .side = MR_SIDE_VALID, .n = table->n, .n_classes = N_CLASSES};
    p->ids = mr_xalloc(N_IMAGES, sizeof *p->ids);
    p->labels = mr_xalloc(N_IMAGES, sizeof *p->labels);
    p->losses = mr_xalloc(N_IMAGES, sizeof *p->losses);
    p->logits = mr_xalloc((size_t)N_IMAGES * N_CLASSES, sizeof *p->logits);
    for (int i = 0; i < N_IMAGES; i++) {
        float *logits = p->logits + (size_t)i * N_CLASSES;
        int label = table->rows[i].class_id;
        bool is_right = mr_rng_uniform(&rng) < .8;
        int said = (label + (is_right ? 0 : 1 + (int)mr_rng_below(&rng, 3))) % N_CLASSES;

        p->ids[i] = table->rows[i].id;
        p->labels[i] = label;
        for (int c = 0; c < N_CLASSES; c++)
            logits[c] = (float)mr_rng_uniform(&rng);
        logits[said] += 6;
        p->losses[i] = (float)mr_rng_uniform(&rng) + (is_right ? 0 : 3);
    }
    return p;
}

static enum mr_status make_run(struct mr_store *store, const struct mr_image_table *table,
                               struct mr_error *err)
{
    struct mr_run run = {.state = MR_RUN_DONE,
                         .arch = "resnet18",
                         .size_px = 224,
                         .n_epochs = N_EPOCHS,
                         .n_classes = N_CLASSES,
                         .n_valid = N_IMAGES};
    enum mr_status st = mr_run_create(store, &run, err);

    for (int e = 1; e <= N_EPOCHS && !st; e++) {
        struct mr_predictions *p = make_epoch(table, run.id, e);
        struct mr_epoch epoch = {.epoch = e, .n_valid = N_IMAGES, .n_correct = 80000 + e};

        st = mr_epoch_add(store, run.id, &epoch, p, NULL, err);
        mr_predictions_destroy(p);
    }
    return st;
}

static enum mr_status make_project(const char *project, struct mr_error *err)
{
    struct mr_image_table *table = make_table();
    struct mr_store *store = NULL;
    enum mr_status st;

    mr_bench_say("making %d predictions of %d classes", N_IMAGES, N_CLASSES);
    st = mr_store_open(&store, project, MR_STORE_CREATE, err);
    if (!st)
        st = mr_images_save(store, table, err);
    if (!st)
        st = make_run(store, table, err);
    mr_store_close(store);
    mr_images_destroy(table);
    return st;
}

/* ---- the keys ---- */

struct times {
    double *ms[N_VIEWS]; /* owned */
    int n[N_VIEWS];
};

static void add_time(struct times *times, const char *view, double ms)
{
    for (int v = 0; v < N_VIEWS; v++) {
        if (strcmp(views[v], view) != 0)
            continue;
        times->ms[v] = mr_xrealloc(times->ms[v], (size_t)times->n[v] + 1, sizeof *times->ms[v]);
        times->ms[v][times->n[v]++] = ms;
    }
}

/* Waits until nothing more comes, so that the next frame is the key's. */
static void rest(struct mr_bench_terminal *t)
{
    int64_t limit = mr_clock_ms() + SETTLE_MS;

    do {
        mr_str_clear(&t->seen);
        for (int64_t end = mr_clock_ms() + REST_MS; mr_clock_ms() < end;)
            mr_bench_terminal_listen(t, (int)(end - mr_clock_ms()));
    } while (t->seen.n && mr_clock_ms() < limit);
}

static enum mr_status play_once(struct mr_bench_terminal *t, struct times *times,
                                struct mr_error *err)
{
    enum mr_status st = MR_OK;

    for (int i = 0; i < N_SCRIPT && !st; i++) {
        int64_t began;

        rest(t);
        began = mr_clock_us();
        st = mr_bench_terminal_type(t, script[i].keys, err);
        if (!st)
            st = mr_bench_terminal_wait(t, "", MR_BENCH_FRAME_END, MR_BENCH_PATIENCE_MS, NULL);
        if (st == MR_E_IO)
            st = mr_fail(err, st, "no frame followed key %d of %d, '%s'", i + 1, N_SCRIPT,
                         script[i].keys);
        add_time(times, script[i].view, (double)(mr_clock_us() - began) / 1e3);
        mr_bench_say("%s: %.1f ms", script[i].view, (double)(mr_clock_us() - began) / 1e3);
    }
    return st;
}

static void add_results(struct times *times, cJSON *result)
{
    cJSON *list = cJSON_AddArrayToObject(result, "views");

    for (int v = 0; v < N_VIEWS; v++) {
        cJSON *row = cJSON_CreateObject();

        cJSON_AddStringToObject(row, "view", views[v]);
        cJSON_AddNumberToObject(row, "keys", times->n[v]);
        cJSON_AddNumberToObject(row, "median_ms", mr_bench_quantile(times->ms[v], times->n[v], .5));
        cJSON_AddNumberToObject(row, "p99_ms", mr_bench_quantile(times->ms[v], times->n[v], .99));
        cJSON_AddItemToArray(list, row);
    }
    cJSON_AddNumberToObject(result, "images", N_IMAGES);
    cJSON_AddNumberToObject(result, "classes", N_CLASSES);
}

static enum mr_status time_keys(const struct mr_bench *bench, struct mr_bench_terminal *t,
                                cJSON *result, struct mr_error *err)
{
    struct times times = {0};
    int64_t began = mr_clock_ms();
    enum mr_status st =
        mr_bench_terminal_wait(t, "most confused", MR_BENCH_FRAME_END, MR_BENCH_PATIENCE_MS, err);

    do {
        if (!st)
            st = play_once(t, &times, err);
    } while (!st && (double)(mr_clock_ms() - began) < bench->seconds * 1e3);
    if (!st)
        add_results(&times, result);
    for (int v = 0; v < N_VIEWS; v++)
        free(times.ms[v]);
    return st;
}

static enum mr_status start(struct mr_bench_terminal *t, const struct mr_bench *bench,
                            const char *folder, const char *project, struct mr_error *err)
{
    struct mr_bench_words words = {.n = 0};
    enum mr_status st;

    mr_bench_words_adopt(&words, mr_xstrdup("misread"));
    mr_bench_words_adopt(&words, mr_xasprintf("--project=%s", project));
    if (bench->in_process)
        mr_bench_words_adopt(&words, mr_xstrdup("--unsafe-inprocess"));
    mr_bench_words_adopt(&words, mr_xstrdup("--"));
    mr_bench_words_adopt(&words, mr_xstrdup(folder));
    st = mr_bench_terminal_open(t, bench, words.argv, folder, err);
    mr_bench_words_finish(&words);
    return st;
}

enum mr_status mr_bench_views(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err)
{
    struct mr_bench_terminal t;
    char *folder = NULL, *project = NULL;
    enum mr_status st = mr_bench_folder_make(&folder, err);

    if (!st) {
        project = mr_path_join(folder, "project");
        st = make_project(project, err);
    }
    if (!st)
        st = start(&t, bench, folder, project, err);
    if (!st) {
        st = time_keys(bench, &t, result, err);
        mr_bench_terminal_close(&t);
    }
    mr_bench_folder_remove(folder);
    free(project);
    return st;
}
