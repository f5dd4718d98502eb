/* SPDX-License-Identifier: MIT */
#include "why.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/pool.h>
#include <misread/base/rng.h>
#include <misread/base/sandbox.h>
#include <misread/data/transform.h>
#include <misread/explain/gradcam.h>
#include <misread/explain/neighbours.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>
#include <misread/image/measure.h>
#include <misread/nn/model.h>
#include <misread/store/store.h>
#include <misread/train/kept.h>

#include "paths.h"
#include "place.h"
#include "session.h"

/* Side of a heat map's picture: the network's own squares are too coarse to look at. */
#define PICTURE_PX 512

struct mr_why {
    struct mr_sandbox *sandbox;   /* borrowed */
    const struct mr_place *place; /* borrowed */
    struct mr_store *store;       /* owned, as all that follows; NULL until it is needed */
    struct mr_pool *pool;
    struct mr_kept *kept;
    struct mr_paths paths;
    float *x;          /* what the network sees of an image */
    int64_t looked_at; /* the image of the model's last forward pass; 0: none */
};

struct mr_why *mr_why_create(const struct mr_session *session, const struct mr_place *place)
{
    struct mr_why *why = mr_xalloc(1, sizeof *why);

    why->sandbox = session->sandbox;
    why->place = place;
    why->paths.place = place;
    return why;
}

static void forget(struct mr_why *why)
{
    mr_kept_close(why->kept);
    free(why->x);
    why->kept = NULL;
    why->x = NULL;
    why->looked_at = 0;
}

void mr_why_destroy(struct mr_why *why)
{
    if (!why)
        return;
    forget(why);
    mr_paths_finish(&why->paths);
    mr_pool_destroy(why->pool);
    mr_store_close(why->store);
    free(why);
}

static enum mr_status read_weights(struct mr_why *why, int run, struct mr_error *err)
{
    enum mr_status st = mr_kept_open(&why->kept, why->store, run, why->pool, err);
    size_t side = st ? 0 : (size_t)mr_kept_get_facts(why->kept)->size_px;

    if (st)
        return st;
    why->x = mr_alloc_aligned(side * side * 3 * sizeof *why->x);
    return why->x ? MR_OK : mr_fail(err, MR_E_NOMEM, "no memory for an image");
}

enum mr_status mr_why_turn_to(struct mr_why *why, int run, struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (!why->store)
        st = mr_store_open(&why->store, why->place->project_dir, MR_STORE_EXISTING, err);
    if (!st && !why->pool)
        st = mr_pool_create(&why->pool, 0, err);
    if (st)
        return st;
    if (why->kept && mr_kept_get_facts(why->kept)->run == run &&
        mr_kept_get_facts(why->kept)->stamp == mr_kept_stamp(why->store, run))
        return MR_OK;
    forget(why);
    st = read_weights(why, run, err);
    if (st)
        forget(why);
    return st;
}

const struct mr_kept_facts *mr_why_facts(const struct mr_why *why)
{
    return mr_kept_get_facts(why->kept);
}

/* The image made square in the run's way, whatever the size. */
static enum mr_status load_square(struct mr_why *why, int64_t image, int side_px,
                                  struct mr_image **square, struct mr_error *err)
{
    char *path = mr_paths_find(&why->paths, image, err);
    struct mr_size_px whole;
    enum mr_status st;

    if (!path)
        return MR_E_NOT_FOUND;
    st = mr_image_load_square(square, &whole, why->sandbox, path, side_px,
                              mr_why_facts(why)->square, &mr_why_facts(why)->mask, err);
    free(path);
    return st;
}

static enum mr_status load_input(struct mr_why *why, int64_t image, struct mr_error *err)
{
    int side = mr_why_facts(why)->size_px;
    struct mr_image *square = NULL;
    enum mr_status st = load_square(why, image, side, &square, err);

    if (!st)
        mr_transform(why->x, square->rgb, side, NULL, mr_rng_make(0, 0, 0, 0));
    mr_image_destroy(square);
    return st;
}

enum mr_status mr_why_look(struct mr_why *why, int64_t image, const float **logits,
                           struct mr_error *err)
{
    enum mr_status st = load_input(why, image, err);

    why->looked_at = 0;
    if (st)
        return st;
    *logits = mr_model_forward(mr_kept_model(why->kept), why->x, 1, MR_MODE_EVAL);
    why->looked_at = image;
    return MR_OK;
}

/* ---- where ---- */

