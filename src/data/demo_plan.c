/* SPDX-License-Identifier: MIT */
/* Plans the demo data set: equal classes, ambiguous images in two pairs, some labels swapped. */
#include "demo_plan.h"

#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>

#define MISLABELLED .03 /* share of all images */
#define AMBIGUOUS   .13 /* share of each class of a pair */

const char *const mr_demo_folders[MR_DEMO_N_CLASSES] = {
#define X(name, folder) folder,
    MR_DEMO_CLASSES(X)
#undef X
};

static const int partners[MR_DEMO_N_CLASSES] = {
    [MR_DEMO_DYED_LIFTED] = MR_DEMO_DYED_MARGIN,
    [MR_DEMO_DYED_MARGIN] = MR_DEMO_DYED_LIFTED,
    [MR_DEMO_ESOPHAGITIS] = MR_DEMO_Z_LINE,
    [MR_DEMO_Z_LINE] = MR_DEMO_ESOPHAGITIS,
    [MR_DEMO_CECUM] = -1,
    [MR_DEMO_PYLORUS] = -1,
    [MR_DEMO_POLYPS] = -1,
    [MR_DEMO_COLITIS] = -1,
};

const char *const mr_demo_planted_names[MR_DEMO_N_PLANTED] = {
    [MR_DEMO_NONE] = "none",
    [MR_DEMO_AMBIGUOUS] = "ambiguous",
    [MR_DEMO_MISLABELLED] = "mislabelled",
};

const char *const mr_demo_flaw_names[MR_DEMO_N_FLAWS] = {
    [MR_DEMO_SOUND] = "none",
    [MR_DEMO_COPY] = "copy",
    [MR_DEMO_SAME_PIXELS] = "same-pixels",
    [MR_DEMO_RECOMPRESSED] = "recompressed",
    [MR_DEMO_SHIFTED] = "shifted",
    [MR_DEMO_BRIGHTENED] = "brightened",
    [MR_DEMO_BLURRED] = "blurred",
    [MR_DEMO_DARKENED] = "darkened",
    [MR_DEMO_BOXED] = "box",
};

int mr_demo_partner(int label)
{
    return partners[label];
}

/* murmur3's finaliser: one to one, so that no two images get the same name. */
static uint32_t scramble(uint32_t x)
{
    x = (x ^ (x >> 16)) * UINT32_C(0x85ebca6b);
    x = (x ^ (x >> 13)) * UINT32_C(0xc2b2ae35);
    return x ^ (x >> 16);
}

/* The clear ends of a pair, or the middle that its two classes share. */
static float draw_stage(const struct mr_demo_item *item, struct mr_rng *rng)
{
    bool far_end = item->truth == MR_DEMO_DYED_MARGIN || item->truth == MR_DEMO_ESOPHAGITIS;

    if (item->planted == MR_DEMO_AMBIGUOUS)
        return (float)mr_rng_between(rng, .4, .55);
    return (float)(far_end ? mr_rng_between(rng, .85, 1) : mr_rng_between(rng, 0, .12));
}

static void plant_ambiguous(struct mr_demo_plan *plan)
{
    int n_class = plan->n / MR_DEMO_N_CLASSES, *order = mr_xalloc((size_t)n_class, sizeof *order);
    int n_planted = (int)(AMBIGUOUS * n_class + .5);

    for (int c = 0; c < MR_DEMO_N_CLASSES; c++) {
        struct mr_rng rng = mr_rng_make(plan->seed, 'a', (uint64_t)c, 0);

        for (int i = 0; i < n_class; i++)
            order[i] = i;
        mr_rng_shuffle(&rng, order, (size_t)n_class);
        for (int i = 0; i < n_planted && partners[c] >= 0; i++)
            plan->items[order[i] * MR_DEMO_N_CLASSES + c].planted = MR_DEMO_AMBIGUOUS;
    }
    free(order);
}

/* Is this a wrong label for the k-th of n images? For the first half of them the partner's is not
 * wrong enough, as long as strict. */
static bool is_wrong(int truth, int label, int k, int n, bool strict)
{
    return label != truth && !(strict && k < n / 2 && label == partners[truth]);
}

/* Swaps labels until all are wrong. With very few images there may be no strict way. */
static void make_wrong(const int *truth, int *label, int n, struct mr_rng *rng)
{
    for (int tries = 0, k = 0; k < n; tries++) {
        bool strict = tries < 1000 * n;
        int j = (int)mr_rng_below(rng, (uint64_t)n), kept = label[k];

        if (is_wrong(truth[k], kept, k, n, strict)) {
            k++;
        } else if (is_wrong(truth[k], label[j], k, n, strict) &&
                   is_wrong(truth[j], kept, j, n, strict)) {
            label[k] = label[j];
            label[j] = kept;
        }
    }
}

/* Picks an image of the class that is not planted yet. */
static struct mr_demo_item *pick_plain(struct mr_demo_plan *plan, struct mr_rng *rng, int truth)
{
    for (;;) {
        struct mr_demo_item *item =
            &plan->items[mr_rng_below(rng, (uint64_t)(plan->n / MR_DEMO_N_CLASSES)) *
                             MR_DEMO_N_CLASSES +
                         (uint64_t)truth];

        if (item->planted == MR_DEMO_NONE)
            return item;
    }
}

