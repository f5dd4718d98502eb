/* SPDX-License-Identifier: MIT */
/* Every value of every window against indexing. */
#include "checks.h"

#include "windows.h"

static float value_at(const struct mr_windows *w, int grid_row, int column, int i, int j, int c)
{
    int image = grid_row / w->grid_h, y = grid_row % w->grid_h * w->step + w->y0 + i;
    int x = column * w->step + w->x0 + j;
    float value;

    if (y < 0 || y >= w->h || x < 0 || x >= w->w)
        return 0;
    value = w->in.x[((image * w->h + y) * w->w + x) * w->c + c];
    return w->in.mean ? fmaxf((value - w->in.mean[c]) * w->in.scale[c] + w->in.shift[c], 0) : value;
}

static void check_block(const struct mr_windows *w, int first, int n)
{
    size_t n_scratch = mr_windows_scratch(w, n);
    float *scratch = guarded_scratch(n_scratch);
    struct mr_window_block b = mr_windows_block(w, first, n, scratch);

    for (int r = 0; r < n; r++)
        for (int column = 0; column < w->grid_w; column++)
            for (int k = 0; k < w->kh * w->kw * w->c; k++) {
                int i = k / (w->kw * w->c), at = k % (w->kw * w->c);
                size_t place = b.at[r] + (size_t)column * b.point + (size_t)i * b.span;

                assert_near(b.rows[place + (size_t)at],
                            value_at(w, first + r, column, i, at / w->c, at % w->c), 1e-6);
            }
    check_and_free_scratch(scratch, n_scratch);
}

static void check(struct mr_windows w)
{
    int rows = mr_windows_grid_rows(&w);

    for (int n = 1; n <= 4; n++)
        for (int first = 0; first < rows; first += n)
            check_block(&w, first, rows - first < n ? rows - first : n);
}

static void lays_out_windows_with_zeros_outside(void **state)
{
    static const struct mr_windows views[] = {
        /* in, n, h, w, c, grid, step, y0, x0, kh, kw */
        {{NULL}, 2, 5, 6, 3, 5, 6, 1, -1, -1, 3, 3}, {{NULL}, 2, 7, 6, 2, 4, 3, 2, -3, -3, 7, 7},
        {{NULL}, 1, 4, 4, 5, 4, 4, 1, 0, 0, 1, 1},   {{NULL}, 3, 5, 5, 2, 3, 3, 2, 0, 0, 1, 1},
        {{NULL}, 1, 3, 3, 2, 5, 5, 1, -4, 2, 3, 2},  /* windows wholly outside */
        {{NULL}, 1, 2, 3, 1, 1, 1, 1, -2, -2, 9, 9}, /* a window beyond both edges */
        {{NULL}, 2, 9, 9, 2, 3, 3, 3, 0, 0, 2, 2},   /* rows that no window sees */
    };

    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        struct mr_windows w = views[i];
        float *x = random_floats((size_t)(w.n * w.h * w.w * w.c), i);
        float *constants = random_floats((size_t)(3 * w.c), 99);

        w.in.x = x;
        check(w);
        w.in.mean = constants;
        w.in.scale = constants + w.c;
        w.in.shift = constants + 2 * w.c;
        check(w);
        free(constants);
        free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_windows_with_zeros_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
