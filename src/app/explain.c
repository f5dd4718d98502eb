/* SPDX-License-Identifier: MIT */
/* `explain`: why a run says what it says of one image, as text, JSON and a heat map. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>
#include <misread/base/ids.h>
#include <misread/base/str.h>
#include <misread/image/encode.h>
#include <misread/image/image.h>
#include <misread/interp/history.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/runs.h>
#include <misread/store/store.h>
#include <misread/train/kept.h>

#include "args.h"
#include "commands.h"
#include "figures.h"
#include "json.h"
#include "place.h"
#include "session.h"
#include "start.h"
#include "watch.h"
#include "why.h"

#define JPEG_QUALITY 92

struct explained {
    struct mr_watch watch;
    struct mr_run run;
    struct mr_image_table *images;
    const struct mr_image_row *image; /* borrowed from images */
    struct mr_kept_facts kept;
    float *p; /* (n_classes) */
    int actual, predicted, class_id;
    struct mr_why_heat heat; /* of class_id */
    struct mr_history_point *history;
    int n_history;
    struct mr_why_near near[2]; /* of the predicted and, if it is another, of the actual class */
};

static void finish(struct explained *x)
{
    mr_run_finish(&x->run);
    mr_images_destroy(x->images);
    mr_why_heat_finish(&x->heat);
    free(x->p);
    free(x->history);
}

/* ---- what is asked for ---- */

/* Beside it in the data folder, for a path as the shell completes it. NULL: it is elsewhere. */
static const char *inside(const char *absolute, const char *data_dir)
{
    size_t n = strlen(data_dir);

    return !strncmp(absolute, data_dir, n) && absolute[n] == '/' ? absolute + n + 1 : NULL;
}

static const struct mr_image_row *find_path(const struct mr_image_table *table, const char *path)
{
    for (int i = 0; path && i < table->n; i++)
        if (!strcmp(table->rows[i].path, path))
            return &table->rows[i];
    return NULL;
}

static const struct mr_image_row *find_name(const struct mr_image_table *table, const char *name)
{
    const struct mr_image_row *found = NULL;

    for (int i = 0; i < table->n; i++)
        if (!strcmp(mr_path_base(table->rows[i].path), name)) {
            if (found)
                return NULL;
            found = &table->rows[i];
        }
    return found;
}

static enum mr_status find_image(struct explained *x, const struct mr_place *place,
                                 const char *name, struct mr_error *err)
{
    char absolute[PATH_MAX];

    x->image = find_path(x->images, name);
    if (!x->image && realpath(name, absolute))
        x->image = find_path(x->images, inside(absolute, place->data_dir));
    if (!x->image)
        x->image = find_name(x->images, name);
    if (x->image)
        return MR_OK;
    return mr_fail(err, MR_E_NOT_FOUND,
                   "cannot explain '%s': no image of '%s' has that path, nor one alone that name",
                   name, place->data_dir);
}

static enum mr_status find_class(struct explained *x, const char *name, struct mr_error *err)
{
    x->class_id = x->predicted;
    if (!name)
        return MR_OK;
    for (x->class_id = 0; x->class_id < x->kept.n_classes; x->class_id++)
        if (!strcmp(mr_figures_class(x->images, x->class_id), name))
            return MR_OK;
    return mr_fail(err, MR_E_USAGE, "run %d was not trained on a class '%s'", x->run.id, name);
}

/* ---- what is known of it ---- */

/* Validation images have a history of evaluations, others one of training steps, if any. */
static enum mr_status read_point(struct explained *x, struct mr_store *store, int epoch,
                                 struct mr_error *err)
{
    static const enum mr_side sides[] = {MR_SIDE_VALID, MR_SIDE_TRAIN};

