/* SPDX-License-Identifier: MIT */
/* The thread that draws has a store of its own, and one run in hand. */
#include "sights.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/str.h>
#include <misread/store/store.h>
#include <misread/train/preview.h>
#include <misread/tui/tui.h>

#include "place.h"

struct mr_sights {
    const struct mr_place *place; /* borrowed */
    struct mr_sandbox *sandbox;   /* borrowed */
    struct mr_store *store;       /* owned; NULL until it is needed */
    struct mr_preview *preview;   /* owned; NULL: of nothing yet */
    int run, plan;                /* that it is of */
};

struct mr_sights *mr_sights_create(const struct mr_place *place, struct mr_sandbox *sandbox)
{
    struct mr_sights *sights = mr_xalloc(1, sizeof *sights);

    sights->place = place;
    sights->sandbox = sandbox;
    return sights;
}

static void forget(struct mr_sights *sights)
{
    mr_preview_close(sights->preview);
    sights->preview = NULL;
}

void mr_sights_destroy(struct mr_sights *sights)
{
    if (!sights)
        return;
    forget(sights);
    mr_store_close(sights->store);
    free(sights);
}

static enum mr_status turn_to(struct mr_sights *sights, const struct mr_sights_of *of,
                              struct mr_error *err)
{
    enum mr_status st = MR_OK;

    if (sights->preview && sights->run == of->run && sights->plan == of->plan)
        return MR_OK;
    forget(sights);
    if (!sights->store)
        st = mr_store_open(&sights->store, sights->place->project_dir, MR_STORE_EXISTING, err);
    if (!st)
        st = mr_preview_open(&sights->preview, sights->store, of->run, of->options, err);
    sights->run = of->run;
    sights->plan = of->plan;
    return st;
}

enum mr_status mr_sights_draw(struct mr_sights *sights, const struct mr_sights_of *of,
                              const char *path, const struct mr_tui_sight *sight,
                              struct mr_image **picture, struct mr_error *err)
{
    const struct mr_preview_sight wish = {.image = sight->image,
                                          .look = sight->look < 0 ? MR_PREVIEW_PLAIN : sight->look,
                                          .repeat = sight->repeat};
    enum mr_status st = turn_to(sights, of, err);

    return st ? st : mr_preview_draw(sights->preview, sights->sandbox, path, &wish, picture, err);
}

/* ---- in words ---- */

/* " · flips · with p 0.75 rotation 10, zoom 1.1, warp 0.2, lighting 0.2": what has no effect is
 * left out. */
static void add_augment(struct mr_str *text, const struct mr_augment *a)
{
    const struct {
        const char *name;
        double most, nothing, p;
    } parts[] = {{"rotation", a->max_rotate_deg, 0, a->p_affine},
                 {"zoom", a->max_zoom, 1, a->p_affine},
                 {"warp", a->max_warp, 0, a->p_affine},
                 {"lighting", a->max_lighting, 0, a->p_lighting}};
    double p = 0;

    if (a->do_flip)
        mr_str_add(text, a->flip_vert ? " · flips, quarter turns" : " · flips");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!(parts[i].most > parts[i].nothing && parts[i].p > 0))
            continue;
        if (parts[i].p == p)
            mr_str_addf(text, ", %s %g", parts[i].name, parts[i].most);
        else
            mr_str_addf(text, " · with p %g %s %g", parts[i].p, parts[i].name, parts[i].most);
        p = parts[i].p;
    }
}

static void describe(const struct mr_preview_facts *facts, char *out, size_t cap)
{
    const struct mr_train_options *o = &facts->options;
    struct mr_str text = MR_STR_EMPTY;
    char preset[16];

    mr_train_option_write(preset, sizeof preset, o, mr_train_option_find("augment", 7));
    mr_str_addf(&text, "%d px %s%s%s · augment %s", o->size_px, mr_square_name(o->square),
                *o->mask ? ", mask " : "", o->mask, preset);
    if (facts->is_augmented)
        add_augment(&text, &facts->augment);
    mr_str_addf(&text, " · seed %llu", (unsigned long long)o->seed);
    if (facts->n_plain && facts->is_augmented)
        mr_str_addf(&text, " · epochs 1 to %d see it plain: the body stands still", facts->n_plain);
    if (o->mixup > 0)
        mr_str_addf(&text, " · then mixed in pairs (mixup %g)", o->mixup);
    mr_safe_text(out, cap, text.text, 0, MR_ELIDE_END);
    mr_str_finish(&text);
}

/* ---- a batch ---- */

static void take_items(struct mr_tui_batch *batch, const struct mr_preview_batch *dealt)
{
    struct mr_tui_batch_item *items = mr_xalloc((size_t)dealt->n, sizeof *items);

    for (int i = 0; i < dealt->n; i++) {
        const struct mr_preview_item *item = &dealt->items[i];

        items[i] = (struct mr_tui_batch_item){
            .sight = {item->sight.image, item->sight.look, item->sight.repeat},
            .label = item->label};
    }
    batch->items = items;
    batch->n = dealt->n;
    batch->n_batches = dealt->n_batches;
    batch->is_ready = true;
}

enum mr_status mr_sights_deal(struct mr_sights *sights, const struct mr_sights_of *of, int index,
                              struct mr_tui_batch *batch, struct mr_error *err)
{
    struct mr_preview_batch dealt;
    enum mr_status st;

    *batch = (struct mr_tui_batch){.n = 0};
    forget(sights); /* the run's list of images may have come since */
    st = turn_to(sights, of, err);
    if (st)
        return st;
    describe(mr_preview_get_facts(sights->preview), batch->about, sizeof batch->about);
    st = mr_preview_deal(sights->preview, sights->store, index, &dealt, err);
    if (st)
        return st;
    take_items(batch, &dealt);
    mr_preview_batch_finish(&dealt);
    return MR_OK;
}
