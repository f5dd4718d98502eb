/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <misread/kernel/maxpool.h>

static const int shapes[][4] = {{1, 1, 1, 1},  {2, 2, 2, 3},  {1, 5, 7, 4},
                                {3, 8, 6, 13}, {2, 9, 10, 8}, {1, 1, 5, 2}};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

struct problem {
    int n, h, w, c, h_out, w_out;
    size_t n_x, n_y;
    float *x, *y, *dy, *dx;
    uint8_t *index;
};

/* A shuffled ladder: all values differ by 0.01, so a step of 0.001 never changes who wins. */
static struct problem make_problem(const int *s)
{
    struct problem p = {s[0], s[1], s[2], s[3], mr_maxpool_out(s[1]), mr_maxpool_out(s[2])};
    struct mr_rng rng = mr_rng_make(5, 0, 0, 0);
    int *order;

    p.n_x = (size_t)(p.n * p.h * p.w * p.c);
    p.n_y = (size_t)(p.n * p.h_out * p.w_out * p.c);
    order = malloc(p.n_x * sizeof *order);
    p.x = malloc(p.n_x * sizeof *p.x);
    for (size_t i = 0; i < p.n_x; i++)
        order[i] = (int)i;
    mr_rng_shuffle(&rng, order, p.n_x);
    for (size_t i = 0; i < p.n_x; i++)
        p.x[i] = (float)(order[i] * .01 - 1);
    free(order);
    p.y = nan_floats(p.n_y);
    p.dx = nan_floats(p.n_x);
    p.dy = random_floats(p.n_y, 2);
    p.index = malloc(p.n_y);
    return p;
}

static void free_problem(struct problem *p)
{
    free(p->x);
    free(p->y);
    free(p->dx);
    free(p->dy);
    free(p->index);
}

static float largest_in_window(const struct problem *p, int image, int oy, int ox, int c)
{
    float most = -INFINITY;

    for (int y = oy * 2 - 1; y <= oy * 2 + 1; y++)
        for (int x = ox * 2 - 1; x <= ox * 2 + 1; x++)
            if (y >= 0 && y < p->h && x >= 0 && x < p->w)
                most = fmaxf(most, p->x[((image * p->h + y) * p->w + x) * p->c + c]);
    return most;
}

static void takes_the_largest_of_each_window(void **state)
{
    struct mr_pool *pool = make_pool(2);

    for (int k = 0; k < N_SHAPES; k++) {
        struct problem p = make_problem(shapes[k]);
        float *without_index = nan_floats(p.n_y);
        size_t i = 0;

        mr_maxpool_forward(p.y, p.index, p.x, p.n, p.h, p.w, p.c, pool);
        mr_maxpool_forward(without_index, NULL, p.x, p.n, p.h, p.w, p.c, pool);
        for (int image = 0; image < p.n; image++)
            for (int oy = 0; oy < p.h_out; oy++)
                for (int ox = 0; ox < p.w_out; ox++)
                    for (int c = 0; c < p.c; c++)
                        assert_true(p.y[i++] == largest_in_window(&p, image, oy, ox, c));
        assert_memory_equal(p.y, without_index, p.n_y * sizeof *p.y);
        free(without_index);
        free_problem(&p);
    }
    mr_pool_destroy(pool);
}

static double loss_at(struct problem *p)
{
    mr_maxpool_forward(p->y, NULL, p->x, p->n, p->h, p->w, p->c, NULL);
    return dot(p->dy, p->y, p->n_y);
}

static void has_the_gradient_of_central_differences(void **state)
{
    struct mr_pool *pool = make_pool(2);

    for (int k = 0; k < N_SHAPES; k++) {
        struct problem p = make_problem(shapes[k]);

        mr_maxpool_forward(p.y, p.index, p.x, p.n, p.h, p.w, p.c, pool);
        mr_maxpool_backward(p.dx, p.dy, p.index, p.n, p.h, p.w, p.c, pool);
        for (size_t i = 0; i < p.n_x; i++) {
            float old = p.x[i];
            double up, down;

            p.x[i] = old + .001f;
            up = loss_at(&p);
            p.x[i] = old - .001f;
            down = loss_at(&p);
            p.x[i] = old;
            /* values up to 10 round by 5e-7; divided by the step of 0.002 */
            assert_near(p.dx[i], (up - down) / .002, 3e-3);
        }
        free_problem(&p);
    }
    mr_pool_destroy(pool);
}

static void gives_a_tie_to_the_first(void **state)
{
    float x[9] = {0}, y[4], dy[4] = {1, 2, 3, 4}, dx[9];
    uint8_t index[4];

    mr_maxpool_forward(y, index, x, 1, 3, 3, 1, NULL);
    mr_maxpool_backward(dx, dy, index, 1, 3, 3, 1, NULL);
    /* the windows' first points inside the image: (0,0) (0,1) (1,0) (1,1) */
    assert_true(dx[0] == 1 && dx[1] == 2 && dx[3] == 3 && dx[4] == 4);
    assert_true(dx[2] == 0 && dx[5] == 0 && dx[6] == 0 && dx[7] == 0 && dx[8] == 0);
}

static void lets_nan_win(void **state)
{
    float x[4] = {1, NAN, 3, 4}, y[1];
    uint8_t index[1];

    mr_maxpool_forward(y, index, x, 1, 2, 2, 1, NULL);
    assert_true(isnan(y[0]));
    mr_maxpool_forward(y, NULL, x, 1, 2, 2, 1, NULL);
    assert_true(isnan(y[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_largest_of_each_window),
        cmocka_unit_test(has_the_gradient_of_central_differences),
        cmocka_unit_test(gives_a_tie_to_the_first),
        cmocka_unit_test(lets_nan_win),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
