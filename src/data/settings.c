/* SPDX-License-Identifier: MIT */
/* Seed, shares, group expression and file of the split: another value would tear what is split
 * already. */
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

/* A setting that a project may lack; what is split without it was split with `none`. Owned. */
static enum mr_status load_text(const struct check *check, const char *key, const char *none,
                                char **text, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    *text = NULL;
    if (check->store)
        st = mr_store_get_meta(check->store, key, text, err);
    if (!st && !*text && check->is_split)
        *text = mr_xstrdup(none);
    return st;
}

/* Below 0, or not a number: nothing is asked for. */
static enum mr_status settle_test(const struct check *check, double wanted, double *settled,
                                  struct mr_error *err)
{
    bool is_asked = wanted >= 0;
    char *text = NULL, *wanted_text = NULL, *stored = NULL;
    enum mr_status st = load_text(check, "test_fraction", "0", &text, err);

    if (!st && text && is_asked) {
        wanted_text = mr_xasprintf("%g", wanted);
        stored = mr_xasprintf("%g", strtod(text, NULL));
        st = compare(check, "test share", wanted_text, stored, err);
    }
    *settled = is_asked ? wanted : text ? strtod(text, NULL) : 0;
    free(stored);
    free(wanted_text);
    free(text);
    return st;
}

/* *settled is owned by the caller in any case. */
static enum mr_status settle_group(const struct check *check, const char *key, const char *what,
                                   const char *wanted, char **settled, struct mr_error *err)
{
    char *stored = NULL;
    enum mr_status st = load_text(check, key, "", &stored, err);

    if (!st)
        st = compare(check, what, wanted, stored, err);
    *settled = mr_xstrdup(wanted ? wanted : stored ? stored : "");
    free(stored);
    return st;
}

/* Likewise. A project without a file must stay so, and one with a file must have one. */
static enum mr_status settle_file(const struct check *check, const char *wanted, char **settled,
                                  struct mr_error *err)
{
    char *stored = NULL;
    enum mr_status st = load_text(check, "split_file", "", &stored, err);

    if (!st && wanted && stored && !*wanted != !*stored)
        st = compare(check, "split file", wanted, stored, err);
    *settled = mr_xstrdup(wanted ? wanted : stored ? stored : "");
    free(stored);
    return st;
}

/* FILE:COLUMN with the whole path of the file, where there is one; anything else as it is. Owned.
 */
static char *whole_path(const char *group_by)
{
    const char *colon = group_by ? strrchr(group_by, ':') : NULL;
    char *file = colon ? mr_xasprintf("%.*s", (int)(colon - group_by), group_by) : NULL;
    char *full = file ? realpath(file, NULL) : NULL;
    char *whole = full ? mr_xasprintf("%s%s", full, colon) : group_by ? mr_xstrdup(group_by) : NULL;

    free(full);
    free(file);
    return whole;
}

enum mr_status mr_settings_check(struct mr_store *store, const char *data_dir, int n_images,
                                 const struct mr_scan_options *options,
                                 struct mr_settings *settings, struct mr_error *err)
{
    const struct check check = {.store = store, .data_dir = data_dir, .is_split = n_images > 0};
    struct mr_settings s = {0};
    char *group_by = whole_path(options->group_by);
    enum mr_status st = store ? check_numbers(&check, options, err) : MR_OK;

    if (!st)
        st = settle_test(&check, options->test_fraction, &s.test_fraction, err);
    if (!st)
        st = settle_group(&check, "group_re", "group expression", options->group_re, &s.group_re,
                          err);
    if (!st)
        st = settle_group(&check, "group_by", "grouping", group_by, &s.group_by, err);
    if (!st && *s.group_re && *s.group_by)
        st = mr_fail(err, MR_E_USAGE,
                     "cannot split '%s' by the group expression '%s' and by '%s' at once", data_dir,
                     s.group_re, s.group_by);
    if (!st)
        st = settle_file(&check, options->split_file, &s.split_file, err);
    free(group_by);
    if (st)
        mr_settings_finish(&s);
    else
        *settings = s;
    return st;
}

void mr_settings_finish(struct mr_settings *settings)
{
    free(settings->group_re);
    free(settings->group_by);
    free(settings->split_file);
    *settings = (struct mr_settings){0};
}

enum mr_status mr_settings_save(struct mr_store *store, const char *data_dir,
                                const struct mr_settings *settings,
                                const struct mr_scan_options *options, struct mr_error *err)
{
    char *full = realpath(data_dir, NULL);
    char *file = *settings->split_file ? realpath(settings->split_file, NULL) : NULL;
    char *seed = mr_xasprintf("%llu", (unsigned long long)options->split_seed);
    char *valid = mr_xasprintf("%.17g", options->valid_fraction);
    char *test = mr_xasprintf("%.17g", settings->test_fraction);
    const char *const texts[][2] = {
        {"data_dir", full ? full : data_dir},
        {"group_re", settings->group_re},
        {"group_by", settings->group_by},
        {"split_file", file ? file : settings->split_file},
        {"split_seed", seed},
        {"valid_fraction", valid},
        {"test_fraction", test},
    };
    enum mr_status st = MR_OK;

    for (size_t i = 0; i < sizeof texts / sizeof *texts && !st; i++)
        st = mr_store_set_meta(store, texts[i][0], texts[i][1], err);
    free(test);
    free(valid);
    free(seed);
    free(file);
    free(full);
    return st;
}
