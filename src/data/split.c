/* SPDX-License-Identifier: MIT */
/*
 * The rule: rows that must stay together (equal group, equal content) form a unit. A unit with a
 * side keeps it. The others are taken in ascending order of a hash of (group or content, seed), and
 * each goes to validation if that brings its classes nearer to their targets, round(fraction * n)
 * of n images, and leaves each of them something to learn from; else to training. A class of two or
 * more that got nothing gets its smallest unit. So the outcome depends on what the images are,
 * never on names, order, or when they were added.
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

struct split {
    struct mr_image_row *rows;
    struct member *members; /* owned (n): the members of a unit follow one another */
    int n, n_classes;
    /* per class, and one more for rows whose class is not known; one block that n_all owns */
    int *n_all, *n_valid, *target;
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

/* Does the row count towards its class's numbers? What is gone or set aside for testing does not.
 */
static bool is_counted(const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING && row->side != MR_SIDE_TEST;
}

static void set_targets(struct split *split, double fraction)
{
    for (int i = 0; i < split->n; i++)
        split->n_all[class_of(split, &split->rows[i])] += is_counted(&split->rows[i]);
    for (int c = 0; c < split->n_classes; c++) {
        int n = split->n_all[c];
        int target = (int)lround(fraction * n);

        if (target > n - 1)
            target = n - 1;
        if (target < 1)
            target = n > 1;
        split->target[c] = target;
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

/* The side that the unit has already. Where its members are on both, training: validation must not
 * leak more. */
static enum mr_side given_side(const struct split *split, int first, int end)
{
    enum mr_side side = MR_SIDE_NONE;

    for (int i = first; i < end; i++) {
        enum mr_side has = member_row(split, i)->side;

        if (has == MR_SIDE_TRAIN || (has == MR_SIDE_VALID && side == MR_SIDE_NONE))
            side = has;
    }
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

/* Counts into n_valid what is in validation from the start, once the units with a side are
 * complete. */
static void keep_given(struct split *split)
{
    for (int i = 0, end; i < split->n; i = end) {
        enum mr_side side;

        end = unit_end(split, i);
        side = given_side(split, i, end);
        if (side != MR_SIDE_NONE)
            set_side(split, i, end, side);
    }
    for (int i = 0; i < split->n; i++)
        split->n_valid[class_of(split, &split->rows[i])] +=
            is_counted(&split->rows[i]) && split->rows[i].side == MR_SIDE_VALID;
}

/* Counts the members without a side into n_here. Returns how many of them are of class c. */
static int count_here(struct split *split, int first, int end, int c)
{
    for (int i = first; i < end; i++) {
        const struct mr_image_row *row = member_row(split, i);

        split->n_here[class_of(split, row)] += row->side == MR_SIDE_NONE && is_counted(row);
    }
    return split->n_here[c];
}

/*
 * How much nearer the classes come to their targets, together, if what count_here counted goes to
 * validation; INT_MIN if that would leave one of them nothing for training. Clears n_here.
 */
static int take_gain(struct split *split, int first, int end)
{
    int gain = 0;

    for (int i = first; i < end; i++) {
        int c = class_of(split, member_row(split, i));
        int n_valid = split->n_valid[c], n_here = split->n_here[c];

        split->n_here[c] = 0; /* each class once */
        if (!n_here || gain == INT_MIN)
            continue;
        if (n_valid + n_here >= split->n_all[c])
            gain = INT_MIN;
        else
            gain += abs(n_valid - split->target[c]) - abs(n_valid + n_here - split->target[c]);
    }
    return gain;
}

static void send_to_valid(struct split *split, int first, int end)
{
    for (int i = first; i < end; i++) {
        const struct mr_image_row *row = member_row(split, i);

        split->n_valid[class_of(split, row)] += row->side == MR_SIDE_NONE && is_counted(row);
    }
    set_side(split, first, end, MR_SIDE_VALID);
}

static void top_up(struct split *split)
{
    for (int i = 0, end; i < split->n; i = end) {
        end = unit_end(split, i);
        count_here(split, i, end, 0);
        if (take_gain(split, i, end) > 0)
            send_to_valid(split, i, end);
    }
}

/* Gives class c, which has nothing in validation, its smallest unit that may go there, if there is
 * one. */
static void give_smallest(struct split *split, int c)
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
        send_to_valid(split, best, unit_end(split, best));
}

void mr_split_assign(struct mr_image_row *rows, int n, int n_classes, uint64_t seed,
                     double valid_fraction)
{
    size_t k = (size_t)n_classes + 1;
    struct split split = {.rows = rows, .n = n, .n_classes = n_classes + 1};

    if (n == 0)
        return;
    assert(n_classes >= 0);
    split.members = mr_xalloc((size_t)n, sizeof *split.members);
    split.n_all = mr_xalloc(4 * k, sizeof *split.n_all);
    split.n_valid = split.n_all + k;
    split.target = split.n_all + 2 * k;
    split.n_here = split.n_all + 3 * k;

    find_members(&split, seed);
    set_targets(&split, valid_fraction);
    keep_given(&split);
    top_up(&split);
    for (int c = 0; c < split.n_classes; c++)
        if (split.n_all[c] > 1 && !split.n_valid[c])
            give_smallest(&split, c);
    set_side(&split, 0, n, MR_SIDE_TRAIN);
    free(split.n_all);
    free(split.members);
}
