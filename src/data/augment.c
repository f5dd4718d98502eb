/* SPDX-License-Identifier: MIT */
/* Which augmentations there are, and what is drawn for one image: the distributions of fastai v1's
 * get_transforms. */
#include "augment.h"

#include <math.h>
#include <string.h>

/* Values nearer to 0 or 1 than this are moved there, as fastai does: logits stay finite. */
#define LOGIT_EDGE 1e-7

const struct mr_augment_draw mr_augment_nothing = {
    .zoom = 1, .focus_x = .5, .focus_y = .5, .contrast = 1};

const struct mr_augment_preset mr_augment_presets[MR_AUGMENT_N_PRESETS] = {
    {"none", {.max_zoom = 1}},
    {"default",
     {.do_flip = true,
      .max_rotate_deg = 10,
      .max_zoom = 1.1,
      .max_lighting = .2,
      .max_warp = .2,
      .p_affine = .75,
      .p_lighting = .75}},
    {"scope",
     {.do_flip = true,
      .flip_vert = true,
      .max_rotate_deg = 359,
      .max_zoom = 1.05,
      .max_lighting = .2,
      .max_warp = .2,
      .p_affine = .75,
      .p_lighting = .75}},
};

const struct mr_augment *mr_augment_find(const char *name)
{
    for (int i = 0; i < MR_AUGMENT_N_PRESETS; i++)
        if (!strcmp(mr_augment_presets[i].name, name))
            return &mr_augment_presets[i].augment;
    return NULL;
}

struct mr_augment mr_augment_default(void)
{
    return *mr_augment_find("default");
}

enum mr_status mr_augment_check(const struct mr_augment *augment, struct mr_error *err)
{
    const struct {
        const char *what;
        double value, lo, hi;
    } numbers[] = {
        {"a rotation of at most", augment->max_rotate_deg, 0, 360},
        {"a zoom of at most", augment->max_zoom, 1, 10},
        {"a lighting of at most", augment->max_lighting, 0, .9},
        {"a warp of at most", augment->max_warp, 0, .3},
        {"a probability of warp, rotation and zoom of", augment->p_affine, 0, 1},
        {"a probability of lighting of", augment->p_lighting, 0, 1},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= numbers[i].lo && numbers[i].value <= numbers[i].hi))
            return mr_fail(err, MR_E_USAGE, "cannot augment with %s %g: it takes %g to %g",
                           numbers[i].what, numbers[i].value, numbers[i].lo, numbers[i].hi);
    return MR_OK;
}

static double logit(double p)
{
    return log(p / (1 - p));
}

double mr_augment_light(const struct mr_augment_draw *draw, double v)
{
    v = fmin(fmax(v, LOGIT_EDGE), 1 - LOGIT_EDGE);
    return 1 / (1 + exp(-draw->contrast * (logit(v) + draw->brightness)));
}

/* As in fastai v1's test-time augmentation: all but zoom and flip_lr stays as it was drawn, and
 * flip_vert's symmetry is another transformation there. */
static void give_view(struct mr_augment_draw *draw, const struct mr_augment *augment)
{
    bool is_drawn = augment->flip_vert && draw->mirror_x;

    draw->zoom = augment->view.zoom;
    draw->focus_x = augment->view.focus_x;
    draw->focus_y = augment->view.focus_y;
    draw->mirror_x = is_drawn != augment->view.is_mirrored;
}

/* Every number is drawn, in the same order, whether it is used or not, so that one setting does not
 * change what the others come to. */
struct mr_augment_draw mr_augment_draw(const struct mr_augment *augment, struct mr_rng *rng)
{
    struct mr_augment_draw draw = mr_augment_nothing;
    double l = augment->max_lighting, w = augment->max_warp;
    uint64_t symmetry = mr_rng_below(rng, 8);
    bool has_warp = mr_rng_uniform(rng) < augment->p_affine;
    double warp[4];

    for (int i = 0; i < 4; i++)
        warp[i] = mr_rng_between(rng, -w, w);

    bool has_rotate = mr_rng_uniform(rng) < augment->p_affine;
    double rotate = mr_rng_between(rng, -augment->max_rotate_deg, augment->max_rotate_deg);
    bool has_zoom = mr_rng_uniform(rng) < augment->p_affine;
    double zoom = mr_rng_between(rng, 1, augment->max_zoom);
    double focus_x = mr_rng_uniform(rng), focus_y = mr_rng_uniform(rng);
    bool has_brightness = mr_rng_uniform(rng) < augment->p_lighting;
    double brightness = logit(mr_rng_between(rng, .5 - l / 2, .5 + l / 2));
    bool has_contrast = mr_rng_uniform(rng) < augment->p_lighting;
    double contrast = exp(mr_rng_between(rng, log(1 - l), -log(1 - l)));

    draw.mirror_x = augment->do_flip && (symmetry & 1);
    draw.mirror_y = augment->do_flip && augment->flip_vert && (symmetry & 2);
    draw.transpose = augment->do_flip && augment->flip_vert && (symmetry & 4);
    if (has_warp)
        memcpy(draw.warp, warp, sizeof warp);
    if (has_rotate)
        draw.rotate_deg = rotate;
    if (has_zoom) {
        draw.zoom = zoom;
        draw.focus_x = focus_x;
        draw.focus_y = focus_y;
    }
    if (has_brightness)
        draw.brightness = brightness;
    if (has_contrast)
        draw.contrast = contrast;
    if (augment->view.zoom > 0)
        give_view(&draw, augment);
    return draw;
}
