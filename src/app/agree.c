/* SPDX-License-Identifier: MIT */
/* Options that do not go together: a table of what each one needs. */
#include "agree.h"

#include <misread/data/scan.h>

#include "args.h"
#include "place.h"

static bool has_second_part(const struct mr_train_options *o)
{
    return o->n_whole > 0;
}

static bool has_ordered_rates(const struct mr_train_options *o)
{
    return o->whole_lr.low <= o->whole_lr.high;
}

static bool has_body(const struct mr_train_options *o)
{
    return o->weights[0] || o->freeze == MR_FREEZE_NONE;
}

/* The features of every image are computed once. */
static bool has_fixed_body(const struct mr_train_options *o)
{
    return o->weights[0] && o->freeze == MR_FREEZE_FIXED && o->n_epochs > 0;
}

static bool sees_variants(const struct mr_train_options *o)
{
    return !has_fixed_body(o) || o->n_views > 0 || o->n_whole > 0;
}

static bool sees_kind_of_variants(const struct mr_train_options *o)
{
    return o->augment == MR_AUGMENT_NONE || sees_variants(o);
}

static bool has_adam(const struct mr_train_options *o)
{
    return o->optimizer == MR_OPTIMIZER_ADAMW;
}

static bool balances_once(const struct mr_train_options *o)
{
    return !o->class_weights || !o->sampling;
}

static bool draws_sides(const struct mr_train_options *o)
{
    return !o->split_file[0];
}

#define PLAIN \
    "under a fixed body every image is seen plain; --views K or a second part shows others"

static const struct {
    const char *flag;
    bool (*is_fine)(const struct mr_train_options *options);
    const char *why;
} needs[] = {
    {"whole-lr", has_second_part, "there is no second part of the epochs, as in --epochs 4+4"},
    {"whole-lr", has_ordered_rates, "the first layers' rate is above the head's"},
    {"freeze", has_body, "without weights no body is there to stand still"},
    {"views", has_fixed_body, "only under a fixed body, with weights, are features computed"},
    {"augment", sees_kind_of_variants, PLAIN},
    {"max-rotate", sees_variants, PLAIN},
    {"max-zoom", sees_variants, PLAIN},
    {"max-lighting", sees_variants, PLAIN},
    {"max-warp", sees_variants, PLAIN},
    {"p-affine", sees_variants, PLAIN},
    {"p-lighting", sees_variants, PLAIN},
    {"adam", has_adam, "the optimizer is sgd"},
    {"sampling", balances_once, "--class-weights balanced would count rare classes twice"},
    {"class-weights", balances_once, "--sampling balanced would count rare classes twice"},
    {"valid", draws_sides, "the file of --split says which images validate"},
    {"test-pct", draws_sides, "the file of --split says which images test"},
};

/* Folders that are sides leave nothing to draw. */
static enum mr_status check_shares(const struct mr_args *args, const struct mr_place *place,
                                   struct mr_error *err)
{
    static const char *const flags[] = {"valid", "test-pct"};

    for (int i = 0; i < 2; i++)
        if (mr_args_gave(args, flags[i]) && mr_scan_has_sides(place->data_dir))
            return mr_fail(err, MR_E_USAGE,
                           "cannot use --%s: the folders in '%s' say which images train, validate "
                           "and test",
                           flags[i], place->data_dir);
    return MR_OK;
}

enum mr_status mr_agree_check(const struct mr_args *args, const struct mr_train_options *options,
                              const struct mr_place *place, struct mr_error *err)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (mr_args_gave(args, needs[i].flag) && !needs[i].is_fine(options))
            return mr_fail(err, MR_E_USAGE, "cannot use --%s: %s", needs[i].flag, needs[i].why);
    return check_shares(args, place, err);
}

enum mr_status mr_agree_resume(const struct mr_args *args, struct mr_error *err)
{
    int n;
    const struct mr_train_option *table = mr_train_option_table(&n);

    if (args->recipe)
        return mr_fail(err, MR_E_USAGE, "--resume and --recipe both say which run it is to be");
    for (int i = 0; i < n; i++)
        if (mr_args_gave(args, table[i].flag))
            return mr_fail(err, MR_E_USAGE,
                           "cannot use --%s: --resume goes on with run %d's own options; "
                           "--from-run %d begins another run from it",
                           table[i].flag, args->resume, args->resume);
    return MR_OK;
}