    for (int s = 0; s < 2; s++) {
        struct mr_predictions *p = NULL;
        int row;
        enum mr_status st = mr_predictions_load(store, x->run.id, epoch, sides[s], &p, err);

        if (st == MR_E_NOT_FOUND)
            continue;
        if (st)
            return st;
        row = mr_ids_find(p->ids, p->n, x->image->id);
        if (row >= 0) {
            x->actual = p->labels[row];
            x->history[x->n_history++] = (struct mr_history_point){
                epoch, mr_argmax(p->logits + (size_t)row * (size_t)p->n_classes, p->n_classes),
                p->losses[row]};
        }
        mr_predictions_destroy(p);
    }
    return MR_OK;
}

static enum mr_status read_history(struct explained *x, struct mr_store *store,
                                   struct mr_error *err)
{
    struct mr_epoch *epochs = NULL;
    int n = 0;
    enum mr_status st = mr_epochs_load(store, x->run.id, &epochs, &n, err);

    x->actual = x->image->class_id;
    x->history = mr_xalloc(2 * (size_t)n + 1, sizeof *x->history);
    for (int i = 0; i < n && !st; i++)
        st = read_point(x, store, epochs[i].epoch, err);
    free(epochs);
    return st;
}

static enum mr_status ask(struct explained *x, struct mr_why *why, const struct mr_args *args,
                          struct mr_error *err)
{
    const float *logits;
    enum mr_status st = mr_why_turn_to(why, x->run.id, err);

    if (!st)
        st = mr_why_look(why, x->image->id, &logits, err);
    if (st)
        return st;
    x->kept = *mr_why_facts(why);
    x->p = mr_xalloc((size_t)x->kept.n_classes, sizeof *x->p);
    x->predicted = mr_softmax(logits, x->kept.n_classes, x->p);
    st = find_class(x, args->class_name, err);
    if (!st)
        st = mr_why_heat(why, x->image->id, x->class_id, &x->heat, err);
    if (!st)
        st = mr_why_near(why, x->image->id, x->predicted, mr_watch_goes_on, &x->watch, &x->near[0],
                         err);
    if (!st && x->actual != x->predicted)
        st = mr_why_near(why, x->image->id, x->actual, mr_watch_goes_on, &x->watch, &x->near[1],
                         err);
    return st;
}

static enum mr_status explain(struct explained *x, struct mr_store *store,
                              const struct mr_place *place, const struct mr_args *args,
                              struct mr_error *err)
{
    struct mr_why *why = mr_why_create(x->watch.session, place);
    enum mr_status st = mr_run_load(store, args->run, &x->run, err);

    if (!st)
        st = mr_images_load(store, &x->images, err);
    if (!st)
        st = find_image(x, place, args->rest[1], err);
    if (!st)
        st = read_history(x, store, err);
    if (!st)
        st = ask(x, why, args, err);
    mr_why_destroy(why);
    return st;
}

/* ---- the picture ---- */

static enum mr_status write_jpeg(const struct mr_image *picture, const char *path,
                                 struct mr_error *err)
{
    unsigned char *jpeg = NULL;
    struct mr_file_part part = {0};
    enum mr_status st = mr_image_encode_jpeg(picture, JPEG_QUALITY, &jpeg, &part.n, err);

    part.data = jpeg;
    if (!st)
        st = mr_file_write(path, 0644, &part, 1, err);
    free(jpeg);
    return st;
}

static enum mr_status write_ppm(const struct mr_image *picture, const char *path,
                                struct mr_error *err)
{
    char header[64];
    int n = snprintf(header, sizeof header, "P6\n%d %d\n255\n", picture->w, picture->h);
    const struct mr_file_part parts[] = {
        {header, (size_t)n}, {picture->rgb, 3 * (size_t)picture->w * (size_t)picture->h}};

    return mr_file_write(path, 0644, parts, 2, err);
}

static const struct {
    const char *end;
    enum mr_status (*write)(const struct mr_image *, const char *, struct mr_error *);
} formats[] = {{".jpg", write_jpeg}, {".jpeg", write_jpeg}, {".ppm", write_ppm}};

