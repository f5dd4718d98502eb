/* SPDX-License-Identifier: MIT */
/* Presets, their ranges, and the pixels that a given draw makes, against
 * tests/reference/augment.py. */
#include "support.h"

#include <math.h>

#include "augment.h"

static struct mr_error err;

struct fixed {
    int size;
    struct mr_augment_draw draw;
    /* four pixels, from augment.py --points */
    unsigned char points[12];
};

/* Nothing; the ordinary; windows that leave the picture; one by more than one reflection; no
 * rotation.
 */
static const struct fixed fixed[] = {
    {37,
     {.zoom = 1, .focus_x = .5, .focus_y = .5, .contrast = 1},
     {0, 229, 138, 51, 247, 86, 59, 250, 139, 132, 184, 11}},
    {64,
     {.mirror_x = true,
      .rotate_deg = 7,
      .zoom = 1.08,
      .focus_x = .2,
      .focus_y = .9,
      .warp = {.15, -.18, .05, -.11},
      .brightness = .3,
      .contrast = 1.2},
     {172, 108, 139, 68, 135, 109, 98, 60, 165, 164, 30, 42}},
    {64,
     {.mirror_y = true,
      .transpose = true,
      .rotate_deg = -123,
      .zoom = 1.04,
      .focus_x = .7,
      .focus_y = .1,
      .warp = {-.2, -.2, .2, -.2},
      .brightness = -.35,
      .contrast = .83},
     {146, 121, 124, 119, 185, 74, 215, 125, 67, 15, 150, 83}},
    {129,
     {.mirror_x = true,
      .mirror_y = true,
      .transpose = true,
      .rotate_deg = 45,
      .zoom = 1,
      .focus_x = .5,
      .focus_y = .5,
      .warp = {-.2, .2, -.2, .2},
      .contrast = 1},
     {138, 99, 62, 158, 125, 104, 96, 48, 167, 128, 69, 131}},
    {50,
     {.transpose = true,
      .rotate_deg = 225,
      .zoom = 1,
      .focus_x = .5,
      .focus_y = .5,
      .warp = {.3, -.3, .3, -.3},
      .contrast = 1.25},
     {157, 146, 58, 83, 166, 107, 84, 116, 73, 189, 223, 146}},
    {80,
     {.mirror_y = true,
      .zoom = 1.1,
      .focus_x = 1,
      .focus_y = 0,
      .warp = {.07, .2, -.13, -.02},
      .brightness = .4,
      .contrast = 1},
     {178, 172, 126, 126, 122, 30, 160, 51, 151, 207, 77, 181}},
};

#define N_FIXED ((int)(sizeof fixed / sizeof *fixed))

static size_t n_bytes_of(int size)
{
    return 3 * (size_t)size * (size_t)size;
}

/* The picture of augment.py. */
static unsigned char *picture(int size)
{
    unsigned char *src = malloc(n_bytes_of(size));

    assert_non_null(src);
    for (size_t i = 0; i < n_bytes_of(size); i++)
        src[i] = (unsigned char)mr_hash_mix((uint64_t)i);
    return src;
}

static unsigned char *rendered(const struct fixed *f)
{
    unsigned char *src = picture(f->size), *dst = malloc(n_bytes_of(f->size));

    assert_non_null(dst);
    mr_transform_render(dst, src, f->size, &f->draw);
    free(src);
    return dst;
}

static void makes_the_stored_pixels_of_fixed_draws(void **state)
{
    for (int k = 0; k < N_FIXED; k++) {
        unsigned char *made = rendered(&fixed[k]);
        int last = fixed[k].size - 1;
        const int at[4][2] = {{0, 0}, {last / 3, last / 2}, {last / 2, last}, {last, last / 5}};

        for (int i = 0; i < 12; i++) {
            int pixel = at[i / 3][0] * fixed[k].size + at[i / 3][1];

            if (abs(made[3 * pixel + i % 3] - fixed[k].points[i]) > 1)
                fail_msg("draw %d, byte %d: %d, not %d", k, i, made[3 * pixel + i % 3],
                         fixed[k].points[i]);
        }
        free(made);
    }
}

static void write_draws(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    for (int k = 0; k < N_FIXED; k++) {
        const struct mr_augment_draw *d = &fixed[k].draw;

        fprintf(f, "%d %d %d %d %g %g %g %g %g %g %g %g %g %g\n", fixed[k].size, d->mirror_x,
                d->mirror_y, d->transpose, d->rotate_deg, d->zoom, d->focus_x, d->focus_y,
                d->warp[0], d->warp[1], d->warp[2], d->warp[3], d->brightness, d->contrast);
    }
    assert_int_equal(fclose(f), 0);
}

static void makes_the_pixels_that_numpy_works_out_step_by_step(void **state)
{
    char *home, path[300], command[900];
    FILE *right;

    if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null"))
        skip_because("no numpy for /usr/bin/python3");
    home = make_folder();
    snprintf(path, sizeof path, "%s/draws", home);
    write_draws(path);
    snprintf(command, sizeof command, "/usr/bin/python3 '%s/reference/augment.py' < '%s'",
             MISREAD_TESTS, path);
    right = popen(command, "r");
    assert_non_null(right);
    for (int k = 0; k < N_FIXED; k++) {
        unsigned char *made = rendered(&fixed[k]);
        size_t n = n_bytes_of(fixed[k].size), n_off = 0;

        for (size_t i = 0; i < n; i++)
            n_off += abs(made[i] - fgetc(right)) > 1;
        if (n_off * 1000 > n)
            fail_msg("draw %d: %zu of %zu bytes are off by more than one", k, n_off, n);
        free(made);
    }
    assert_int_equal(fgetc(right), EOF);
    assert_int_equal(pclose(right), 0);
    remove_folder(home);
}

