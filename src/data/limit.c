/* SPDX-License-Identifier: MIT */
/* Of each class and side the images with the least hashes are kept. */
#include <misread/data/limit.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/rng.h>
#include <misread/store/images.h>

/* Names the stream of random numbers that this file draws from. */
#define PURPOSE UINT64_C(0x6c696d6974)

struct keyed {
    uint64_t key;
    struct mr_image_row *row;
};

/* How many images of a class there are, and then how many may still be kept. */
struct quota {
    int n[2]; /* by MR_SIDE_TRAIN, MR_SIDE_VALID */
};

static int compare_keyed(const void *left, const void *right)
{
    const struct keyed *a = left, *b = right;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return strcmp(a->row->path, b->row->path); /* exact copies */
}

static struct quota *quota_of(struct quota *quotas, int n_classes, const struct mr_image_row *row)
{
    return &quotas[row->class_id >= 0 ? row->class_id : n_classes];
}

static int between(int least, int n, int most)
{
    n = n < least ? least : n;
    return n > most ? most : n;
}

/* From what there is to what may be kept. Validation rounds and training takes the rest, so that
 * neither gets less by a larger limit. */
static void set_quota(struct quota *quota, double limit)
{
    int n_train = quota->n[MR_SIDE_TRAIN], n_valid = quota->n[MR_SIDE_VALID];
    int n_all = n_train + n_valid;
    double wanted = fmin(limit < 1 ? round(limit * n_all) : floor(limit), n_all);
    int n_kept = n_all ? (int)lround(wanted * n_valid / n_all) : 0;

    quota->n[MR_SIDE_VALID] = between(n_valid > 0, n_kept, n_valid);
    quota->n[MR_SIDE_TRAIN] = between(n_train > 0, (int)wanted - n_kept, n_train);
}

/* Does the row take part in a run at all? */
static int takes_part(const struct mr_image_row *row)
{
    return row->state != MR_IMAGE_MISSING &&
           (row->side == MR_SIDE_TRAIN || row->side == MR_SIDE_VALID);
}

void mr_limit_apply(struct mr_image_row *rows, int n, int n_classes, uint64_t seed, double limit)
{
    struct keyed *keyed;
    struct quota *quotas;
    int n_keyed = 0;

    if (!(limit > 0))
        return;
    keyed = mr_xalloc((size_t)n + 1, sizeof *keyed);
    quotas = mr_xalloc((size_t)n_classes + 1, sizeof *quotas);
    for (int i = 0; i < n; i++) {
        if (!takes_part(&rows[i])) {
            rows[i].side = MR_SIDE_NONE;
            continue;
        }
        quota_of(quotas, n_classes, &rows[i])->n[rows[i].side]++;
        keyed[n_keyed++] = (struct keyed){
            mr_rng_make(seed, PURPOSE, mr_hash_fnv(rows[i].hash, strlen(rows[i].hash)), 0).key,
            &rows[i]};
    }
    for (int c = 0; c <= n_classes; c++)
        set_quota(&quotas[c], limit);
    qsort(keyed, (size_t)n_keyed, sizeof *keyed, compare_keyed);
    for (int i = 0; i < n_keyed; i++) {
        struct quota *quota = quota_of(quotas, n_classes, keyed[i].row);

        if (quota->n[keyed[i].row->side]-- <= 0)
            keyed[i].row->side = MR_SIDE_NONE;
    }
    free(quotas);
    free(keyed);
}
