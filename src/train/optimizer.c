/* SPDX-License-Identifier: MIT */
/* The optimisers: element by element in float with PyTorch's order of operations, split over the
 * pool. */
#include <misread/train/optimizer.h>

#include <math.h>

#include <misread/base/pool.h>

#define PART_FLOATS 65536

struct step {
    float *w, *m, *v;
    const float *dw;
    size_t n;
    float lr, momentum, weight_decay; /* SGD */
    float keep, beta1, beta2, eps;    /* AdamW; keep = 1 - lr * weight decay */
    float step_size, root_of_correction2;
    int is_first;
};

static void sgd_part(void *ctx, int task, int thread)
{
    const struct step *s = ctx;
    size_t first = (size_t)task * PART_FLOATS;
    size_t last = first + PART_FLOATS < s->n ? first + PART_FLOATS : s->n;

    for (size_t i = first; i < last; i++) {
        float d = s->dw[i] + s->weight_decay * s->w[i];
        float m = s->is_first ? d : s->momentum * s->m[i] + d;

        s->m[i] = m;
        s->w[i] -= s->lr * m;
    }
}

static void adamw_part(void *ctx, int task, int thread)
{
    const struct step *s = ctx;
    size_t first = (size_t)task * PART_FLOATS;
    size_t last = first + PART_FLOATS < s->n ? first + PART_FLOATS : s->n;
    float rest1 = 1 - s->beta1, rest2 = 1 - s->beta2;

    for (size_t i = first; i < last; i++) {
        float d = s->dw[i];
        float m = s->beta1 * s->m[i] + rest1 * d;
        float v = s->beta2 * s->v[i] + rest2 * d * d;

        s->m[i] = m;
        s->v[i] = v;
        s->w[i] =
            s->keep * s->w[i] - s->step_size * m / (sqrtf(v) / s->root_of_correction2 + s->eps);
    }
}

static void run(struct step *s, mr_pool_fn part, struct mr_pool *pool)
{
    mr_pool_run(pool, (int)((s->n + PART_FLOATS - 1) / PART_FLOATS), part, s);
}

void mr_sgd_step(float *w, const float *dw, float *m, size_t n, double lr, double momentum,
                 double weight_decay, int is_first, struct mr_pool *pool)
{
    struct step s = {.w = w, .dw = dw, .m = m, .n = n, .is_first = is_first};

    s.lr = (float)lr;
    s.momentum = (float)momentum;
    s.weight_decay = (float)weight_decay;
    run(&s, sgd_part, pool);
}

void mr_adamw_step(float *w, const float *dw, float *m, float *v, size_t n, double lr, double beta1,
                   double beta2, double eps, double weight_decay, int step, struct mr_pool *pool)
{
    struct step s = {.w = w, .dw = dw, .m = m, .v = v, .n = n};

    s.keep = (float)(1 - lr * weight_decay);
    s.beta1 = (float)beta1;
    s.beta2 = (float)beta2;
    s.eps = (float)eps;
    s.step_size = (float)(lr / (1 - pow(beta1, step)));
    s.root_of_correction2 = (float)sqrt(1 - pow(beta2, step));
    run(&s, adamw_part, pool);
}
