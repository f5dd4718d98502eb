/* SPDX-License-Identifier: MIT */
/* The files of features: what they depend on, and which of them stay. */
#include "lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <misread/kernel/choices.h>
#include <misread/kernel/conv.h>
#include <misread/kernel/kernels.h>
#include <misread/kernel/machine.h>

#include "feature_cache.h"

static struct mr_sandbox *sandbox;

static int n_files(const char *folder, const char *beginning)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)))
        n += !strncmp(entry->d_name, beginning, strlen(beginning));
    if (dir)
        closedir(dir);
    return n;
}

static void make_file(const char *folder, const char *name, size_t n_bytes, time_t used)
{
    const struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = 9}};
    char path[256], *bytes = calloc(n_bytes, 1);
    struct mr_file_part part = {bytes, n_bytes};
    struct mr_error err;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    free(bytes);
}

static bool has(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return mr_path_exists(path);
}

static void sweeps_first_what_was_of_no_use_for_longest(void **state)
{
    char *folder = make_folder();

    make_file(folder, "features-old.bin", 40, 100);
    make_file(folder, "features-new.bin", 40, 300);
    make_file(folder, "features-mid.bin", 40, 200);
    make_file(folder, "64px.bin", 400, 1); /* another cache's */
    mr_features_sweep(folder, 1000, 120);
    assert_int_equal(n_files(folder, "features-"), 3);
    mr_features_sweep(folder, 1000, 80);
    assert_false(has(folder, "features-old.bin"));
    assert_int_equal(n_files(folder, "features-"), 2);
    mr_features_sweep(folder, 200, 0); /* of these two nothing is older than the run */
    assert_int_equal(n_files(folder, "features-"), 2);
    mr_features_sweep(folder, 300, 0);
    assert_true(has(folder, "features-new.bin") && !has(folder, "features-mid.bin"));
    assert_true(has(folder, "64px.bin"));
    remove_folder(folder);
}

/* The other algorithm for the 3x3 convolutions of the first layer, as if measured. */
static void choose_otherwise(struct lab *lab, const struct mr_train_options *o, char *path,
                             size_t cap)
{
    struct mr_conv_choices choices = {0};
    struct mr_conv_choice choice = {.machine =
                                        mr_machine_here(mr_kernels_best()->isa, o->n_threads),
                                    .pass = MR_CONV_FORWARD,
                                    .shape = {.n = o->batch,
                                              .h = 8,
                                              .w = 8,
                                              .c_in = 64,
                                              .c_out = 64,
                                              .kh = 3,
                                              .kw = 3,
                                              .stride = 1,
                                              .pad = 1}};
    struct mr_error err;

    choice.algorithm =
        mr_kernels_best()->conv_resolve(&choice.shape, MR_CONV_FORWARD) == MR_CONV_DIRECT
            ? MR_CONV_WINOGRAD
            : MR_CONV_DIRECT;
    snprintf(path, cap, "%s/kernels", lab->root);
    mr_conv_choices_set(&choices, &choice);
    assert_ok(mr_conv_choices_save(&choices, path, &err), err);
    mr_conv_choices_finish(&choices);
}

static void are_of_one_body_size_and_choice_of_algorithms(void **state)
{
    struct mr_train_options o = lab_options();
    char folder[192], choices[256], *weights;
    struct lab lab;

    lab_open(&lab, sandbox);
    snprintf(folder, sizeof folder, "%s/cache", lab.project);
    o.n_epochs = 1;
    weights = mr_run_path(lab.store, lab_train(&lab, &o), "last.safetensors");
    snprintf(o.weights, sizeof o.weights, "%s", weights);
    free(weights);
    make_file(folder, "features-x.bin.tmp.1", 10, 100); /* of one that was killed */
    lab_train(&lab, &o);
    assert_int_equal(n_files(folder, "features-"), 1); /* of both sides */
    lab_train(&lab, &o);
    assert_int_equal(n_files(folder, "features-"), 1);
    choose_otherwise(&lab, &o, choices, sizeof choices);
    lab.place.choices_path = choices;
    lab_train(&lab, &o);
    assert_int_equal(n_files(folder, "features-"), 2);
    o.size_px = 40;
    lab_train(&lab, &o);
    assert_int_equal(n_files(folder, "features-"), 3);
    lab_close(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_first_what_was_of_no_use_for_longest),
        cmocka_unit_test(are_of_one_body_size_and_choice_of_algorithms),
    };

    lab_main(sandbox, tests);
}