static void is_the_picture_itself_bit_for_bit_when_nothing_may_happen(void **state)
{
    struct mr_augment never = mr_augment_default();
    const struct mr_augment *settings[] = {&never, mr_augment_find("none")};
    unsigned char *src = picture(61), *seen = malloc(n_bytes_of(61));
    float *plain = malloc(n_bytes_of(61) * sizeof *plain),
          *dst = malloc(n_bytes_of(61) * sizeof *dst);

    assert_true(seen && plain && dst);
    never.do_flip = false;
    never.p_affine = never.p_lighting = 0;
    mr_transform(plain, src, 61, NULL, mr_rng_make(0, 0, 0, 0));
    for (int k = 0; k < 2; k++) {
        for (uint64_t i = 0; i < 20; i++) {
            mr_transform(dst, src, 61, settings[k], mr_rng_make(i, 0, 0, 0));
            assert_memory_equal(dst, plain, n_bytes_of(61) * sizeof *dst);
        }
        for (uint64_t i = 0; i < 20; i++) {
            mr_transform_preview(seen, src, 61, settings[k], mr_rng_make(i, 0, 0, 0));
            assert_memory_equal(seen, src, n_bytes_of(61));
        }
    }
    free(dst);
    free(plain);
    free(seen);
    free(src);
}

/* Un-normalised here: what the network is fed and what is looked at are roundings apart. */
static void previews_what_training_sees(void **state)
{
    const struct mr_augment *scope = mr_augment_find("scope");
    unsigned char *src = picture(40), *seen = malloc(n_bytes_of(40));
    float *fed = malloc(n_bytes_of(40) * sizeof *fed);

    assert_true(seen && fed);
    for (uint64_t k = 0; k < 20; k++) {
        struct mr_rng rng = mr_rng_make(9, k, 0, 0);

        mr_transform(fed, src, 40, scope, rng);
        mr_transform_preview(seen, src, 40, scope, rng);
        for (size_t i = 0; i < n_bytes_of(40); i++) {
            float grey = 255 * (fed[i] * mr_imagenet_std[i % 3] + mr_imagenet_mean[i % 3]);

            assert_true(fabsf(grey - (float)seen[i]) < .501f);
        }
        if (k == 0)
            assert_memory_not_equal(seen, src, n_bytes_of(40));
    }
    mr_transform_preview(seen, src, 40, NULL, mr_rng_make(9, 0, 0, 0));
    assert_memory_equal(seen, src, n_bytes_of(40));
    free(fed);
    free(seen);
    free(src);
}

static void renders_what_is_normalised_afterwards(void **state)
{
    const struct mr_augment augment = mr_augment_default();
    unsigned char *src = picture(40), *seen = malloc(n_bytes_of(40));
    float *dst = malloc(n_bytes_of(40) * sizeof *dst);

    assert_true(seen && dst);
    for (uint64_t k = 0; k < 10; k++) {
        struct mr_rng rng = mr_rng_make(k, 0, 0, 0), same = rng;
        struct mr_augment_draw draw = mr_augment_draw(&augment, &same);

        mr_transform(dst, src, 40, &augment, rng);
        mr_transform_render(seen, src, 40, &draw);
        for (int i = 0; i < (int)n_bytes_of(40); i++) {
            double v = dst[i] * (double)mr_imagenet_std[i % 3] + mr_imagenet_mean[i % 3];

            assert_true(fabs(v * 255 - seen[i]) < .501);
        }
    }
    free(dst);
    free(seen);
    free(src);
}

static void finds_presets_by_name(void **state)
{
    const struct mr_augment *scope = mr_augment_find("scope");
    const struct mr_augment usual = mr_augment_default();

    assert_null(mr_augment_find("strong"));
    assert_true(scope->do_flip && scope->flip_vert && scope->max_rotate_deg == 359);
    assert_true(scope->max_zoom == 1.05 && scope->max_lighting == .2 && scope->max_warp == .2);
    assert_true(usual.do_flip && !usual.flip_vert && usual.max_rotate_deg == 10);
    assert_true(usual.max_zoom == 1.1 && usual.max_lighting == .2 && usual.max_warp == .2);
    assert_true(usual.p_affine == .75 && usual.p_lighting == .75);
    for (int i = 0; i < MR_AUGMENT_N_PRESETS; i++) {
        assert_ptr_equal(mr_augment_find(mr_augment_presets[i].name),
                         &mr_augment_presets[i].augment);
        assert_ok(mr_augment_check(&mr_augment_presets[i].augment, &err), err);
    }
}

static void refuses_numbers_out_of_range_by_name(void **state)
{
    struct mr_augment augment = mr_augment_default();

    augment.max_warp = .5;
    assert_int_equal(mr_augment_check(&augment, &err), MR_E_USAGE);
    assert_string_equal(err.message,
                        "cannot augment with a warp of at most 0.5: it takes 0 to 0.3");
    augment = mr_augment_default();
    augment.max_zoom = .9;
    assert_int_equal(mr_augment_check(&augment, NULL), MR_E_USAGE);
    augment = mr_augment_default();
    augment.p_lighting = NAN;
    assert_int_equal(mr_augment_check(&augment, NULL), MR_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_stored_pixels_of_fixed_draws),
        cmocka_unit_test(makes_the_pixels_that_numpy_works_out_step_by_step),
        cmocka_unit_test(is_the_picture_itself_bit_for_bit_when_nothing_may_happen),
        cmocka_unit_test(previews_what_training_sees),
        cmocka_unit_test(renders_what_is_normalised_afterwards),
        cmocka_unit_test(finds_presets_by_name),
        cmocka_unit_test(refuses_numbers_out_of_range_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
