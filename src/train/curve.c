/* SPDX-License-Identifier: MIT */
/* Where a sweep of rates goes, where it ends, and what is read off it. */
#include <misread/train/curve.h>

#include <assert.h>
#include <math.h>

#define LR_FIRST  1e-7
#define LR_LAST   10
#define BETA      .98
#define MAX_RATIO 4 /* to the least loss so far */

#define N_END 5 /* points left out there: the loss explodes; one not finite is the last */

#define SLIDE_WIDTH     15
#define SLIDE_THRESHOLD .005

void mr_curve_init(struct mr_curve *curve, int n_planned)
{
    assert(n_planned >= MR_CURVE_MIN && n_planned <= MR_CURVE_MAX);
    curve->n_planned = n_planned;
    curve->n = 0;
    curve->mean = 0;
    curve->least = INFINITY;
}

double mr_curve_lr(const struct mr_curve *curve)
{
    return LR_FIRST * pow(LR_LAST / LR_FIRST, (double)curve->n / curve->n_planned);
}

bool mr_curve_add(struct mr_curve *curve, double loss)
{
    struct mr_curve_point point = {.lr = mr_curve_lr(curve), .loss = loss};

    assert(curve->n < curve->n_planned);
    curve->mean = BETA * curve->mean + (1 - BETA) * loss;
    point.smoothed = curve->mean / (1 - pow(BETA, curve->n + 1));
    curve->points[curve->n++] = point;
    if (point.smoothed < curve->least)
        curve->least = point.smoothed;
    return isfinite(point.smoothed) && point.smoothed <= MAX_RATIO * curve->least &&
           curve->n < curve->n_planned;
}

/* ---- suggestions: p (n), n at least as asked for in the table ---- */

/* fastai counts the fall's beginning back from its end, by its length: not where it began, and one
 * before the first point if all of it falls. */
static double valley(const struct mr_curve_point *p, int n)
{
    int longest[MR_CURVE_MAX]; /* falling sequence that ends at i */
    int end = 0, start = 0;
    double third;

    for (int i = 0; i < n; i++) {
        longest[i] = 1;
        for (int j = 0; j < i; j++)
            if (p[i].smoothed < p[j].smoothed && longest[i] <= longest[j])
                longest[i] = longest[j] + 1;
        if (longest[i] > longest[end]) {
            end = i;
            start = end - longest[end];
        }
    }
    third = (end - start) / 3.;
    return p[start + (int)third + (int)(third / 2)].lr;
}

static double steep(const struct mr_curve_point *p, int n)
{
    double least = INFINITY, lr = p[0].lr;

    for (int i = 0; i + 1 < n; i++) {
        double slope = (p[i + 1].smoothed - p[i].smoothed) / (log(p[i + 1].lr) - log(p[i].lr));

        if (slope < least) {
            least = slope;
            lr = p[i].lr;
        }
    }
    return lr;
}

static double minimum(const struct mr_curve_point *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (p[i].smoothed < p[best].smoothed)
            best = i;
    return p[best].lr / 10;
}

/* Central difference per step, one-sided at both ends. */
static double slope_at(const struct mr_curve_point *p, int n, int i)
{
    int before = i > 0 ? i - 1 : i, after = i < n - 1 ? i + 1 : i;

    return (p[after].smoothed - p[before].smoothed) / (after - before);
}

static double slide(const struct mr_curve_point *p, int n)
{
    int right = n - 1, left = right - SLIDE_WIDTH;
    double lr = p[left].lr;

    while (left >= 0 && fabs(slope_at(p, n, right) - slope_at(p, n, left)) > SLIDE_THRESHOLD) {
        lr = p[left].lr;
        right--;
        left--;
    }
    return lr;
}

static double gradient(const struct mr_curve_point *p, int n)
{
    int best = 0;

    for (int i = 1; i < n; i++)
        if (slope_at(p, n, i) < slope_at(p, n, best))
            best = i;
    return p[best].lr;
}

static const struct suggestion {
    const char *text, *meaning;
} suggestions[] = {
#define X(name, text, meaning) {text, meaning},
    MR_CURVE_SUGGESTION_LIST(X)
#undef X
};

static const struct reading {
    double (*read)(const struct mr_curve_point *p, int n);
    int min_points;
    bool is_v1; /* leaves out the first 10 points; v2 a tenth of those planned */
} readings[MR_N_CURVE_SUGGESTION] = {
    [MR_CURVE_VALLEY] = {valley, 3, false},    [MR_CURVE_STEEP] = {steep, 2, false},
    [MR_CURVE_MINIMUM] = {minimum, 1, false},  [MR_CURVE_SLIDE] = {slide, SLIDE_WIDTH + 1, false},
    [MR_CURVE_GRADIENT] = {gradient, 2, true}, [MR_CURVE_TENTH] = {minimum, 1, true},
};

double mr_curve_suggest(const struct mr_curve *curve, enum mr_curve_suggestion suggestion)
{
    const struct reading *r = &readings[suggestion];
    int begin = r->is_v1 ? 10 : curve->n_planned / 10;
    int n = curve->n - N_END - begin;

    return n < r->min_points ? NAN : r->read(curve->points + begin, n);
}

const char *mr_curve_suggestion_text(enum mr_curve_suggestion suggestion)
{
    return suggestions[suggestion].text;
}

const char *mr_curve_suggestion_meaning(enum mr_curve_suggestion suggestion)
{
    return suggestions[suggestion].meaning;
}
