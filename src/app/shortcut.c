/* SPDX-License-Identifier: MIT */
/* Scores twice, looks for position boxes where that was not done yet, and says side by side what
 * the cover changes. */
#include "shortcut.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/ids.h>
#include <misread/data/quality.h>
#include <misread/image/mask.h>
#include <misread/interp/confusion.h>
#include <misread/interp/ranking.h>
#include <misread/interp/shortcut.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/kept.h>
#include <misread/train/score.h>

#include "args.h"
#include "commands.h"
#include "figures.h"
#include "json.h"
#include "place.h"
#include "score.h"
#include "session.h"
#include "watch.h"
#include "why.h"

struct twice {
    struct mr_watch watch;
    const struct mr_place *place; /* borrowed */
    const struct mr_args *args;   /* borrowed */
    const char *mask;
    struct mr_store *store;
    struct mr_predictions *plain, *covered;
    struct mr_image_table *images;
    struct mr_quality *rows;
    int n_rows;
    struct mr_shortcut found;
    int n_hot;         /* images with a box and with heat */
    double heat, area; /* means of theirs: shares of heat and area in the box */
};

static void finish(struct twice *t)
{
    mr_shortcut_finish(&t->found);
    free(t->rows);
    mr_images_destroy(t->images);
    mr_predictions_destroy(t->plain);
    mr_predictions_destroy(t->covered);
    mr_store_close(t->store);
}

static bool is_of_box(const struct twice *t)
{
    return !strcmp(t->mask, "auto");
}

/* ---- reading ---- */

static enum mr_status score(struct twice *t, int run, const char *mask,
                            struct mr_predictions **predictions, struct mr_error *err)
{
    const struct mr_score what = {.store = t->store,
                                  .data_dir = t->place->data_dir,
                                  .sandbox = t->watch.session->sandbox,
                                  .run = run,
                                  .side = MR_SIDE_VALID,
                                  .tta = mr_score_tta(t->args),
                                  .mask = mask,
                                  .progress = mr_watch_goes_on,
                                  .ctx = &t->watch};

    return mr_score_run(&what, predictions, err);
}

/* Which of them have a position box? Only these are measured: the others may be many. */
static enum mr_status measure(struct twice *t, struct mr_error *err)
{
    const struct mr_quality_options options = {
        .data_dir = t->place->data_dir, .progress = mr_watch_goes_on, .ctx = &t->watch};
    struct mr_image_table *wanted = NULL;
    enum mr_status st = mr_images_load(t->store, &wanted, err);

    for (int i = 0; !st && i < wanted->n; i++)
        if (mr_ids_find(t->plain->ids, t->plain->n, wanted->rows[i].id) < 0)
            wanted->rows[i].state = MR_IMAGE_MISSING;
    if (!st)
        st = mr_quality_measure(t->store, wanted, t->watch.session->sandbox, &options, err);
    if (!st)
        st = mr_qualities_load(t->store, &t->rows, &t->n_rows, err);
    mr_images_destroy(wanted);
    return st;
}

static bool has_box(const struct twice *t, int64_t image)
{
    const struct mr_quality *row = mr_qualities_find(t->rows, t->n_rows, image);

    return row && row->overlay_w > 0;
}

static enum mr_status add_heat(struct twice *t, struct mr_why *why, int i, struct mr_error *err)
{
    struct mr_why_heat heat = {0};
    enum mr_status st =
        mr_why_map(why, t->plain->ids[i], mr_ranked_of(t->plain, i).predicted, &heat, err);

    if (!st && heat.most > 0 && heat.box.w > 0) {
        t->n_hot++;
        t->heat += heat.box_share;
        t->area += heat.box.w * heat.box.h;
    }
    mr_why_heat_finish(&heat);
    return st;
}

/* Where a box was found, does the network look at it for what it says? A run that covers something
 * itself is not asked: it would look at pictures without what was covered. */
static enum mr_status look_at_heat(struct twice *t, struct mr_error *err)
{
    struct mr_why *why = mr_why_create(t->watch.session, t->place);
    enum mr_status st = mr_why_turn_to(why, t->plain->run, err);