static enum mr_status draw(struct mr_why *why, int64_t image, struct mr_why_heat *heat,
                           struct mr_error *err)
{
    struct mr_image *square = NULL;
    enum mr_status st = load_square(why, image, PICTURE_PX, &square, err);

    if (!st)
        st = mr_gradcam_draw(&heat->picture, square, heat->cells, heat->h, heat->w, err);
    mr_image_destroy(square);
    return st;
}

/* In the square; the picture is looked at as it is, whatever the run covers. */
static enum mr_status find_box(struct mr_why *why, int64_t image, struct mr_rect_share *box,
                               struct mr_error *err)
{
    const struct mr_kept_facts *facts = mr_why_facts(why);
    char *path = mr_paths_find(&why->paths, image, err);
    struct mr_image *whole = NULL;
    enum mr_status st;

    if (!path)
        return MR_E_NOT_FOUND;
    st = mr_image_load(&whole, why->sandbox, MR_SANDBOX_WORK, path, err);
    if (!st && facts->mask.kind == MR_MASK_RECT)
        *box = facts->mask.rect;
    else if (!st)
        st = mr_image_find_overlay(box, whole, err);
    if (!st)
        *box = mr_square_part(facts->square, (struct mr_size_px){whole->w, whole->h}, *box);
    mr_image_destroy(whole);
    free(path);
    return st;
}

enum mr_status mr_why_map(struct mr_why *why, int64_t image, int class_id, struct mr_why_heat *heat,
                          struct mr_error *err)
{
    struct mr_model_evidence evidence;
    struct mr_why_heat made = {0};
    const float *logits;
    enum mr_status st = MR_OK;

    if (class_id < 0 || class_id >= mr_why_facts(why)->n_classes)
        return mr_fail(err, MR_E_USAGE, "run %d was not trained on that class",
                       mr_why_facts(why)->run);
    if (why->looked_at != image)
        st = mr_why_look(why, image, &logits, err);
    if (!st)
        st = find_box(why, image, &made.box, err);
    if (st)
        return st;
    evidence = mr_model_explain(mr_kept_model(why->kept), &class_id);
    made.h = evidence.h;
    made.w = evidence.w;
    made.cells = mr_xalloc((size_t)made.h * (size_t)made.w, sizeof *made.cells);
    made.most = mr_gradcam_map(made.cells, &evidence, 0);
    made.box_share = mr_gradcam_share(made.cells, made.h, made.w, &made.box);
    *heat = made;
    return MR_OK;
}

enum mr_status mr_why_heat(struct mr_why *why, int64_t image, int class_id,
                           struct mr_why_heat *heat, struct mr_error *err)
{
    struct mr_why_heat made = {0};
    enum mr_status st = mr_why_map(why, image, class_id, &made, err);

    if (!st)
        st = draw(why, image, &made, err);
    if (st)
        mr_why_heat_finish(&made);
    else
        *heat = made;
    return st;
}

void mr_why_heat_finish(struct mr_why_heat *heat)
{
    mr_image_destroy(heat->picture);
    free(heat->cells);
    *heat = (struct mr_why_heat){0};
}

/* ---- what is like it ---- */

static int row_of(const struct mr_kept_crowd *crowd, int64_t image)
{
    for (int i = 0; i < crowd->n; i++)
        if (crowd->images[i] == image)
            return i;
    return -1;
}

enum mr_status mr_why_near(struct mr_why *why, int64_t image, int class_id,
                           bool (*progress)(void *ctx, int64_t n_done, int64_t n_total), void *ctx,
                           struct mr_why_near *near, struct mr_error *err)
{
    const struct mr_kept_places places = {.store = why->store,
                                          .sandbox = why->sandbox,
                                          .data_dir = why->place->data_dir,
                                          .progress = progress,
                                          .ctx = ctx};
    struct mr_neighbour found[MR_WHY_N_NEAR];
    struct mr_kept_crowd of;
    struct mr_crowd crowd;
    const float *features;
    enum mr_status st = mr_kept_gather(why->kept, &places, &of, err);

    if (!st)
        st = load_input(why, image, err);
    if (st)
        return st;
    why->looked_at = 0;
    crowd = (struct mr_crowd){of.rows, of.labels, of.n, of.n_features};
    features = mr_model_features(mr_kept_model(why->kept), why->x, 1);
    near->n =
        mr_neighbours_find(found, MR_WHY_N_NEAR, &crowd, features, class_id, row_of(&of, image));
    for (int i = 0; i < near->n; i++) {
        near->found[i].image = of.images[found[i].row];
        near->found[i].cosine = found[i].cosine;
    }
    return MR_OK;
}
