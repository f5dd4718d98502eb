/* SPDX-License-Identifier: MIT */
/* `bench` of the screen: from a key to the frame that shows it, while the program trains. */
#include "bench.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/data/demo.h>

#include "bench_terminal.h"

#define PAUSE_MS       150 /* a hand does not type faster */
#define FIRST_EPOCH_MS 600000
#define N_DEMO_IMAGES  96

/* What is typed in turn, and the words by which the frame is known. */
static const struct {
    char key;
    const char *shows;
} script[] = {{'1', "most confused"}, {'?', "keys of"}, {'?', "most confused"}, {'2', "precision"}};

#define N_SCRIPT    ((int)(sizeof script / sizeof *script))
#define FEWEST_KEYS (2 * N_SCRIPT)

/* ---- the program ---- */

static enum mr_status start(struct mr_bench_terminal *t, const char *data_dir, const char *folder,
                            const struct mr_bench *bench, struct mr_error *err)
{
    struct mr_bench_words words = {.n = 0};
    enum mr_status st;

    mr_bench_words_adopt(&words, mr_xstrdup("misread"));
    mr_bench_words_adopt(&words, mr_xstrdup("train"));
    mr_bench_words_adopt(&words, mr_xasprintf("--project=%s/project", folder));
    mr_bench_words_adopt(&words, mr_xstrdup("--epochs=10000"));
    mr_bench_words_add_options(&words, bench);
    mr_bench_words_adopt(&words, mr_xstrdup("--"));
    mr_bench_words_adopt(&words, mr_xstrdup(data_dir));
    st = mr_bench_terminal_open(t, bench, words.argv, folder, err);
    mr_bench_words_finish(&words);
    return st;
}

/* ---- the keys ---- */

/* Until an epoch is over and the matrix shows it: it trains, and every screen has what it shows. */
static enum mr_status warm_up(struct mr_bench_terminal *t, struct mr_error *err)
{
    enum mr_status st;

    mr_bench_say("waiting for the first epoch");
    st = mr_bench_terminal_wait(t, "most confused", MR_BENCH_FRAME_END, MR_BENCH_PATIENCE_MS, err);
    if (!st)
        st = mr_bench_terminal_type(t, "2", err);
    return st ? st
              : mr_bench_terminal_wait(t, "precision", MR_BENCH_FRAME_END, FIRST_EPOCH_MS, err);
}

static enum mr_status time_key(struct mr_bench_terminal *t, int i, double *ms, struct mr_error *err)
{
    const char key[2] = {script[i % N_SCRIPT].key};
    int64_t began;
    enum mr_status st;

    for (int64_t end = mr_clock_ms() + PAUSE_MS; mr_clock_ms() < end;)
        mr_bench_terminal_listen(t, (int)(end - mr_clock_ms()));
    began = mr_clock_us();
    st = mr_bench_terminal_type(t, key, err);
    if (!st)
        st = mr_bench_terminal_wait(t, script[i % N_SCRIPT].shows, MR_BENCH_FRAME_END,
                                    MR_BENCH_PATIENCE_MS, err);
    *ms = (double)(mr_clock_us() - began) / 1e3;
    return st;
}

static enum mr_status time_keys(struct mr_bench_terminal *t, cJSON *result, struct mr_error *err)
{
    int64_t began = mr_clock_ms(), wanted_ms = (int64_t)(t->bench->seconds * 1e3);
    double *ms = NULL;
    int n = 0;
    enum mr_status st = MR_OK;

    while (!st && (n < FEWEST_KEYS || mr_clock_ms() - began < wanted_ms)) {
        ms = mr_xrealloc(ms, (size_t)n + 1, sizeof *ms);
        st = time_key(t, n, &ms[n], err);
        if (!st)
            mr_bench_say("key %d: %.1f ms", n + 1, ms[n]);
        n++;
    }
    if (!st) {
        cJSON_AddNumberToObject(result, "keys", n);
        cJSON_AddNumberToObject(result, "median_ms", mr_bench_quantile(ms, n, .5));
        cJSON_AddNumberToObject(result, "p99_ms", mr_bench_quantile(ms, n, .99));
    }
    free(ms);
    return st;
}

static bool show_making(void *ctx, int64_t n_done, int64_t n_total)
{
    mr_bench_say("making the demo: %lld of %lld images", (long long)n_done, (long long)n_total);
    return !mr_bench_go_on(ctx, NULL);
}

static enum mr_status make_demo(const struct mr_bench *bench, const char *folder, char **data_dir,
                                struct mr_error *err)
{
    const struct mr_demo_options options = {
        .n_images = N_DEMO_IMAGES, .progress = show_making, .ctx = (void *)bench};

    *data_dir = mr_path_join(folder, "demo");
    return mr_demo_make(*data_dir, &options, err);
}

static enum mr_status measure(const struct mr_bench *bench, const char *data_dir,
                              const char *folder, cJSON *result, struct mr_error *err)
{
    struct mr_bench_terminal t;
    enum mr_status st = start(&t, data_dir, folder, bench, err);

    if (st)
        return st;
    mr_bench_add_network(bench, result);
    st = warm_up(&t, err);
    if (!st)
        st = time_keys(&t, result, err);
    mr_bench_terminal_close(&t);
    return st;
}

enum mr_status mr_bench_ui(const struct mr_bench *bench, struct cJSON *result, struct mr_error *err)
{
    char *folder = NULL, *demo = NULL;
    enum mr_status st = mr_bench_folder_make(&folder, err);

    if (!st && !bench->data_dir)
        st = make_demo(bench, folder, &demo, err);
    if (!st)
        st = measure(bench, demo ? demo : bench->data_dir, folder, result, err);
    mr_bench_folder_remove(folder);
    free(demo);
    return st;
}
