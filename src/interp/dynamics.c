/* SPDX-License-Identifier: MIT */
/* Means and counts that one epoch after the other goes into: the epochs need not be in memory
 * together. */
#include <misread/interp/dynamics.h>

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/interp/ranking.h>
#include <misread/store/runs.h>

struct mr_dynamics *mr_dynamics_create(int n_classes)
{
    struct mr_dynamics *dynamics = mr_xalloc(1, sizeof *dynamics);

    dynamics->n_classes = n_classes;
    return dynamics;
}

void mr_dynamics_destroy(struct mr_dynamics *dynamics)
{
    if (!dynamics)
        return;
    free(dynamics->traces);
    free(dynamics->sums);
    free(dynamics);
}

/* The label's logit less the largest other one. */
static double margin_of(const float *logits, int k, int label)
{
    float other = -FLT_MAX;

    for (int c = 0; c < k; c++)
        if (c != label && logits[c] > other)
            other = logits[c];
    return (double)logits[label] - (double)other;
}

/* One more answer, by Welford's update (1962). */
static void follow(struct mr_trace *t, double *sums, const float *logits, float *p, int k)
{
    bool is_correct = mr_softmax(logits, k, p) == t->label;
    double deviation = (double)p[t->label] - t->confidence;

    t->n++;
    t->n_correct += is_correct;
    t->n_forgotten += t->was_correct && !is_correct;
    t->was_correct = is_correct;
    t->confidence += deviation / t->n;
    t->spread += deviation * ((double)p[t->label] - t->confidence);
    t->aum += (margin_of(logits, k, t->label) - t->aum) / t->n;
    for (int c = 0; c < k; c++)
        sums[c] += (double)p[c];
}

/* Makes room for images that no epoch was asked about before. Both lists ascend. */
static void admit(struct mr_dynamics *d, const struct mr_predictions *epoch)
{
    size_t k = (size_t)d->n_classes, room = (size_t)d->n + (size_t)epoch->n + 1;
    struct mr_trace *traces = mr_xalloc(room, sizeof *traces);
    double *sums = mr_xalloc(room * k, sizeof *sums);
    int n = 0;

    for (int i = 0, j = 0; i < d->n || j < epoch->n; n++) {
        bool is_known = i < d->n && (j == epoch->n || d->traces[i].image <= epoch->ids[j]);

        if (is_known) {
            j += j < epoch->n && d->traces[i].image == epoch->ids[j];
            memcpy(sums + (size_t)n * k, d->sums + (size_t)i * k, k * sizeof *sums);
            traces[n] = d->traces[i++];
        } else {
            traces[n] = (struct mr_trace){.image = epoch->ids[j], .label = epoch->labels[j]};
            j++;
        }
    }
    free(d->traces);
    free(d->sums);
    d->traces = traces;
    d->sums = sums;
    d->n = n;
}

static bool knows_all(const struct mr_dynamics *d, const struct mr_predictions *epoch)
{
    int j = 0;

    for (int i = 0; i < d->n && j < epoch->n; i++)
        j += d->traces[i].image == epoch->ids[j];
    return j == epoch->n;
}

void mr_dynamics_add(struct mr_dynamics *dynamics, const struct mr_predictions *epoch)
{
    struct mr_dynamics *d = dynamics;
    size_t k = (size_t)d->n_classes;
    float *p = mr_xalloc(k, sizeof *p);

    assert(epoch->n_classes == d->n_classes);
    if (!knows_all(d, epoch))
        admit(d, epoch);
    for (int i = 0, j = 0; j < epoch->n; i++)
        if (d->traces[i].image == epoch->ids[j]) {
            follow(&d->traces[i], d->sums + (size_t)i * k, epoch->logits + (size_t)j * k, p,
                   d->n_classes);
            j++;
        }
    free(p);
}

static int by_image(const void *key, const void *item)
{
    int64_t image = *(const int64_t *)key, other = ((const struct mr_trace *)item)->image;

    return (image > other) - (image < other);
}

const struct mr_trace *mr_dynamics_find(const struct mr_dynamics *dynamics, int64_t image)
{
    if (!dynamics->n)
        return NULL;
    return bsearch(&image, dynamics->traces, (size_t)dynamics->n, sizeof *dynamics->traces,
                   by_image);
}

double mr_trace_variability(const struct mr_trace *trace)
{
    return trace->n ? sqrt(trace->spread / trace->n) : 0;
}

int mr_dynamics_suggested(const struct mr_dynamics *dynamics, int index)
{
    const double *sums = dynamics->sums + (size_t)index * (size_t)dynamics->n_classes;
    int best = 0;

    for (int c = 1; c < dynamics->n_classes; c++)
        if (sums[c] > sums[best])
            best = c;
    return best;
}
