/* SPDX-License-Identifier: MIT */
/* `curve`: would more images help? Heads on more and more of the training images. */
#include "curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/interp/learning.h>
#include <misread/store/learnings.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/learning.h>
#include <misread/train/trainer.h>

#include "args.h"
#include "commands.h"
#include "json.h"
#include "place.h"
#include "session.h"
#include "start.h"
#include "watch.h"

#define SHARES  "10,20,40,60,80,100"
#define N_SEEDS 3

/* ---- what is asked ---- */

static enum mr_status read_shares(const char *text, double shares[MR_MAX_SIZES], int *n,
                                  struct mr_error *err)
{
    const char *at = text;
    bool is_good = true;

    for (*n = 0; is_good && *n < MR_MAX_SIZES; at++) {
        char *end;
        double per_cent = strtod(at, &end);

        is_good =
            end > at && per_cent > 0 && per_cent <= 100 && (!*n || per_cent / 100 > shares[*n - 1]);
        shares[(*n)++] = per_cent / 100;
        at = end;
        if (*at != ',' || *n == MR_MAX_SIZES)
            break;
    }
    if (!is_good || *at || shares[0] > shares[*n - 1] / 2)
        return mr_fail(
            err, MR_E_USAGE,
            "cannot use '%s' for --shares: it takes up to %d ascending numbers from 0 to "
            "100, the first at most half of the last",
            text, MR_MAX_SIZES);
    return MR_OK;
}

/* Did the run leave the body as its weights file has it? */
static bool has_fixed_body(const struct mr_train_options *o)
{
    return o->weights[0] && o->freeze == MR_FREEZE_FIXED && !o->n_whole;
}

/* What the run was trained with, for heads on its body: the file that it came from, or else the one
 * that the run kept. */
static enum mr_status options_of(struct mr_train_options *o, struct mr_store *store,
                                 const struct mr_run *run, struct mr_error *err)
{
    enum mr_status st = mr_train_options_from_json(o, run->options, err);

    if (!st && !has_fixed_body(o))
        st = mr_start_take_body(o, store, run->id, err);
    o->from_run = 0; /* its weights stand in the options by now */
    mr_start_take_heads(o);
    return st;
}

/* ---- as text and JSON ---- */

static void print_text(const struct mr_learning *l)
{
    struct mr_learning_point *points = mr_xalloc((size_t)l->n_sizes, sizeof *points);
    char sentence[400];

    mr_learning_points(l, points);
    mr_learning_sentence(l, sentence, sizeof sentence);
    printf("heads on the body of run %d, %d of each size, on %d validation images\n", l->run,
           l->n_seeds, l->n_valid);
    puts(l->in_sample ? "in-sample: the body had learned from all of these images"
                      : "out of sample: the body had learned from none of these images");
    printf("\n%7s %9s  %-14s %s\n", "images", "accuracy", "least - most", "95 % interval");
    for (int i = 0; i < l->n_sizes; i++)
        printf("%7d %9.4f  %.4f-%.4f  %.3f to %.3f\n", points[i].n_train, points[i].accuracy,
               points[i].least, points[i].most, points[i].lo, points[i].hi);
    printf("\n%s.\n\nFor research and education, not for diagnosis.\n", sentence);
    free(points);
}

static cJSON *point_json(const struct mr_learning_point *p)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "images", p->n_train);
    cJSON_AddNumberToObject(object, "accuracy", p->accuracy);
    cJSON_AddNumberToObject(object, "least", p->least);
    cJSON_AddNumberToObject(object, "most", p->most);
    cJSON_AddItemToObject(object, "ci", cJSON_CreateDoubleArray((double[]){p->lo, p->hi}, 2));
    return object;
}

cJSON *mr_curve_json(const struct mr_learning *learning)
{
    const struct mr_learning *l = learning;
    struct mr_learning_point *points = mr_xalloc((size_t)l->n_sizes, sizeof *points);
    cJSON *object = cJSON_CreateObject(), *list;
    struct mr_learning_gain gain;
    char sentence[400];

    mr_learning_points(l, points);
    mr_learning_sentence(l, sentence, sizeof sentence);
    cJSON_AddNumberToObject(object, "run", l->run);
    cJSON_AddBoolToObject(object, "in_sample", l->in_sample);
    cJSON_AddNumberToObject(object, "seeds", l->n_seeds);
    cJSON_AddNumberToObject(object, "n_valid", l->n_valid);
    list = cJSON_AddArrayToObject(object, "points");
    for (int i = 0; i < l->n_sizes; i++)
        cJSON_AddItemToArray(list, point_json(&points[i]));
    if (mr_learning_last_gain(l, &gain)) {
        cJSON_AddNumberToObject(object, "gain", gain.gain);
        cJSON_AddItemToObject(object, "gain_ci",
                              cJSON_CreateDoubleArray((double[]){gain.lo, gain.hi}, 2));
        cJSON_AddStringToObject(object, "verdict", mr_learning_verdict_text(gain.verdict));
    }
    cJSON_AddStringToObject(object, "sentence", sentence);
    free(points);
    return object;
}

/* ---- the command ---- */

static enum mr_status draw(struct mr_learning *learning, struct mr_store *store,
                           const struct mr_trainer_place *where, const struct mr_args *args,
                           struct mr_watch *watch, struct mr_error *err)
{
    struct mr_train_options options = mr_train_defaults();
    double shares[MR_MAX_SIZES];
    struct mr_learning_plan plan = {.place = where,
                                    .options = &options,
                                    .shares = shares,
                                    .n_seeds = args->n_seeds,
                                    .progress = mr_watch_show,
                                    .ctx = watch};
    struct mr_run run = {0};
    enum mr_status st = read_shares(args->shares, shares, &plan.n_shares, err);

    if (!st)
        st = mr_run_load(store, args->run, &run, err);
    if (!st)
        st = options_of(&options, store, &run, err);
    if (!st)
        st = mr_learning_run(&plan, learning, err);
    mr_watch_end(watch);
    if (!st) {
        learning->run = run.id;
        st = mr_learning_add(store, learning, err);
    }
    mr_run_finish(&run);
    return st;
}

static int ask(struct mr_session *session, const struct mr_place *place, const struct mr_args *args)
{
    struct mr_trainer_place where = mr_start_place(session, place);
    struct mr_watch watch = mr_watch_begin(session, "head");
    struct mr_learning learning = {0};
    struct mr_store *store = NULL;
    struct mr_error err = {0};
    enum mr_status st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, &err);

    if (!st)
        st = draw(&learning, store, &where, args, &watch, &err);
    if (learning.right && args->json) /* also one that could not be saved */
        mr_json_print(mr_curve_json(&learning));
    else if (learning.right)
        print_text(&learning);
    mr_learning_finish(&learning);
    mr_store_close(store);
    return st ? mr_watch_failed(&watch, &err) : EXIT_SUCCESS;
}

void mr_curve_fill_in(struct mr_args *args)
{
    if (!args->shares)
        args->shares = SHARES;
    if (!args->n_seeds)
        args->n_seeds = N_SEEDS;
}

int mr_curve_main(struct mr_args *args)
{
    mr_curve_fill_in(args);
    return mr_start_in_place(args, ask);
}
