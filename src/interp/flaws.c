/* SPDX-License-Identifier: MIT */
/* Thresholds, percentiles within the class, and clusters of duplicates. */
#include <misread/interp/flaws.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/ids.h>
#include <misread/image/alike.h>
#include <misread/image/measure.h>
#include <misread/interp/ranking.h>
#include <misread/store/images.h>
#include <misread/store/quality.h>
#include <misread/store/runs.h>

const struct mr_flaw_text mr_flaw_texts[MR_FLAW_N] = {
#define X(name, json, text, score) {json, text, score},
    MR_FLAW_LIST(X)
#undef X
};

/* A measured image that is there. */
struct seen {
    const struct mr_image_row *row;
    const struct mr_quality *quality;
    int at; /* in the table */
};

struct finding {
    struct mr_flaws *flaws;
    const struct mr_image_table *images;
    struct seen *seen; /* owned (n) */
    int n, cap;
    int *cluster; /* owned (images->n) */
};

static int list_seen(struct seen *seen, const struct mr_image_table *images,
                     const struct mr_quality *rows, int n)
{
    int count = 0;

    for (int i = 0; i < images->n; i++) {
        const struct mr_quality *quality = mr_qualities_find(rows, n, images->rows[i].id);

        if (quality && images->rows[i].state != MR_IMAGE_MISSING &&
            images->rows[i].state != MR_IMAGE_UNREADABLE)
            seen[count++] = (struct seen){&images->rows[i], quality, i};
    }
    return count;
}

static void add(struct finding *f, const struct seen *seen, enum mr_flaw_kind kind, double score)
{
    struct mr_flaws *flaws = f->flaws;

    if (flaws->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        flaws->found = mr_xrealloc(flaws->found, (size_t)f->cap, sizeof *flaws->found);
    }
    flaws->found[flaws->n++] =
        (struct mr_flaw){.image = seen->row->id, .kind = kind, .score = score, .cluster = -1};
}

/* --- by a threshold -------------------------------------------------------------------------- */

static double aspect_of(const struct seen *seen)
{
    double w = seen->row->w, h = seen->row->h;

    return w > 0 && h > 0 ? fmin(w / h, h / w) : 1;
}

static double side_of(const struct seen *seen)
{
    return sqrt((double)seen->row->w * seen->row->h);
}

static double dark_of(const struct seen *seen)
{
    return seen->quality->dark;
}

static double light_of(const struct seen *seen)
{
    return seen->quality->light;
}

static double detail_of(const struct seen *seen)
{
    return seen->quality->detail;
}

static double entropy_of(const struct seen *seen)
{
    return seen->quality->entropy;
}

static double overlay_of(const struct seen *seen)
{
    return seen->quality->overlay_w * seen->quality->overlay_h;
}

/* The score is bad below `low` and above `high`. */
static const struct rule {
    enum mr_flaw_kind kind;
    double (*score)(const struct seen *seen);
    double low, high;
    bool is_high_worst;
} rules[] = {
    {MR_FLAW_DARK, dark_of, .32, INFINITY, false},
    {MR_FLAW_LIGHT, light_of, -1, .95, true},
    {MR_FLAW_LOW_INFORMATION, entropy_of, MR_LEAST_ENTROPY, INFINITY, false},
    {MR_FLAW_ODD_ASPECT, aspect_of, .35, INFINITY, false},
    {MR_FLAW_OVERLAY, overlay_of, -1, 0, true},
};
#define N_RULES (sizeof rules / sizeof *rules)

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Of sorted values, linear between two neighbours. */
static double quantile(const double *values, int n, double share)
{
    double at = share * (n - 1);
    int i = (int)at;

    return values[i] + (at - i) * (values[i + 1 < n ? i + 1 : i] - values[i]);
}

/* A score of an image, to be ranked within its class. */
struct scored {
    int class_id;
    double score;
};

static int compare_scored(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;

    if (a->class_id != b->class_id)
        return a->class_id < b->class_id ? -1 : 1;
    return (a->score > b->score) - (a->score < b->score);
}