/* -1: none. */
static int format_of(const char *path)
{
    for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++) {
        size_t n = strlen(path), n_end = strlen(formats[i].end);

        if (n > n_end && !strcasecmp(path + n - n_end, formats[i].end))
            return i;
    }
    return -1;
}

/* Before anything is computed. */
static enum mr_status check_out(const char *path, struct mr_error *err)
{
    if (!path || format_of(path) >= 0)
        return MR_OK;
    return mr_fail(err, MR_E_USAGE, "cannot write '%s': a picture's name ends in .jpg or .ppm",
                   path);
}

/* ---- JSON ---- */

static const char *class_name(const struct explained *x, int class_id)
{
    return mr_figures_class(x->images, class_id);
}

static cJSON *box_json(const struct mr_why_heat *heat)
{
    const struct mr_rect_share *box = &heat->box;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddNumberToObject(object, "x", box->x);
    cJSON_AddNumberToObject(object, "y", box->y);
    cJSON_AddNumberToObject(object, "w", box->w);
    cJSON_AddNumberToObject(object, "h", box->h);
    cJSON_AddNumberToObject(object, "share_of_area", box->w * box->h);
    mr_json_add_number(object, "share_of_heat", heat->box_share);
    return object;
}

static cJSON *heat_json(const struct explained *x)
{
    cJSON *object = cJSON_CreateObject(), *cells;

    mr_json_add_text(object, "class", class_name(x, x->class_id));
    cJSON_AddNumberToObject(object, "h", x->heat.h);
    cJSON_AddNumberToObject(object, "w", x->heat.w);
    mr_json_add_number(object, "most", (double)x->heat.most);
    if (x->heat.box.w > 0)
        cJSON_AddItemToObject(object, "box", box_json(&x->heat));
    cells = cJSON_AddArrayToObject(object, "cells");
    for (int i = 0; i < x->heat.h * x->heat.w; i++)
        cJSON_AddItemToArray(cells, cJSON_CreateNumber((double)x->heat.cells[i]));
    return object;
}

static cJSON *history_json(const struct explained *x)
{
    cJSON *list = cJSON_CreateArray();

    for (int i = 0; i < x->n_history; i++) {
        cJSON *entry = cJSON_CreateObject();

        cJSON_AddNumberToObject(entry, "epoch", x->history[i].epoch);
        mr_json_add_text(entry, "predicted", class_name(x, x->history[i].predicted));
        mr_json_add_number(entry, "loss", (double)x->history[i].loss);
        cJSON_AddItemToArray(list, entry);
    }
    return list;
}

static const char *path_of(const struct explained *x, int64_t image)
{
    const struct mr_image_row *row = mr_images_find(x->images, image);

    return row ? row->path : "?";
}

static cJSON *near_json(const struct explained *x)
{
    const int classes[] = {x->predicted, x->actual};
    cJSON *list = cJSON_CreateArray();

    for (int k = 0; k < 2; k++)
        for (int i = 0; i < x->near[k].n; i++) {
            cJSON *entry = cJSON_CreateObject();

            mr_json_add_text(entry, "path", path_of(x, x->near[k].found[i].image));
            mr_json_add_text(entry, "class", class_name(x, classes[k]));
            mr_json_add_number(entry, "cosine", (double)x->near[k].found[i].cosine);
            cJSON_AddItemToArray(list, entry);
        }
    return list;
}

static void print_json(const struct explained *x)
{
    cJSON *object = cJSON_CreateObject(), *p;

    cJSON_AddNumberToObject(object, "run", x->run.id);
    cJSON_AddStringToObject(object, "weights", x->kept.is_best ? "best" : "last");
    cJSON_AddNumberToObject(object, "epoch", x->kept.epoch);
    mr_json_add_text(object, "path", x->image->path);
    mr_json_add_text(object, "actual", class_name(x, x->actual));
    mr_json_add_text(object, "predicted", class_name(x, x->predicted));
    p = cJSON_AddArrayToObject(object, "probabilities");
    for (int c = 0; c < x->kept.n_classes; c++) {
        cJSON *entry = cJSON_CreateObject();

        mr_json_add_text(entry, "class", class_name(x, c));
        mr_json_add_number(entry, "p", (double)x->p[c]);
        cJSON_AddItemToArray(p, entry);
    }
    cJSON_AddItemToObject(object, "heat", heat_json(x));
    cJSON_AddItemToObject(object, "history", history_json(x));
    cJSON_AddNumberToObject(object, "n_forgotten",
                            mr_history_n_forgotten(x->history, x->n_history, x->actual));
    cJSON_AddItemToObject(object, "neighbours", near_json(x));
    mr_json_print(object);
}

