/* SPDX-License-Identifier: MIT */
/* A small world to train in: a folder of easy images, a project, and looks into its store. */
#ifndef MISREAD_TESTS_TRAIN_LAB_H
#define MISREAD_TESTS_TRAIN_LAB_H

#include "support.h"

#include <misread/base/clock.h>
#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/base/sandbox.h>
#include <misread/image/decode.h>
#include <misread/image/encode.h>
#include <misread/image/image.h>
#include <misread/nn/weights_file.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/trainer.h>

#define LAB_N_PER_CLASS 20
#define LAB_PATIENCE_MS                                                       \
    120000 /* the machine may be busy; a case that waits this long has failed \
            */

struct lab {
    char *root;
    char data[128], project[128];
    struct mr_store *store; /* the test's own connection */
    struct mr_trainer_place place;
};

/* A 40 x 40 picture: warm or cold, with noise, so that colour alone tells the class. */
static inline void lab_paint(struct mr_image *image, int class_id, int number)
{
    struct mr_rng rng = mr_rng_make(1, (uint64_t)class_id, (uint64_t)number, 0);

    for (int i = 0; i < image->w * image->h; i++) {
        unsigned char *p = image->rgb + 3 * i;

        p[0] = (unsigned char)(class_id ? 60 : 170) + (unsigned char)mr_rng_below(&rng, 60);
        p[1] = 90 + (unsigned char)mr_rng_below(&rng, 60);
        p[2] = (unsigned char)(class_id ? 170 : 60) + (unsigned char)mr_rng_below(&rng, 60);
    }
}

static inline void lab_write_image(const char *path, int class_id, int number)
{
    struct mr_file_part part = {0};
    struct mr_image *image = NULL;
    unsigned char *jpeg = NULL;
    struct mr_error err;

    assert_ok(mr_image_create(&image, 40, 40, &err), err);
    lab_paint(image, class_id, number);
    assert_ok(mr_image_encode_jpeg(image, 90, &jpeg, &part.n, &err), err);
    part.data = jpeg;
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    free(jpeg);
    mr_image_destroy(image);
}

static inline void lab_open(struct lab *lab, struct mr_sandbox *sandbox)
{
    static const char *const classes[] = {"cold", "warm"};
    struct mr_error err;
    char path[256];

    memset(lab, 0, sizeof *lab);
    lab->root = make_folder();
    snprintf(lab->data, sizeof lab->data, "%s/data", lab->root);
    snprintf(lab->project, sizeof lab->project, "%s/project", lab->root);
    for (int c = 0; c < 2; c++) {
        snprintf(path, sizeof path, "%s/%s", lab->data, classes[c]);
        assert_ok(mr_dir_make(path, 0700, &err), err);
        for (int i = 0; i < LAB_N_PER_CLASS; i++) {
            snprintf(path, sizeof path, "%s/%s/%02d.jpg", lab->data, classes[c], i);
            lab_write_image(path, 1 - c, i);
        }
    }
    assert_ok(mr_store_open(&lab->store, lab->project, MR_STORE_CREATE, &err), err);
    lab->place = (struct mr_trainer_place){
        .data_dir = lab->data, .project_dir = lab->project, .sandbox = sandbox};
}

static inline void lab_close(struct lab *lab)
{
    mr_store_close(lab->store);
    remove_folder(lab->root);
}

/* 30 images to train on in 4 batches, 10 to validate with. */
static inline struct mr_train_options lab_options(void)
{
    struct mr_train_options o = mr_train_defaults();

    o.size_px = 32;
    o.batch = 8;
    o.n_epochs = 6;
    o.valid_fraction = .25;
    o.n_threads = 2;
    o.checkpoint_every_s = 0;
    return o;
}

static inline struct mr_run lab_run(struct lab *lab, int run)
{
    struct mr_error err;
    struct mr_run row;

    assert_ok(mr_run_load(lab->store, run, &row, &err), err);
    return row;
}

static inline enum mr_run_state lab_state(struct lab *lab, int run)
{
    struct mr_run row = lab_run(lab, run);
    enum mr_run_state state = row.state;

    mr_run_finish(&row);
    return state;
}

/* Steps stored; *steps is owned by the caller if not NULL. */
static inline int lab_steps(struct lab *lab, int run, struct mr_step **steps)
{
    struct mr_step *found = NULL;
    struct mr_error err;
    int n = 0;

    assert_ok(mr_steps_load(lab->store, run, 0, &found, &n, &err), err);
    if (steps)
        *steps = found;
    else
        free(found);
    return n;
}

