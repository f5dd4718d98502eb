/* SPDX-License-Identifier: MIT */
/*
 * The rule: rows that must stay together (equal group, equal content) form a unit. A unit with a
 * side keeps it. The others are taken in ascending order of a hash of (group or content, seed), and
 * each is drawn if that brings its classes nearer to their targets, round(fraction * n) of n
 * images, and leaves each of them enough; a class that got nothing although it has enough gets its
 * smallest unit. What is drawn first is set aside for testing, what is drawn then validates, and
 * the rest is trained on. So the outcome depends on what the images are, never on names, order, or
 * when they were added.
 */
#include <misread/data/split.h>

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/store/images.h>

/* Names the stream of random numbers that this file draws from. */
#define PURPOSE UINT64_C(0x73706c6974)

struct named {
    const char *name;
    int row;
};

struct member {
    uint64_t key; /* of its unit: the order in which units are taken */
    int unit;     /* the row that stands for the unit */
    int row;
};

/* What is being drawn. */
struct draw {
    enum mr_side side;
    double fraction;
    int n_left; /* images of each class that it has to leave */
};

struct split {
    struct mr_image_row *rows;
    struct member *members; /* owned (n): the members of a unit follow one another */
    int n, n_classes;
    struct draw draw;
    /* per class, and one more for rows whose class is not known; one block that n_all owns */
    int *n_all, *n_drawn, *target;
    int *n_here; /* of the unit being looked at; else all 0 */
};

static int class_of(const struct split *split, const struct mr_image_row *row)
{
    return row->class_id >= 0 ? row->class_id : split->n_classes - 1;
}

static int find_unit(int *parent, int row)
{
    while (parent[row] != row) {
        parent[row] = parent[parent[row]];
        row = parent[row];
    }
    return row;
}

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Joins the rows that bear the same name. names is (n) scratch. */
static void join_equal(int *parent, struct named *names, int n)
{
    qsort(names, (size_t)n, sizeof *names, compare_named);
    for (int i = 1; i < n; i++)
        if (*names[i].name && !strcmp(names[i].name, names[i - 1].name))
            parent[find_unit(parent, names[i].row)] = find_unit(parent, names[i - 1].row);
}

static uint64_t row_key(const struct mr_image_row *row, uint64_t seed)
{
    const char *name = row->group && *row->group ? row->group : row->hash;

    return mr_rng_make(seed, PURPOSE, mr_hash_fnv(name, strlen(name)), 0).key;
}

static int compare_members(const void *a, const void *b)
{
    const struct member *p = a, *q = b;

    if (p->key != q->key)
        return p->key < q->key ? -1 : 1;
    return (p->unit > q->unit) - (p->unit < q->unit);
}

/* Fills split->members: units in the order in which they are taken. */
static void find_members(struct split *split, uint64_t seed)
{
    size_t n = (size_t)split->n;
    int *parent = mr_xalloc(n, sizeof *parent);
    struct named *names = mr_xalloc(n, sizeof *names);
    uint64_t *keys = mr_xalloc(n, sizeof *keys);

    for (int i = 0; i < split->n; i++) {
        const char *group = split->rows[i].group;

        parent[i] = i;
        names[i] = (struct named){group ? group : "", i};
    }
    join_equal(parent, names, split->n);
    for (int i = 0; i < split->n; i++)
        names[i] = (struct named){split->rows[i].hash, i};
    join_equal(parent, names, split->n);

    /* The least key of a unit's members: the same whichever row happens to stand for it. */
    memset(keys, 0xff, n * sizeof *keys);
    for (int i = 0; i < split->n; i++) {
        int unit = find_unit(parent, i);
        uint64_t key = row_key(&split->rows[i], seed);

        keys[unit] = key < keys[unit] ? key : keys[unit];
    }
    for (int i = 0; i < split->n; i++) {
        int unit = find_unit(parent, i);

        split->members[i] = (struct member){keys[unit], unit, i};
    }
    qsort(split->members, n, sizeof *split->members, compare_members);
    free(keys);
    free(names);
    free(parent);
}

/* Does the row count towards its class's numbers? What is gone does not, nor, once the test images
 * are drawn, do they. */
static bool is_counted(const struct split *split, const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING &&
           (split->draw.side == MR_SIDE_TEST || row->side != MR_SIDE_TEST);
}

static void set_targets(struct split *split)
{
    for (int i = 0; i < split->n; i++) {
        const struct mr_image_row *row = &split->rows[i];
        int c = class_of(split, row);

        split->n_all[c] += is_counted(split, row);
        split->n_drawn[c] += is_counted(split, row) && row->side == split->draw.side;
    }
    for (int c = 0; c < split->n_classes; c++) {
        int most = split->n_all[c] - split->draw.n_left;
        int target = (int)lround(split->draw.fraction * split->n_all[c]);

        target = target > most ? most : target;
        split->target[c] = target < 1 ? most > 0 : target;
    }
}

/* The index behind the last member of the unit that begins at first. */
static int unit_end(const struct split *split, int first)
{
    int end = first + 1;

    while (end < split->n && split->members[end].unit == split->members[first].unit)
        end++;
    return end;
}