/* ---- text ---- */

static void print_classes(const struct explained *x)
{
    for (int c = 0; c < x->kept.n_classes; c++) {
        mr_figures_print_name(class_name(x, c), 24);
        printf("  %.4f%s%s\n", (double)x->p[c], c == x->predicted ? "  predicted" : "",
               c == x->actual ? "  actual" : "");
    }
}

static void print_history(const struct explained *x)
{
    int n = mr_history_n_forgotten(x->history, x->n_history, x->actual);

    printf("\nepoch  loss    predicted\n");
    for (int i = 0; i < x->n_history; i++) {
        printf("%5d  %6.3f  ", x->history[i].epoch, (double)x->history[i].loss);
        mr_figures_print_name(class_name(x, x->history[i].predicted), 24);
        putchar('\n');
    }
    if (n)
        printf("right, then wrong %d %s\n", n, n == 1 ? "time" : "times");
}

static void print_near(const struct explained *x)
{
    const int classes[] = {x->predicted, x->actual};
    char path[256];

    printf("\nmost like it in training\ncosine  class                     path\n");
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < x->near[k].n; i++) {
            printf("%6.3f  ", (double)x->near[k].found[i].cosine);
            mr_figures_print_name(class_name(x, classes[k]), 24);
            mr_safe_text(path, sizeof path, path_of(x, x->near[k].found[i].image), 60,
                         MR_ELIDE_MIDDLE);
            printf("  %s\n", path);
        }
}

static void print_text(const struct explained *x, const char *out)
{
    char path[1024];

    mr_safe_text(path, sizeof path, x->image->path, 0, MR_ELIDE_END);
    printf("run %d, %s weights (epoch %d): %s\n\n", x->run.id, x->kept.is_best ? "best" : "last",
           x->kept.epoch, path);
    print_classes(x);
    print_history(x);
    print_near(x);
    if (x->heat.h == 1 && x->heat.w == 1)
        printf("\nthe heat map has 1x1 cells: too coarse to say where in the image\n");
    if (!(x->heat.most > 0))
        printf("\nnothing in the image speaks for that class\n");
    else if (x->heat.box.w > 0)
        printf("\n%.1f %% of the heat for that class lies in the position box or what the run "
               "covers, %.1f %% of the area\n",
               100 * x->heat.box_share, 100 * x->heat.box.w * x->heat.box.h);
    if (out)
        printf("\nheat map written\n");
    printf("\nFor research and education, not for diagnosis.\n");
}

static int run(struct mr_session *session, const struct mr_place *place, const struct mr_args *args)
{
    struct mr_store *store = NULL;
    struct explained x = {.watch = mr_watch_begin(session, "")};
    struct mr_error err = {0};
    enum mr_status st = check_out(args->out, &err);

    if (!st)
        st = mr_store_open(&store, place->project_dir, MR_STORE_EXISTING, &err);
    if (!st)
        st = explain(&x, store, place, args, &err);
    if (!st && args->out)
        st = formats[format_of(args->out)].write(x.heat.picture, args->out, &err);
    if (!st && args->json)
        print_json(&x);
    else if (!st)
        print_text(&x, args->out);
    finish(&x);
    mr_store_close(store);
    return st ? mr_watch_failed(&x.watch, &err) : EXIT_SUCCESS;
}

int mr_explain_main(struct mr_args *args)
{
    return mr_start_in_place(args, run);
}