    for (int i = 0; i < t->plain->n && !st && mr_why_facts(why)->mask.kind == MR_MASK_NONE; i++)
        if (has_box(t, t->plain->ids[i]))
            st = mr_watch_goes_on(&t->watch, i, t->plain->n)
                     ? add_heat(t, why, i, err)
                     : mr_fail(err, MR_E_CANCELLED, "stopped while looking for what speaks");
    mr_why_destroy(why);
    if (t->n_hot) {
        t->heat /= t->n_hot;
        t->area /= t->n_hot;
    }
    return st;
}

static enum mr_status read_twice(struct twice *t, struct mr_error *err)
{
    enum mr_status st = mr_store_open(&t->store, t->place->project_dir, MR_STORE_EXISTING, err);

    if (!st)
        st = score(t, t->args->run, "", &t->plain, err);
    if (!st) /* by its number: another run may have ended meanwhile */
        st = score(t, t->plain->run, t->mask, &t->covered, err);
    if (!st)
        st = measure(t, err);
    if (!st)
        st = mr_images_load(t->store, &t->images, err);
    if (!st && is_of_box(t))
        st = look_at_heat(t, err);
    if (!st)
        t->found = mr_shortcut_of(t->plain, t->covered, t->rows, t->n_rows);
    return st;
}

/* ---- JSON ---- */

static cJSON *group_json(const struct mr_shortcut_group *group)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "n", group->n);
    mr_figures_add_share(object, "accuracy", "ci", group->n_right, group->n);
    mr_figures_add_share(object, "accuracy_covered", "ci_covered", group->n_right_covered,
                         group->n);
    cJSON_AddNumberToObject(object, "n_changed", group->n_changed);
    cJSON_AddNumberToObject(object, "n_worse", group->mcnemar.n_broken);
    cJSON_AddNumberToObject(object, "n_better", group->mcnemar.n_fixed);
    mr_json_add_number(object, "p", group->mcnemar.p);
    return object;
}

static const struct {
    const char *json, *text;
} group_names[] = {
#define X(name, json, text) {json, text},
    MR_SHORTCUT_GROUP_LIST(X)
#undef X
};

static void print_json(const struct twice *t)
{
    cJSON *object = cJSON_CreateObject(), *classes;

    cJSON_AddNumberToObject(object, "run", t->plain->run);
    cJSON_AddStringToObject(object, "side", "valid");
    cJSON_AddStringToObject(object, "tta", t->args->tta ? t->args->tta : "none");
    mr_json_add_text(object, "mask", t->mask);
    for (int i = 0; i < MR_SHORTCUT_N_GROUPS; i++)
        cJSON_AddItemToObject(object, group_names[i].json, group_json(&t->found.groups[i]));
    classes = cJSON_AddArrayToObject(object, "per_class");
    for (int c = 0; c < t->found.n_classes; c++) {
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "name", mr_figures_class(t->images, c));
        cJSON_AddNumberToObject(entry, "n", t->found.n_of[c]);
        cJSON_AddNumberToObject(entry, "n_with_box", t->found.n_with[c]);
        cJSON_AddItemToArray(classes, entry);
    }
    if (t->n_hot) {
        cJSON *heat = cJSON_AddObjectToObject(object, "heat");

        cJSON_AddNumberToObject(heat, "n", t->n_hot);
        cJSON_AddNumberToObject(heat, "share_of_heat", t->heat);
        cJSON_AddNumberToObject(heat, "share_of_area", t->area);
    }
    cJSON_AddStringToObject(object, "verdict", mr_shortcut_verdict_json(t->found.verdict));
    mr_json_print(object);
}

/* ---- text ---- */

static void print_accuracy(int k, int n)
{
    double lo, hi;

    mr_wilson(k, n, &lo, &hi);
    if (n)
        printf("  %.3f [%.3f %.3f]", (double)k / n, lo, hi);
    else
        printf("  %-19s", "-");
}

