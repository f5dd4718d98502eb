/* SPDX-License-Identifier: MIT */
/* `score`: a run's best weights on the test images, on request only, and counted; or on the
 * validation images. */
#include "score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <misread/interp/confusion.h>
#include <misread/store/images.h>
#include <misread/store/looks.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>

#include "args.h"
#include "commands.h"
#include "figures.h"
#include "json.h"
#include "place.h"
#include "session.h"
#include "shortcut.h"
#include "start.h"
#include "watch.h"

struct scored {
    struct mr_watch watch;
    struct mr_predictions *predictions;
    struct mr_confusion *confusion;
    struct mr_image_table *images;
    struct mr_look *looks;
    int n_looks; /* this one is the last */
};

static void finish(struct scored *s)
{
    mr_predictions_destroy(s->predictions);
    mr_confusion_destroy(s->confusion);
    mr_images_destroy(s->images);
    free(s->looks);
}

static enum mr_side side_of(const struct mr_args *args)
{
    return args->side && !strcmp(args->side, "valid") ? MR_SIDE_VALID : MR_SIDE_TEST;
}

enum mr_tta_kind mr_score_tta(const struct mr_args *args)
{
    static const char *const texts[] = {[MR_TTA_V1] = "v1", [MR_TTA_V2] = "v2"};

    for (int kind = MR_TTA_V1; kind <= MR_TTA_V2 && args->tta; kind++)
        if (!strcmp(args->tta, texts[kind]))
            return (enum mr_tta_kind)kind;
    return MR_TTA_NONE;
}

static enum mr_status score(struct scored *s, struct mr_store *store, const struct mr_place *place,
                            const struct mr_args *args, struct mr_error *err)
{
    const struct mr_score what = {.store = store,
                                  .data_dir = place->data_dir,
                                  .sandbox = s->watch.session->sandbox,
                                  .run = args->run,
                                  .side = side_of(args),
                                  .tta = mr_score_tta(args),
                                  .mask = args->mask,
                                  .progress = mr_watch_goes_on,
                                  .ctx = &s->watch};
    enum mr_status st = mr_score_run(&what, &s->predictions, err);

    if (!st)
        st = mr_images_load(store, &s->images, err);
    if (!st)
        st = mr_looks_load(store, &s->looks, &s->n_looks, err);
    if (!st)
        s->confusion = mr_confusion_of(s->predictions, NULL);
    return st;
}

static void time_text(char out[32], int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, 32, "?");
}

static void print_json(const struct scored *s, const struct mr_args *args)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *classes, *looks;
    char at[32];

    cJSON_AddNumberToObject(object, "run", s->predictions->run);
    cJSON_AddStringToObject(object, "side",
                            s->predictions->side == MR_SIDE_VALID ? "valid" : "test");
    cJSON_AddStringToObject(object, "tta", args->tta ? args->tta : "none");
    if (args->mask)
        mr_json_add_text(object, "mask", args->mask);
    classes = cJSON_AddArrayToObject(object, "classes");
    for (int c = 0; c < s->confusion->n_classes; c++)
        mr_json_append_text(classes, mr_figures_class(s->images, c));
    mr_figures_add_json(object, s->confusion, s->images);
    cJSON_AddNumberToObject(object, "n_looks", s->n_looks);
    looks = cJSON_AddArrayToObject(object, "looks");
    for (int i = 0; i < s->n_looks; i++) {
        cJSON *look = cJSON_CreateObject();

        time_text(at, s->looks[i].at);
        cJSON_AddStringToObject(look, "at", at);
        cJSON_AddNumberToObject(look, "run", s->looks[i].run);
        cJSON_AddNumberToObject(look, "n", s->looks[i].n);
        cJSON_AddNumberToObject(look, "n_correct", s->looks[i].n_correct);
        cJSON_AddItemToArray(looks, look);
    }
    mr_json_print(object);
}

static void print_looks(const struct scored *s)
{
    char first[32];

    time_text(first, s->looks[0].at);
    printf("\nthe test images were looked at %d %s", s->n_looks,
           s->n_looks == 1 ? "time" : "times");
    if (s->n_looks > 1)
        printf(", first %s: what is decided by them, they no longer measure", first);
    putchar('\n');
}

static void print_text(const struct scored *s, const struct mr_args *args)
{
    bool is_valid = s->predictions->side == MR_SIDE_VALID;

    printf("run %d on %d %s images", s->predictions->run, s->predictions->n,
           is_valid ? "validation" : "test");
    if (mr_score_tta(args) != MR_TTA_NONE)
        printf(", test-time augmentation %s", args->tta);
    if (args->mask)
        printf(", masked: %s", *args->mask ? args->mask : "nothing");
    printf("\n\n");
    mr_figures_print_summary(s->confusion);
    printf("\nconfusion (rows are actual, columns predicted, in the same order)\n");
    mr_figures_print_matrix(s->confusion, s->images);
    putchar('\n');
    mr_figures_print_classes(s->confusion, s->images);
    if (!is_valid)
        print_looks(s);
    printf("\nFor research and education, not for diagnosis.\n");
}

static int print(struct mr_session *session, const struct mr_place *place,
                 const struct mr_args *args)
{
    struct mr_store *store = NULL;
    struct scored s = {.watch = mr_watch_begin(session, "")};
    struct mr_error err = {0};
    enum mr_status st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, &err);

    if (!st)
        st = score(&s, store, place, args, &err);
    if (!st && args->json)
        print_json(&s, args);
    else if (!st)
        print_text(&s, args);
    finish(&s);
    mr_store_close(store);
    return st ? mr_watch_failed(&s.watch, &err) : EXIT_SUCCESS;
}

int mr_score_main(struct mr_args *args)
{
    return mr_start_in_place(args, args->shortcut ? mr_shortcut_print : print);
}