/* Wrong labels are swapped among images, so that every folder keeps its number of files. */
static void plant_wrong_labels(struct mr_demo_plan *plan)
{
    struct mr_rng rng = mr_rng_make(plan->seed, 'w', 0, 0);
    int n = (int)(MISLABELLED * plan->n + .5), classes[MR_DEMO_N_CLASSES], *truth, *label;

    if (n < 2)
        return;
    truth = mr_xalloc((size_t)n * 2, sizeof *truth);
    label = truth + n;
    for (int i = 0; i < MR_DEMO_N_CLASSES; i++)
        classes[i] = i;
    mr_rng_shuffle(&rng, classes, MR_DEMO_N_CLASSES);
    for (int i = 0; i < n; i++)
        label[i] = truth[i] = classes[i % MR_DEMO_N_CLASSES];
    mr_rng_shuffle(&rng, truth, (size_t)n);
    mr_rng_shuffle(&rng, label, (size_t)n);
    make_wrong(truth, label, n, &rng);
    for (int i = 0; i < n; i++) {
        struct mr_demo_item *item = pick_plain(plan, &rng, truth[i]);

        item->planted = MR_DEMO_MISLABELLED;
        item->folder = label[i];
    }
    free(truth);
}

/* How many of each flaw come to PER_FLAW sound images, and where they go. */
#define PER_FLAW 200
static const struct {
    enum mr_demo_flaw flaw;
    int n;
    bool is_duplicate;
    int truth; /* -1: any class */
} flaws[] = {
    {MR_DEMO_COPY, 1, true, -1},         {MR_DEMO_SAME_PIXELS, 1, true, -1},
    {MR_DEMO_RECOMPRESSED, 1, true, -1}, {MR_DEMO_SHIFTED, 1, true, -1},
    {MR_DEMO_BRIGHTENED, 1, true, -1},   {MR_DEMO_BLURRED, 1, false, -1},
    {MR_DEMO_DARKENED, 1, false, -1},    {MR_DEMO_BOXED, 3, false, MR_DEMO_CECUM},
};
#define N_FLAWS ((int)(sizeof flaws / sizeof *flaws))

static int count_flawed(int n)
{
    int count = 0;

    for (int i = 0; i < N_FLAWS; i++)
        count += flaws[i].n * (n / PER_FLAW);
    return count;
}

/* A duplicate of a sound image; one in four lies in a folder of another class. */
static struct mr_demo_item duplicate(const struct mr_demo_plan *plan, struct mr_rng *rng)
{
    int source = (int)mr_rng_below(rng, (uint64_t)plan->n);
    struct mr_demo_item item = plan->items[source];

    item.source = source;
    if (mr_rng_below(rng, 4) == 0)
        item.folder =
            (item.folder + 1 + (int)mr_rng_below(rng, MR_DEMO_N_CLASSES - 1)) % MR_DEMO_N_CLASSES;
    if (item.folder != item.truth)
        item.planted = MR_DEMO_MISLABELLED;
    else if (item.planted == MR_DEMO_MISLABELLED)
        item.planted = MR_DEMO_NONE;
    return item;
}

/* Behind the sound images, which stay as they are. */
static void plant_flaws(struct mr_demo_plan *plan, uint32_t key)
{
    int at = plan->n;

    for (int i = 0; i < N_FLAWS; i++) {
        struct mr_rng rng = mr_rng_make(plan->seed, 'f', (uint64_t)i, 0);

        for (int k = 0; k < flaws[i].n * (plan->n / PER_FLAW); k++, at++) {
            struct mr_demo_item *item = &plan->items[at];
            int truth = flaws[i].truth >= 0 ? flaws[i].truth : k % MR_DEMO_N_CLASSES;

            *item = flaws[i].is_duplicate
                        ? duplicate(plan, &rng)
                        : (struct mr_demo_item){.folder = truth, .truth = truth, .source = at};
            item->flaw = flaws[i].flaw;
            item->name = scramble((uint32_t)at + key);
            if (!flaws[i].is_duplicate)
                item->stage = draw_stage(item, &rng);
        }
    }
}

void mr_demo_plan_init(struct mr_demo_plan *plan, uint64_t seed, int n_images)
{
    int n_class = (n_images + MR_DEMO_N_CLASSES / 2) / MR_DEMO_N_CLASSES;
    uint32_t key = (uint32_t)mr_hash_mix(seed + MR_DEMO_DRAWING);

    plan->seed = seed;
    plan->n = MR_DEMO_N_CLASSES * (n_class < 1 ? 1 : n_class);
    plan->n_all = plan->n + count_flawed(plan->n);
    plan->items = mr_xalloc((size_t)plan->n_all, sizeof *plan->items);
    for (int i = 0; i < plan->n; i++)
        plan->items[i] = (struct mr_demo_item){.folder = i % MR_DEMO_N_CLASSES,
                                               .truth = i % MR_DEMO_N_CLASSES,
                                               .source = i,
                                               .name = scramble((uint32_t)i + key)};
    plant_ambiguous(plan);
    plant_wrong_labels(plan);
    for (int i = 0; i < plan->n; i++) {
        struct mr_rng rng = mr_rng_make(plan->seed, 's', (uint64_t)i, 0);

        plan->items[i].stage = draw_stage(&plan->items[i], &rng);
    }
    plant_flaws(plan, key);
}

void mr_demo_plan_finish(struct mr_demo_plan *plan)
{
    free(plan->items);
}
