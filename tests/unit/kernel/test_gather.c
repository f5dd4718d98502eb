/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include "gather.h"

/* Against indexing: every cell of the matrix, in one piece and cut into blocks of rows and columns.
 */
static float cell(const struct gather *g, size_t row, int col)
{
    size_t points = (size_t)(g->grid_h * g->grid_w);
    int image = (int)(row / points), i = (int)(row % points) / g->grid_w;
    int j = (int)(row % points) % g->grid_w;
    int a = col / (g->kw * g->c), b = col / g->c % g->kw;
    int y = i * g->step + g->y0 + a, x = j * g->step + g->x0 + b;

    if (y < 0 || y >= g->h || x < 0 || x >= g->w)
        return 0;
    return g->src[((image * g->h + y) * g->w + x) * g->c + col % g->c];
}

static void check(struct gather g, int block, int width)
{
    size_t rows = mr_gather_rows(&g);
    int cols = mr_gather_cols(&g);

    for (size_t r = 0; r < rows; r += (size_t)block)
        for (int c = 0; c < cols; c += width) {
            int n = rows - r < (size_t)block ? (int)(rows - r) : block;
            int end = c + width < cols ? c + width : cols;
            float *dst = guarded_scratch((size_t)(n * (end - c)));

            mr_gather_fill(&g, dst, r, n, c, end);
            for (int i = 0; i < n; i++)
                for (int k = c; k < end; k++)
                    assert_true(dst[i * (end - c) + k - c] == cell(&g, r + (size_t)i, k));
            check_and_free_scratch(dst, (size_t)(n * (end - c)));
        }
}

static void lays_out_windows_with_zeros_outside(void **state)
{
    static const struct gather views[] = {
        /* src, n, h, w, c, grid, step, y0, x0, kh, kw */
        {NULL, 2, 5, 6, 3, 5, 6, 1, -1, -1, 3, 3}, {NULL, 2, 7, 6, 2, 4, 3, 2, -3, -3, 7, 7},
        {NULL, 1, 4, 4, 5, 4, 4, 1, 0, 0, 1, 1},   {NULL, 3, 5, 5, 2, 3, 3, 2, 0, 0, 1, 1},
        {NULL, 1, 3, 3, 2, 5, 5, 1, -4, 2, 3, 2},  /* windows wholly outside */
        {NULL, 1, 2, 3, 1, 1, 1, 1, -2, -2, 9, 9}, /* a window beyond both edges */
    };

    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        struct gather g = views[i];
        float *src = random_floats((size_t)(g.n * g.h * g.w * g.c), i);

        g.src = src;
        check(g, 1000, 1000);
        check(g, 7, 5);
        check(g, 1, 1);
        free(src);
    }
}

static void knows_when_it_is_the_image_itself(void **state)
{
    struct gather g = {NULL, 2, 5, 6, 3, 5, 6, 1, 0, 0, 1, 1}, h;

    assert_true(mr_gather_is_plain(&g));
    h = g;
    h.step = 2;
    assert_false(mr_gather_is_plain(&h));
    h = g;
    h.x0 = 1;
    assert_false(mr_gather_is_plain(&h));
    h = g;
    h.kw = 2;
    assert_false(mr_gather_is_plain(&h));
    h = g;
    h.grid_w = 5;
    assert_false(mr_gather_is_plain(&h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_windows_with_zeros_outside),
        cmocka_unit_test(knows_when_it_is_the_image_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