static inline int lab_n_epochs(struct lab *lab, int run)
{
    struct mr_epoch *epochs = NULL;
    struct mr_error err;
    int n = 0;

    assert_ok(mr_epochs_load(lab->store, run, &epochs, &n, &err), err);
    free(epochs);
    return n;
}

static inline void lab_send(struct lab *lab, int run, enum mr_command_kind kind, double value)
{
    struct mr_error err;

    assert_ok(mr_command_send(lab->store, run, kind, value, &err), err);
}

static inline void lab_wait_for_steps(struct lab *lab, int run, int n)
{
    int64_t began = mr_clock_ms();

    while (lab_steps(lab, run, NULL) < n) {
        if (mr_clock_ms() - began > LAB_PATIENCE_MS)
            fail_msg("run %d did not come to step %d", run, n);
        mr_clock_sleep_ms(5);
    }
}

static inline void lab_wait_for_state(struct lab *lab, int run, enum mr_run_state state)
{
    int64_t began = mr_clock_ms();

    while (lab_state(lab, run) != state) {
        if (mr_clock_ms() - began > LAB_PATIENCE_MS)
            fail_msg("run %d did not become %s", run, mr_run_state_text(state));
        mr_clock_sleep_ms(5);
    }
}

static inline bool lab_has_file(struct lab *lab, int run, const char *name)
{
    char *path = mr_run_path(lab->store, run, name);
    bool has = mr_path_exists(path);

    free(path);
    return has;
}

static inline void lab_wait_for_file(struct lab *lab, int run, const char *name)
{
    int64_t began = mr_clock_ms();

    while (!lab_has_file(lab, run, name)) {
        if (mr_clock_ms() - began > LAB_PATIENCE_MS)
            fail_msg("run %d did not write %s", run, name);
        mr_clock_sleep_ms(5);
    }
}

/* Reads a file of a run whole. */
static inline unsigned char *lab_read(struct lab *lab, int run, const char *name, size_t *n)
{
    char *path = mr_run_path(lab->store, run, name);
    unsigned char *data = NULL;
    struct mr_error err;

    assert_ok(mr_file_read(path, (size_t)1 << 30, &data, n, &err), err);
    free(path);
    return data;
}

static inline bool lab_files_equal(struct lab *lab, int run_a, int run_b, const char *name)
{
    size_t n_a, n_b;
    unsigned char *a = lab_read(lab, run_a, name, &n_a), *b = lab_read(lab, run_b, name, &n_b);
    bool equal = n_a == n_b && !memcmp(a, b, n_a);

    free(a);
    free(b);
    return equal;
}

static inline int lab_start(struct lab *lab, struct mr_trainer **trainer,
                            const struct mr_train_options *o)
{
    struct mr_error err;
    int run = 0;

    assert_ok(mr_trainer_start(trainer, &lab->place, o, &run, &err), err);
    return run;
}

static inline int lab_train(struct lab *lab, const struct mr_train_options *o)
{
    struct mr_trainer *trainer = NULL;
    struct mr_error err;
    int run = lab_start(lab, &trainer, o);

    assert_ok(mr_trainer_join(trainer, &err), err);
    return run;
}

static inline void lab_finish(struct mr_trainer *trainer)
{
    struct mr_error err;

    assert_ok(mr_trainer_join(trainer, &err), err);
}

/* Decoders for images and for weights, as the program has them. */
static inline struct mr_sandbox_options lab_sandbox_options(int n_decoders)
{
    static const struct mr_sandbox_parser parsers[] = {
        [MR_IMAGE_PARSER] = {"image", mr_image_parse},
        [MR_WEIGHTS_PARSER] = {"weights", mr_weights_parse},
    };
    struct mr_sandbox_options options = mr_image_sandbox_options(n_decoders);

    options.parsers = parsers;
    options.n_parsers = sizeof parsers / sizeof *parsers;
    options.in_cap = MR_WEIGHTS_MAX_BYTES;
    return options;
}

/* The end of main in a suite that trains: the sandbox first, before anything starts a thread. */
#define lab_main(sandbox, tests) lab_main_with(sandbox, tests, NULL, NULL)

#define lab_main_with(sandbox, tests, set_up, tear_down)             \
    do {                                                             \
        struct mr_sandbox_options options_ = lab_sandbox_options(2); \
        struct mr_error err_;                                        \
        int failed_;                                                 \
                                                                     \
        if (mr_sandbox_create(&(sandbox), &options_, &err_)) {       \
            fprintf(stderr, "%s\n", err_.message);                   \
            return 1;                                                \
        }                                                            \
        failed_ = cmocka_run_group_tests(tests, set_up, tear_down);  \
        mr_sandbox_destroy(sandbox);                                 \
        return failed_;                                              \
    } while (0)

#endif