static void print_groups(const struct twice *t)
{
    printf("%-14s %6s  %-19s  %-19s  %7s  %5s  %6s  %s\n", "", "images", "as they are", "covered",
           "changed", "worse", "better", "McNemar's p");
    for (int i = 0; i < MR_SHORTCUT_N_GROUPS; i++) {
        const struct mr_shortcut_group *group = &t->found.groups[i];

        printf("%-14s %6d", group_names[i].text, group->n);
        print_accuracy(group->n_right, group->n);
        print_accuracy(group->n_right_covered, group->n);
        printf("  %7d  %5d  %6d  %.4g\n", group->n_changed, group->mcnemar.n_broken,
               group->mcnemar.n_fixed, group->mcnemar.p);
    }
}

static void print_classes(const struct twice *t)
{
    printf("\nwith the box, by label\n");
    for (int c = 0; c < t->found.n_classes; c++) {
        printf("%5d of %5d  ", t->found.n_with[c], t->found.n_of[c]);
        mr_figures_print_last(mr_figures_class(t->images, c));
    }
}

/* For who reads nothing else. */
static void print_sentence(const struct twice *t)
{
    static const char *const conclusions[] = {
        [MR_SHORTCUT_NOTHING] = "no answer changes at all,\nso there is no sign that the network "
                                "uses it",
        [MR_SHORTCUT_NO_SIGN] = "no more than chance may\ndo, so there is no sign that the network "
                                "leans on it; a small effect would not show here",
        [MR_SHORTCUT_LEANS] =
            "more than chance explains,\nso the network leans on what was covered",
        [MR_SHORTCUT_MISLED] = "more than chance explains,\nso what was covered misleads the "
                               "network"};
    const struct mr_shortcut_group *all = &t->found.groups[MR_SHORTCUT_ALL];

    if (is_of_box(t) && !t->found.groups[MR_SHORTCUT_WITH].n)
        printf("\nNone of these images has a position box: there was nothing to cover.\n");
    else
        printf("\nCovering %s makes %d of %d answers wrong that were right and %d right that were "
               "wrong: %s.\n",
               is_of_box(t) ? "the position box" : "that part", all->mcnemar.n_broken, all->n,
               all->mcnemar.n_fixed, conclusions[t->found.verdict]);
}

static void print_text(const struct twice *t)
{
    printf("run %d on %d validation images, as they are and covered: %s\n\n", t->plain->run,
           t->plain->n, is_of_box(t) ? "the position box where there is one" : t->mask);
    print_groups(t);
    print_classes(t);
    if (t->n_hot)
        printf("\nOf the heat for what is said, %.1f %% lies in the box, which is %.1f %% of the "
               "area (means of %d images).\n",
               100 * t->heat, 100 * t->area, t->n_hot);
    print_sentence(t);
    printf("\nFor research and education, not for diagnosis.\n");
}

/* ---- the command ---- */

static enum mr_status check(const struct twice *t, struct mr_error *err)
{
    struct mr_mask mask;

    if (t->args->side && strcmp(t->args->side, "valid") != 0)
        return mr_fail(
            err, MR_E_USAGE,
            "--shortcut reads the validation images: test images it would look at twice");
    if (!mr_mask_read(&mask, t->mask) || mask.kind == MR_MASK_NONE || mr_mask_hides_all(&mask))
        return mr_fail(err, MR_E_USAGE,
                       "cannot cover '%s': --mask with --shortcut is auto or X,Y,W,H in shares of "
                       "width and height, and leaves something to see",
                       t->mask);
    return MR_OK;
}

int mr_shortcut_print(struct mr_session *session, const struct mr_place *place,
                      const struct mr_args *args)
{
    struct twice t = {.watch = mr_watch_begin(session, ""),
                      .place = place,
                      .args = args,
                      .mask = args->mask ? args->mask : "auto"};
    struct mr_error err = {0};
    enum mr_status st = check(&t, &err);

    if (!st)
        st = read_twice(&t, &err);
    if (!st)
        (args->json ? print_json : print_text)(&t);
    finish(&t);
    return st ? mr_watch_failed(&t.watch, &err) : EXIT_SUCCESS;
}
