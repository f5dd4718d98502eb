/* SPDX-License-Identifier: MIT */
/* What the measurements of `bench` share: what is to be measured, and how they say what they do. */
#ifndef MISREAD_APP_BENCH_H
#define MISREAD_APP_BENCH_H

#include <stdbool.h>

#include <misread/base/status.h>
#include <misread/nn/model.h>

struct cJSON;
struct mr_cache;
struct mr_image_table;
struct mr_kernels;
struct mr_session;
struct mr_store;

struct mr_bench {
    struct mr_session *session; /* borrowed */
    const char *data_dir;       /* borrowed; NULL: none was given */
    enum mr_arch arch;
    int size_px, batch, n_threads;
    const struct mr_kernels *kernels;
    double seconds; /* to measure at least */
    bool in_process;
};

/* A measurement adds what it found to result, an object for --json. MR_E_CANCELLED on a signal. */
enum mr_status mr_bench_train(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err) MR_NODISCARD;
enum mr_status mr_bench_infer(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err) MR_NODISCARD;
enum mr_status mr_bench_decode(const struct mr_bench *bench, struct cJSON *result,
                               struct mr_error *err) MR_NODISCARD;
enum mr_status mr_bench_ui(const struct mr_bench *bench, struct cJSON *result,
                           struct mr_error *err) MR_NODISCARD;
enum mr_status mr_bench_views(const struct mr_bench *bench, struct cJSON *result,
                              struct mr_error *err) MR_NODISCARD;
enum mr_status mr_bench_tune(const struct mr_bench *bench, struct cJSON *result,
                             struct mr_error *err) MR_NODISCARD;

/* Adds arch, size and batch to a result. */
void mr_bench_add_network(const struct mr_bench *bench, struct cJSON *result);
/* The line of progress, on stderr if that is a terminal; NULL takes it away. */
void mr_bench_say(const char *fmt, ...) MR_PRINTF(1, 2);
/* MR_E_CANCELLED if a signal has asked to stop. */
enum mr_status mr_bench_go_on(const struct mr_bench *bench, struct mr_error *err) MR_NODISCARD;
/* The value that this share of the values do not exceed; sorts them. n > 0. */
double mr_bench_quantile(double *values, int n, double share);

/* A command line in the making. */
struct mr_bench_words {
    char *argv[32]; /* owned; ends with NULL */
    int n;
};
void mr_bench_words_adopt(struct mr_bench_words *words, char *word);
/* --arch, --size, --batch, --threads, --isa and, if wanted, --unsafe-inprocess */
void mr_bench_words_add_options(struct mr_bench_words *words, const struct mr_bench *bench);
void mr_bench_words_finish(struct mr_bench_words *words);

/* A folder for one measurement; *path is owned by the caller until it is removed. */
enum mr_status mr_bench_folder_make(char **path, struct mr_error *err) MR_NODISCARD;
/* With all in it; frees path, which may be NULL. */
void mr_bench_folder_remove(char *path);

/* DATA, scanned and decoded in a project of its own. */
struct mr_bench_data {
    char *folder; /* owned */
    struct mr_store *store;
    struct mr_image_table *table;
    struct mr_cache *cache;
    double decoding_s;
};
enum mr_status mr_bench_data_open(struct mr_bench_data *data, const struct mr_bench *bench,
                                  struct mr_error *err) MR_NODISCARD;
void mr_bench_data_close(struct mr_bench_data *data);

#endif