/* How many of the sorted are before (class_id, score), or no later with `or_equal`. */
static int count_before(const struct scored *scored, int n, struct scored key, bool or_equal)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = low + (high - low) / 2, order = compare_scored(&scored[middle], &key);

        if (order < 0 || (or_equal && !order))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void set_percentiles(struct finding *f, const struct rule *rule, int first)
{
    struct scored *scored = mr_xalloc((size_t)f->n + 1, sizeof *scored);

    for (int i = 0; i < f->n; i++)
        scored[i] = (struct scored){f->seen[i].row->class_id, rule->score(&f->seen[i])};
    qsort(scored, (size_t)f->n, sizeof *scored, compare_scored);
    for (int i = first; i < f->flaws->n; i++) {
        struct mr_flaw *flaw = &f->flaws->found[i];
        int class_id = mr_images_find(f->images, flaw->image)->class_id;
        int before = count_before(scored, f->n, (struct scored){class_id, -INFINITY}, false);
        int upto = count_before(scored, f->n, (struct scored){class_id, flaw->score}, true);
        int all = count_before(scored, f->n, (struct scored){class_id, INFINITY}, true);

        flaw->percentile = (double)(upto - before) / (all - before);
    }
    free(scored);
}

/* Tukey's fences: so many interquartile ranges away from the quartiles. Sorts values (n). */
static void fences(double *values, int n, double ranges, double *low, double *high)
{
    double first, third;

    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    first = quantile(values, n, .25);
    third = quantile(values, n, .75);
    *low = first - ranges * (third - first);
    *high = third + ranges * (third - first);
}

static void apply(struct finding *f, const struct rule *rule)
{
    int first = f->flaws->n;

    for (int i = 0; i < f->n; i++) {
        double score = rule->score(&f->seen[i]);

        if (score < rule->low || score > rule->high)
            add(f, &f->seen[i], rule->kind, score);
    }
    if (f->flaws->n > first)
        set_percentiles(f, rule, first);
}

/* Sizes are mostly all the same. */
static void find_odd_sizes(struct finding *f)
{
    struct rule rule = {MR_FLAW_ODD_SIZE, side_of, 0, 0, false};
    double *values = mr_xalloc((size_t)f->n + 1, sizeof *values);

    for (int i = 0; i < f->n; i++)
        values[i] = rule.score(&f->seen[i]);
    fences(values, f->n, 3, &rule.low, &rule.high);
    apply(f, &rule);
    free(values);
}

#define LEAST_CLASS 20 /* images, to have a fence of its own */

/* Below this the images of a class (-1: of all) are blurred; NaN if it is too small. */
static double detail_fence(const struct finding *f, int class_id, double *values)
{
    double low, high;
    int n = 0;

    for (int i = 0; i < f->n; i++)
        if (class_id < 0 || f->seen[i].row->class_id == class_id)
            values[n++] = log(fmax(detail_of(&f->seen[i]), 1e-9));
    if (n < (class_id < 0 ? 1 : LEAST_CLASS))
        return NAN;
    fences(values, n, 1.5, &low, &high);
    return exp(low);
}

static void find_blurred(struct finding *f)
{
    const struct rule rule = {MR_FLAW_BLURRED, detail_of, 0, 0, false};
    double *values = mr_xalloc((size_t)f->n + 1, sizeof *values);
    double *own = mr_xalloc((size_t)f->images->n_classes + 1, sizeof *own);
    double all = detail_fence(f, -1, values);
    int first = f->flaws->n;

    for (int c = 0; c < f->images->n_classes; c++)
        own[c] = detail_fence(f, c, values);
    for (int i = 0; i < f->n; i++) {
        int c = f->seen[i].row->class_id;
        double fence = c >= 0 && !isnan(own[c]) ? own[c] : all;

        /* the fence went through a logarithm: where all are equal, none is below */
        if (fmax(detail_of(&f->seen[i]), 1e-9) < fence * (1 - 1e-9))
            add(f, &f->seen[i], MR_FLAW_BLURRED, detail_of(&f->seen[i]));
    }
    if (f->flaws->n > first)
        set_percentiles(f, &rule, first);
    free(own);
    free(values);
}

