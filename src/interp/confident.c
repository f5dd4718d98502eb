/* SPDX-License-Identifier: MIT */
/* The confident joint, and from it how many images of each label go to which class; the likeliest
 * so many are flagged. */
#include <misread/interp/confident.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

#define SLACK         1e-6
#define MIN_THRESHOLD 2e-6
#define NEVER         2.

/* What is worked with; the arrays are (n, k) and (k). */
struct learning {
    const struct mr_predictions *predictions;
    struct mr_confident *found;
    int n, k;
    float *p;      /* probabilities; owned */
    int *n_labels; /* images of each label; owned */
};

static const float *row_of(const struct learning *l, int i)
{
    return l->p + (size_t)i * (size_t)l->k;
}

static void find_thresholds(struct learning *l)
{
    double *t = l->found->thresholds;

    for (int i = 0; i < l->n; i++) {
        int given = l->predictions->labels[i];

        t[given] += (double)row_of(l, i)[given];
        l->n_labels[given]++;
    }
    for (int c = 0; c < l->k; c++)
        t[c] = l->n_labels[c] ? fmax(t[c] / l->n_labels[c], MIN_THRESHOLD) : NEVER;
}

/* The class that the image counts as, or -1: probable enough for none. */
static int guess(const struct learning *l, int i)
{
    const float *p = row_of(l, i);
    int n_confident = 0, last = -1;

    for (int c = 0; c < l->k; c++)
        if ((double)p[c] >= l->found->thresholds[c] - SLACK) {
            n_confident++;
            last = c;
        }
    return n_confident > 1 ? mr_argmax(p, l->k) : last;
}

static void count_guesses(struct learning *l)
{
    int *joint = l->found->joint, k = l->k;

    for (int i = 0; i < l->n; i++) {
        int c = guess(l, i);

        if (c >= 0)
            joint[l->predictions->labels[i] * k + c]++;
    }
    for (int c = 0; c < k; c++)
        joint[c * k + c] += !joint[c * k + c];
}

/* The place where rounding took the most (direction 1) or gave the most (-1). */
static int worst_rounded(const double *exact, const int *row, int k, int direction)
{
    int worst = 0;

    for (int c = 1; c < k; c++) {
        double more = (exact[c] - row[c]) - (exact[worst] - row[worst]);

        if (direction > 0 ? more >= 0 : more < 0)
            worst = c;
    }
    return worst;
}

/* Whole numbers as near as can be to exact ones, with the given sum. */
static void round_row(int *row, const double *exact, int k, int sum)
{
    int left = sum;

    for (int c = 0; c < k; c++) {
        row[c] = (int)lrint(exact[c]);
        left -= row[c];
    }
    for (; left; left -= left > 0 ? 1 : -1)
        row[worst_rounded(exact, row, k, left)] += left > 0 ? 1 : -1;
}

/* Each row is stretched to as many images as have the label: those that counted as nothing are
 * shared out like the others. */
static void calibrate(struct learning *l)
{
    int k = l->k;
    double *exact = mr_xalloc((size_t)k, sizeof *exact);

    for (int given = 0; given < k; given++) {
        int *row = l->found->joint + (size_t)given * (size_t)k, sum = 0;

        for (int c = 0; c < k; c++)
            sum += row[c];
        for (int c = 0; c < k; c++)
            exact[c] = (double)row[c] / sum * l->n_labels[given];
        round_row(row, exact, k, l->n_labels[given]);
    }
    free(exact);
}

/* ---- pruning ---- */

struct candidate {
    int index;
    double margin; /* how much more probable the other class is than the label */
};

/* By margin, ties by the lower index. */
static bool is_worse(const struct candidate *a, const struct candidate *b)
{
    return a->margin != b->margin ? a->margin > b->margin : a->index < b->index;
}

