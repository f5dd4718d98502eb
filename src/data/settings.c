/* SPDX-License-Identifier: MIT */
/* Seed, share and group expression of the split: another value would tear what is split already. */
#include <misread/data/settings.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/data/scan.h>
#include <misread/store/store.h>

/* What the project must agree with. */
struct check {
    struct mr_store *store;
    const char *data_dir;
    bool is_split;
};

enum mr_status mr_settings_load(struct mr_store *store, uint64_t *split_seed,
                                double *valid_fraction, struct mr_error *err)
{
    char *seed = NULL, *fraction = NULL;
    enum mr_status st = mr_store_get_meta(store, "split_seed", &seed, err);

    if (!st)
        st = mr_store_get_meta(store, "valid_fraction", &fraction, err);
    if (!st && seed)
        *split_seed = strtoull(seed, NULL, 10);
    if (!st && fraction)
        *valid_fraction = strtod(fraction, NULL);
    free(fraction);
    free(seed);
    return st;
}

/* wanted NULL: nothing is asked for. */
static enum mr_status compare(const struct check *check, const char *what, const char *wanted,
                              const char *stored, struct mr_error *err)
{
    if (!check->is_split || !wanted || !stored || !strcmp(stored, wanted))
        return MR_OK;
    if (!*stored)
        return mr_fail(
            err, MR_E_USAGE,
            "cannot split '%s' with the %s '%s': the project was split without one; leave "
            "it out, or start a new project with --project",
            check->data_dir, what, wanted);
    return mr_fail(
        err, MR_E_USAGE,
        "cannot split '%s' with the %s '%s': the project was split with '%s'; use that, or "
        "start a new project with --project",
        check->data_dir, what, wanted, stored);
}

static enum mr_status check_numbers(const struct check *check,
                                    const struct mr_scan_options *options, struct mr_error *err)
{
    uint64_t seed = options->split_seed;
    double fraction = options->valid_fraction;
    char *wanted[2], *stored[2];
    enum mr_status st = mr_settings_load(check->store, &seed, &fraction, err);

    if (st)
        return st;
    wanted[0] = mr_xasprintf("%llu", (unsigned long long)options->split_seed);
    stored[0] = mr_xasprintf("%llu", (unsigned long long)seed);
    wanted[1] = mr_xasprintf("%g", options->valid_fraction);
    stored[1] = mr_xasprintf("%g", fraction);
    st = compare(check, "seed", wanted[0], stored[0], err);
    if (!st)
        st = compare(check, "validation share", wanted[1], stored[1], err);
    for (int i = 0; i < 2; i++) {
        free(wanted[i]);
        free(stored[i]);
    }
    return st;
}

enum mr_status mr_settings_check(struct mr_store *store, const char *data_dir, int n_images,
                                 const struct mr_scan_options *options, char **group_re,
                                 struct mr_error *err)
{
    const struct check check = {.store = store, .data_dir = data_dir, .is_split = n_images > 0};
    char *stored = NULL;
    enum mr_status st = MR_OK;

    if (store) {
        st = check_numbers(&check, options, err);
        if (!st)
            st = mr_store_get_meta(store, "group_re", &stored, err);
    }
    if (!st)
        st = compare(&check, "group expression", options->group_re, stored, err);
    if (!st && !options->group_re && stored) {
        *group_re = stored;
        return MR_OK;
    }
    free(stored);
    if (!st)
        *group_re = mr_xstrdup(options->group_re ? options->group_re : "");
    return st;
}

enum mr_status mr_settings_save(struct mr_store *store, const char *data_dir, const char *group_re,
                                const struct mr_scan_options *options, struct mr_error *err)
{
    char *full = realpath(data_dir, NULL);
    char *seed = mr_xasprintf("%llu", (unsigned long long)options->split_seed);
    char *fraction = mr_xasprintf("%.17g", options->valid_fraction);
    const char *const settings[][2] = {
        {"data_dir", full ? full : data_dir},
        {"group_re", group_re},
        {"split_seed", seed},
        {"valid_fraction", fraction},
    };
    enum mr_status st = MR_OK;

    for (size_t i = 0; i < sizeof settings / sizeof *settings && !st; i++)
        st = mr_store_set_meta(store, settings[i][0], settings[i][1], err);
    free(fraction);
    free(seed);
    free(full);
    return st;
}