/* Where most are grey, that is what the pictures are. */
static void find_grey(struct finding *f)
{
    int n_grey = 0;

    for (int i = 0; i < f->n; i++)
        n_grey += f->seen[i].quality->is_grey;
    for (int i = 0; i < f->n && 2 * n_grey < f->n; i++)
        if (f->seen[i].quality->is_grey)
            add(f, &f->seen[i], MR_FLAW_GREY, 0);
}

/* --- duplicates ------------------------------------------------------------------------------ */

/* cluster, exact (n_images) out: of each row the index of the first of its duplicates. */
static void cluster_seen(int *cluster, int *exact, int n_images, const struct seen *seen, int n)
{
    struct mr_likeness *items = mr_xalloc((size_t)n + 1, sizeof *items);
    int *found = mr_xalloc(2 * (size_t)n + 1, sizeof *found);

    for (int i = 0; i < n_images; i++)
        cluster[i] = exact[i] = i;
    for (int i = 0; i < n; i++)
        items[i] = (struct mr_likeness){.look = seen[i].quality->look,
                                        .thumb = seen[i].quality->thumb,
                                        .pixels = seen[i].quality->pixels,
                                        .says_little = seen[i].quality->entropy < MR_LEAST_ENTROPY};
    mr_alike_cluster(found, found + n, items, n);
    for (int i = 0; i < n; i++) {
        cluster[seen[i].at] = seen[found[i]].at;
        exact[seen[i].at] = seen[found[n + i]].at;
    }
    free(found);
    free(items);
}

/* What is known of a cluster, at the index of its first row. */
struct group {
    int n, n_train, n_measuring; /* those that validate or test */
    int n_first;                 /* of the first one's pixels */
    int class_id;
    bool differs; /* in labels */
};

static struct group *group_seen(const struct finding *f, const int *exact)
{
    struct group *groups = mr_xalloc((size_t)f->images->n + 1, sizeof *groups);

    for (int i = 0; i < f->n; i++) {
        const struct mr_image_row *row = f->seen[i].row;
        struct group *group = &groups[f->cluster[f->seen[i].at]];

        if (!group->n++)
            group->class_id = row->class_id;
        group->differs |= row->class_id != group->class_id;
        group->n_train += row->side == MR_SIDE_TRAIN;
        group->n_measuring += row->side == MR_SIDE_VALID || row->side == MR_SIDE_TEST;
        group->n_first += exact[f->seen[i].at] == f->cluster[f->seen[i].at];
    }
    return groups;
}

static void add_copy(struct finding *f, const struct seen *seen, enum mr_flaw_kind kind,
                     int cluster)
{
    add(f, seen, kind, 0);
    f->flaws->found[f->flaws->n - 1].cluster = cluster;
}

static void find_copies(struct finding *f)
{
    int n_images = f->images->n, *exact = mr_xalloc(2 * (size_t)n_images + 1, sizeof *exact);
    int *n_exact = exact + n_images;
    struct group *groups;

    cluster_seen(f->cluster, exact, n_images, f->seen, f->n);
    groups = group_seen(f, exact);
    for (int i = 0; i < f->n; i++)
        n_exact[exact[f->seen[i].at]]++;
    for (int i = 0; i < f->n; i++) {
        const struct seen *seen = &f->seen[i];
        int cluster = f->cluster[seen->at];
        const struct group *group = &groups[cluster];

        if (n_exact[exact[seen->at]] > 1)
            add_copy(f, seen, MR_FLAW_EXACT, exact[seen->at]);
        if (group->n > group->n_first)
            add_copy(f, seen, MR_FLAW_NEAR, cluster);
        if (group->n_train && group->n_measuring)
            add_copy(f, seen, MR_FLAW_CROSSING, cluster);
        if (group->differs)
            add_copy(f, seen, MR_FLAW_CONFLICTING, cluster);
    }
    for (int i = 0; i < n_images; i++) {
        f->flaws->n_clusters += groups[i].n > 1;
        f->flaws->n_crossing += (int64_t)groups[i].n_train * groups[i].n_measuring;
    }
    free(groups);
    free(exact);
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool is_high_worst(enum mr_flaw_kind kind)
{
    for (size_t i = 0; i < N_RULES; i++)
        if (rules[i].kind == kind)
            return rules[i].is_high_worst;
    return false;
}

static int compare_flaws(const void *left, const void *right)
{
    const struct mr_flaw *a = left, *b = right;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->cluster != b->cluster)
        return a->cluster < b->cluster ? -1 : 1;
    if (a->score != b->score)
        return (a->score < b->score) == is_high_worst(a->kind) ? 1 : -1;
    return (a->image > b->image) - (a->image < b->image);
}