static struct mr_image_row *member_row(const struct split *split, int member)
{
    return &split->rows[split->members[member].row];
}

/* The side that the unit has already. Where its members are on several, training before validation
 * before testing: what is measured must not leak more. */
static enum mr_side given_side(const struct split *split, int first, int end)
{
    enum mr_side side = MR_SIDE_NONE;

    _Static_assert(MR_SIDE_TRAIN < MR_SIDE_VALID && MR_SIDE_VALID < MR_SIDE_TEST &&
                       MR_SIDE_TEST < MR_SIDE_NONE,
                   "sides are in the order in which they count");
    for (int i = first; i < end; i++)
        if (member_row(split, i)->side < side)
            side = member_row(split, i)->side;
    return side;
}

static void set_side(struct split *split, int first, int end, enum mr_side side)
{
    for (int i = first; i < end; i++) {
        struct mr_image_row *row = member_row(split, i);

        if (row->side == MR_SIDE_NONE)
            row->side = side;
    }
}

/* Completes the units that have a side. */
static void keep_given(struct split *split)
{
    for (int i = 0, end; i < split->n; i = end) {
        end = unit_end(split, i);
        set_side(split, i, end, given_side(split, i, end));
    }
}

/* Counts the members without a side into n_here. Returns how many of them are of class c. */
static int count_here(struct split *split, int first, int end, int c)
{
    for (int i = first; i < end; i++) {
        const struct mr_image_row *row = member_row(split, i);

        split->n_here[class_of(split, row)] += row->side == MR_SIDE_NONE && is_counted(split, row);
    }
    return split->n_here[c];
}

/*
 * How much nearer the classes come to their targets, together, if what count_here counted is drawn;
 * INT_MIN if that would not leave one of them enough. Clears n_here.
 */
static int take_gain(struct split *split, int first, int end)
{
    int gain = 0;

    for (int i = first; i < end; i++) {
        int c = class_of(split, member_row(split, i));
        int n_drawn = split->n_drawn[c], n_here = split->n_here[c];

        split->n_here[c] = 0; /* each class once */
        if (!n_here || gain == INT_MIN)
            continue;
        if (n_drawn + n_here > split->n_all[c] - split->draw.n_left)
            gain = INT_MIN;
        else
            gain += abs(n_drawn - split->target[c]) - abs(n_drawn + n_here - split->target[c]);
    }
    return gain;
}

static void take(struct split *split, int first, int end)
{
    for (int i = first; i < end; i++) {
        const struct mr_image_row *row = member_row(split, i);

        split->n_drawn[class_of(split, row)] += row->side == MR_SIDE_NONE && is_counted(split, row);
    }
    set_side(split, first, end, split->draw.side);
}

static void top_up(struct split *split)
{
    for (int i = 0, end; i < split->n; i = end) {
        end = unit_end(split, i);
        count_here(split, i, end, 0);
        if (take_gain(split, i, end) > 0)
            take(split, i, end);
    }
}

/* Draws of class c, of which nothing is drawn, its smallest unit that may be, if there is one. */
static void take_smallest(struct split *split, int c)
{
    int best = -1, best_n = INT_MAX;

    for (int i = 0, end; i < split->n; i = end) {
        int n_here;

        end = unit_end(split, i);
        n_here = count_here(split, i, end, c);
        if (take_gain(split, i, end) != INT_MIN && n_here > 0 && n_here < best_n) {
            best = i;
            best_n = n_here;
        }
    }
    if (best >= 0)
        take(split, best, unit_end(split, best));
}

static void draw(struct split *split, const struct draw *draw)
{
    split->draw = *draw;
    memset(split->n_all, 0, 4 * (size_t)split->n_classes * sizeof *split->n_all);
    set_targets(split);
    top_up(split);
    for (int c = 0; c < split->n_classes; c++)
        if (split->target[c] > 0 && !split->n_drawn[c])
            take_smallest(split, c);
}

void mr_split_assign(struct mr_image_row *rows, int n, int n_classes,
                     const struct mr_split_options *options)
{
    /* a test image leaves one to learn from and one to validate with */
    const struct draw test = {MR_SIDE_TEST, options->test_fraction, 2};
    const struct draw valid = {MR_SIDE_VALID, options->valid_fraction, 1};
    size_t k = (size_t)n_classes + 1;
    struct split split = {.rows = rows, .n = n, .n_classes = n_classes + 1};

    if (n == 0)
        return;
    assert(n_classes >= 0);
    split.members = mr_xalloc((size_t)n, sizeof *split.members);
    split.n_all = mr_xalloc(4 * k, sizeof *split.n_all);
    split.n_drawn = split.n_all + k;
    split.target = split.n_all + 2 * k;
    split.n_here = split.n_all + 3 * k;

    find_members(&split, options->seed);
    keep_given(&split);
    if (options->test_fraction > 0)
        draw(&split, &test);
    draw(&split, &valid);
    set_side(&split, 0, n, MR_SIDE_TRAIN);
    free(split.n_all);
    free(split.members);
}
