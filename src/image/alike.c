/* SPDX-License-Identifier: MIT */
/*
 * Four quarters of 16 bits: of two hashes that differ in at most 11 bits one quarter differs in at
 * most 2 (Norouzi, Punjani, Fleet: Fast search in Hamming space with multi-index hashing, 2012). So
 * each item looks, in every quarter, into the buckets of the 137 keys that are that near.
 */
#include <misread/image/alike.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/image/measure.h>

#define N_QUARTERS 4
#define KEY_BITS   16
#define N_KEYS     (1 << KEY_BITS)
#define N_PROBES   (1 + KEY_BITS + KEY_BITS * (KEY_BITS - 1) / 2)

_Static_assert(MR_ALIKE_BITS < 3 * N_QUARTERS, "a quarter may differ in two bits, not in three");

/* --- two pictures ---------------------------------------------------------------------------- */

/* Pearson's, of grey levels: blind to brightness and contrast. A flat picture is like none. */
static double correlation(const unsigned char *a, const unsigned char *b)
{
    const double n = MR_THUMB_BYTES;
    double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0, spread;

    for (int i = 0; i < MR_THUMB_BYTES; i++) {
        sum_a += a[i];
        sum_b += b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    spread = (aa - sum_a * sum_a / n) * (bb - sum_b * sum_b / n);
    return spread > 0 ? (ab - sum_a * sum_b / n) / sqrt(spread) : 0;
}

bool mr_alike_is(const struct mr_likeness *a, const struct mr_likeness *b)
{
    return __builtin_popcountll(a->look ^ b->look) <= MR_ALIKE_BITS &&
           correlation(a->thumb, b->thumb) >= MR_ALIKE_CORRELATION;
}

/* --- all pictures ---------------------------------------------------------------------------- */

static int find(int *cluster, int item)
{
    while (cluster[item] != item) {
        cluster[item] = cluster[cluster[item]];
        item = cluster[item];
    }
    return item;
}

static void join(int *cluster, int a, int b)
{
    a = find(cluster, a);
    b = find(cluster, b);
    if (a < b)
        cluster[b] = a;
    else
        cluster[a] = b;
}

static int key_of(const struct mr_likeness *item, int quarter)
{
    return (int)(item->look >> (quarter * KEY_BITS) & (N_KEYS - 1));
}

/* The items so far by their key in one quarter, the last one first. */
struct buckets {
    int *last;     /* owned (N_KEYS): item + 1, 0 none */
    int *previous; /* owned (n): likewise */
};

#define MOST_OF_A_CLUSTER 8 /* in a bucket: a film would fill it otherwise */

static void list_probes(int probes[N_PROBES])
{
    int n = 0;

    probes[n++] = 0;
    for (int i = 0; i < KEY_BITS; i++) {
        probes[n++] = 1 << i;
        for (int j = 0; j < i; j++)
            probes[n++] = 1 << i | 1 << j;
    }
}

/* With what is in a bucket, and only where that says something new. Returns how many of the item's
 * cluster are there. */
static int compare(int *cluster, const struct mr_likeness *items, int item,
                   const struct buckets *buckets, int key)
{
    int n = 0;

    for (int at = buckets->last[key]; at; at = buckets->previous[at - 1]) {
        const struct mr_likeness *other = &items[at - 1];
        bool is_near = __builtin_popcountll(items[item].look ^ other->look) <= MR_ALIKE_BITS;

        if (is_near && find(cluster, item) != find(cluster, at - 1) &&
            mr_alike_is(&items[item], other))
            join(cluster, item, at - 1);
        n += is_near && find(cluster, item) == find(cluster, at - 1);
    }
    return n;
}

/* Each of the chosen items with those before it. */
static void cluster_quarter(int *cluster, const int *exact, const struct mr_likeness *items, int n,
                            int quarter, struct buckets *buckets)
{
    int probes[N_PROBES];

    list_probes(probes);
    memset(buckets->last, 0, N_KEYS * sizeof *buckets->last);
    for (int i = 0; i < n; i++) {
        int key = key_of(&items[i], quarter), n_here;

        if (exact[i] != i || items[i].says_little)
            continue;
        n_here = compare(cluster, items, i, buckets, key);
        for (int p = 1; p < N_PROBES; p++)
            compare(cluster, items, i, buckets, key ^ probes[p]);
        if (n_here >= MOST_OF_A_CLUSTER)
            continue;
        buckets->previous[i] = buckets->last[key];
        buckets->last[key] = i + 1;
    }
}

/* An item by its pixels. */
struct handle {
    const char *pixels;
    int item;
};

static int compare_handles(const void *left, const void *right)
{
    const struct handle *a = left, *b = right;
    int order = strcmp(a->pixels, b->pixels);

    return order ? order : (a->item > b->item) - (a->item < b->item);
}

static void find_exact(int *exact, const struct mr_likeness *items, int n)
{
    struct handle *handles = mr_xalloc((size_t)n + 1, sizeof *handles);

    for (int i = 0; i < n; i++)
        handles[i] = (struct handle){items[i].pixels, i};
    qsort(handles, (size_t)n, sizeof *handles, compare_handles);
    for (int i = 0; i < n; i++) {
        bool is_copy = i && !strcmp(handles[i].pixels, handles[i - 1].pixels);

        exact[handles[i].item] = is_copy ? exact[handles[i - 1].item] : handles[i].item;
    }
    free(handles);
}

void mr_alike_cluster(int *cluster, int *exact, const struct mr_likeness *items, int n)
{
    struct buckets buckets = {.last = mr_xalloc(N_KEYS, sizeof *buckets.last),
                              .previous = mr_xalloc((size_t)n + 1, sizeof *buckets.previous)};

    find_exact(exact, items, n);
    for (int i = 0; i < n; i++)
        cluster[i] = exact[i];
    for (int quarter = 0; quarter < N_QUARTERS; quarter++)
        cluster_quarter(cluster, exact, items, n, quarter, &buckets);
    for (int i = 0; i < n; i++)
        cluster[i] = find(cluster, i);
    free(buckets.previous);
    free(buckets.last);
}