static void sort(struct mr_flaws *flaws)
{
    int at = 0;

    if (flaws->n)
        qsort(flaws->found, (size_t)flaws->n, sizeof *flaws->found, compare_flaws);
    for (int kind = 0; kind <= MR_FLAW_N; kind++) {
        while (at < flaws->n && (int)flaws->found[at].kind < kind)
            at++;
        flaws->first[kind] = at;
    }
}

static void count(struct mr_flaws *flaws, const struct mr_image_table *images, int n_seen)
{
    int n_there = 0;

    for (int i = 0; i < images->n; i++) {
        n_there += images->rows[i].state != MR_IMAGE_MISSING;
        flaws->n_unreadable += images->rows[i].state == MR_IMAGE_UNREADABLE;
    }
    flaws->n_measured = n_seen;
    flaws->n_unmeasured = n_there - n_seen - flaws->n_unreadable;
}

void mr_flaws_find(struct mr_flaws *flaws, const struct mr_image_table *images,
                   const struct mr_quality *rows, int n)
{
    struct finding f = {.flaws = flaws, .images = images};

    *flaws = (struct mr_flaws){0};
    f.seen = mr_xalloc((size_t)images->n + 1, sizeof *f.seen);
    f.cluster = mr_xalloc((size_t)images->n + 1, sizeof *f.cluster);
    f.n = list_seen(f.seen, images, rows, n);
    if (f.n) {
        for (size_t i = 0; i < N_RULES; i++)
            apply(&f, &rules[i]);
        find_blurred(&f);
        find_odd_sizes(&f);
        find_grey(&f);
    }
    find_copies(&f);
    sort(flaws);
    count(flaws, images, f.n);
    free(f.cluster);
    free(f.seen);
}

void mr_flaws_finish(struct mr_flaws *flaws)
{
    free(flaws->found);
    *flaws = (struct mr_flaws){0};
}

/* --- position boxes -------------------------------------------------------------------------- */

struct mr_box_effect mr_flaws_box_effect(const struct mr_predictions *predictions,
                                         const struct mr_quality *rows, int n)
{
    struct mr_box_effect effect = {0};

    for (int i = 0; i < predictions->n; i++) {
        const struct mr_quality *row = mr_qualities_find(rows, n, predictions->ids[i]);
        struct mr_ranked read = mr_ranked_of(predictions, i);
        bool is_correct = read.actual == read.predicted;

        if (!row)
            continue;
        if (row->overlay_w > 0) {
            effect.n_with++;
            effect.n_correct_with += is_correct;
        } else {
            effect.n_without++;
            effect.n_correct_without += is_correct;
        }
    }
    return effect;
}

/* --- relatives across the split -------------------------------------------------------------- */

struct mr_kin_effect mr_flaws_kin_effect(const struct mr_guesses *guesses, const int *labels,
                                         const struct mr_flaws *flaws)
{
    int first = flaws->first[MR_FLAW_CROSSING], n = flaws->first[MR_FLAW_CROSSING + 1] - first;
    int64_t *kin = mr_xalloc((size_t)n + 1, sizeof *kin);
    struct mr_kin_effect effect = {.n = guesses->n};

    for (int i = 0; i < n; i++)
        kin[i] = flaws->found[first + i].image;
    mr_ids_sort(kin, n);
    for (int i = 0; i < guesses->n; i++) {
        bool is_correct = guesses->predicted[i] == labels[i];
        bool is_kin = mr_ids_find(kin, n, guesses->ids[i]) >= 0;

        effect.n_correct += is_correct;
        effect.n_kin += is_kin;
        effect.n_correct_kin += is_kin && is_correct;
    }
    free(kin);
    return effect;
}