/* Lets a candidate sink from the top of a heap in which the least bad is above. */
static void sink(struct candidate *heap, int n, struct candidate c)
{
    int at = 0;

    for (int child = 1; child < n; child = 2 * at + 1) {
        child += child + 1 < n && is_worse(&heap[child], &heap[child + 1]);
        if (!is_worse(&c, &heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = c;
}

/* Puts one more into a heap of n. */
static void rise(struct candidate *heap, int n, struct candidate c)
{
    int at = n;

    for (; at > 0 && is_worse(&heap[(at - 1) / 2], &c); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = c;
}

/* How many images with the label are to be taken for the other class. Where not one would keep its
 * label, one less of each other: cleanlab takes the one that is to be left from all of them in
 * equal shares, and cuts off the fractions. */
static int n_to_prune(const struct mr_confident *found, int given, int other)
{
    int n = found->joint[given * found->n_classes + other];
    bool leaves_none = !found->joint[given * found->n_classes + given];

    return n > 0 && leaves_none ? n - 1 : n;
}

/* members: the images with the label. heap: room for as many. Of a hundred classes there are ten
 * thousand such pairs, of which most want a few images: none sorts its members. */
static void prune(struct learning *l, const int *members, int n_members, int given, int other,
                  struct candidate *heap)
{
    int n = n_to_prune(l->found, given, other), n_kept = 0;

    for (int i = 0; i < n_members && n; i++) {
        const float *p = row_of(l, members[i]);
        struct candidate c = {members[i], (double)p[other] - (double)p[given]};

        if (n_kept < n)
            rise(heap, n_kept++, c);
        else if (is_worse(&c, &heap[0]))
            sink(heap, n, c);
    }
    for (int i = 0; i < n_kept; i++)
        l->found->flags[heap[i].index] = 1;
}

static void prune_all(struct learning *l)
{
    int *members = mr_xalloc((size_t)l->n + 1, sizeof *members);
    struct candidate *heap = mr_xalloc((size_t)l->n + 1, sizeof *heap);

    for (int given = 0; given < l->k; given++) {
        int n = 0;

        for (int i = 0; i < l->n; i++)
            if (l->predictions->labels[i] == given)
                members[n++] = i;
        for (int other = 0; other < l->k; other++)
            if (other != given)
                prune(l, members, n, given, other, heap);
    }
    free(heap);
    free(members);
}

/* Nobody is accused of a label that the network reads as well. */
static void absolve(struct learning *l)
{
    struct mr_confident *found = l->found;

    for (int i = 0; i < l->n; i++) {
        const float *p = row_of(l, i);
        double top = (double)p[mr_argmax(p, l->k)];

        if (top <= (double)p[l->predictions->labels[i]] + SLACK)
            found->flags[i] = 0;
        found->n_flagged += found->flags[i];
    }
}

struct mr_confident *mr_confident_of(const struct mr_predictions *predictions)
{
    struct mr_confident *found = mr_xalloc(1, sizeof *found);
    size_t n = (size_t)predictions->n, k = (size_t)predictions->n_classes;
    struct learning l = {predictions, found, predictions->n, predictions->n_classes, NULL, NULL};

    found->n = l.n;
    found->n_classes = l.k;
    found->thresholds = mr_xalloc(k, sizeof *found->thresholds);
    found->joint = mr_xalloc(k * k, sizeof *found->joint);
    found->flags = mr_xalloc(n + 1, sizeof *found->flags);
    l.p = mr_xalloc(n * k + 1, sizeof *l.p);
    l.n_labels = mr_xalloc(k, sizeof *l.n_labels);
    for (size_t i = 0; i < n; i++)
        mr_softmax(predictions->logits + i * k, l.k, l.p + i * k);
    find_thresholds(&l);
    count_guesses(&l);
    calibrate(&l);
    prune_all(&l);
    absolve(&l);
    free(l.p);
    free(l.n_labels);
    return found;
}

void mr_confident_destroy(struct mr_confident *confident)
{
    if (!confident)
        return;
    free(confident->thresholds);
    free(confident->joint);
    free(confident->flags);
    free(confident);
}

/* ---- what it says of classes ---- */

static double share_of_others(int own, int all)
{
    return all ? 1 - (double)own / all : (double)NAN;
}

struct mr_class_noise mr_confident_class(const struct mr_confident *confident,
                                         const struct mr_predictions *predictions, int class_id)
{
    int k = confident->n_classes, own = confident->joint[class_id * k + class_id], n_estimated = 0;
    struct mr_class_noise noise = {0};

    for (int i = 0; i < confident->n; i++) {
        noise.n += predictions->labels[i] == class_id;
        noise.n_flagged += predictions->labels[i] == class_id && confident->flags[i];
    }
    for (int c = 0; c < k; c++)
        n_estimated += confident->joint[c * k + class_id];
    noise.noise = share_of_others(own, noise.n);
    noise.missed = share_of_others(own, n_estimated);
    return noise;
}

double mr_confident_health(const struct mr_confident *confident)
{
    int k = confident->n_classes, n_right = 0;

    for (int c = 0; c < k; c++)
        n_right += confident->joint[c * k + c];
    return confident->n ? (double)n_right / confident->n : (double)NAN;
}
