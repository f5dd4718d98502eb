/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/image/decode.h>
#include <misread/image/image.h>

static struct mr_image *make_image(int w, int h)
{
    struct mr_image *image = NULL;
    struct mr_error err;

    assert_ok(mr_image_create(&image, w, h, &err), err);
    return image;
}

/* Reds, greens and blues that have no symmetry. */
static struct mr_image *make_pattern(int w, int h)
{
    struct mr_image *image = make_image(w, h);

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            unsigned char *p = image->rgb + 3 * (y * w + x);

            p[0] = (unsigned char)(x * 37 + y * 91);
            p[1] = (unsigned char)(x * x * 7 + y * 29);
            p[2] = (unsigned char)(x * 3 + y * y * 11 + 128);
        }
    return image;
}

static struct mr_image *resize(const struct mr_image *image, int w, int h)
{
    struct mr_image *out = NULL;
    struct mr_error err;

    assert_ok(mr_image_resize(&out, image, w, h, &err), err);
    assert_int_equal(out->w, w);
    assert_int_equal(out->h, h);
    return out;
}

static void makes_black_images_within_limits(void **state)
{
    struct mr_image *image = make_image(3, 2);
    static const unsigned char black[18];
    struct mr_error err;

    assert_memory_equal(image->rgb, black, 18);
    mr_image_destroy(image);
    mr_image_destroy(NULL);
    image = NULL;
    assert_int_equal(mr_image_create(&image, 0, 5, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_create(&image, 5, -1, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_create(&image, 1 << 30, 1 << 30, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_create(&image, 8193, 8192, &err), MR_E_LIMIT);
    assert_null(image);
}

static void is_within_one_level_of_pillow(void **state)
{
    /* of Pillow's resize(..., BILINEAR) of the pattern */
    static const struct {
        int w, h, to_w, to_h;
        unsigned char right[108];
    } cases[] = {
        {13, 9, 5, 4, {99,  38,  145, 134, 111, 152, 116, 144, 160, 111, 150, 168, 140, 127, 175,
                       108, 97,  168, 114, 142, 175, 132, 114, 183, 112, 127, 168, 120, 118, 98,
                       132, 162, 95,  112, 132, 102, 117, 117, 110, 129, 131, 116, 115, 155, 119,
                       151, 186, 96,  123, 93,  103, 114, 132, 111, 120, 97,  119, 117, 127, 126}},
        {7, 5, 4, 9, {19,  4,   130, 77,  34,  134, 145, 111, 140, 203, 212, 144, 49,  14,
                      134, 107, 44,  138, 158, 121, 144, 152, 177, 148, 100, 30,  140, 158,
                      60,  144, 181, 137, 150, 67,  119, 154, 145, 46,  156, 117, 76,  160,
                      134, 153, 166, 85,  120, 170, 189, 62,  174, 54,  92,  178, 71,  169,
                      184, 129, 136, 188, 104, 78,  205, 76,  108, 209, 122, 157, 215, 180,
                      92,  219, 46,  94,  209, 104, 124, 213, 152, 150, 219, 202, 59,  223,
                      97,  110, 110, 155, 140, 114, 100, 166, 120, 110, 75,  124, 127, 120,
                      50,  185, 150, 54,  69,  176, 60,  55,  85,  64}},
        {40, 3, 3, 3, {107, 119, 150, 118, 138, 187, 122, 130, 223, 132, 110, 161, 136, 110,
                       198, 147, 131, 222, 114, 136, 194, 117, 104, 210, 119, 138, 63}},
        {3, 4, 6, 4, {0,   0,  128, 9,   2,  129, 28,  5,   130, 46,  12,  132, 65,  23, 133,
                      74,  28, 134, 91,  29, 139, 100, 31,  140, 119, 34,  141, 137, 41, 143,
                      156, 52, 144, 165, 57, 145, 182, 58,  172, 191, 60,  173, 210, 63, 174,
                      164, 70, 176, 55,  81, 177, 0,   86,  178, 17,  87,  227, 26,  89, 228,
                      45,  92, 229, 63,  99, 231, 82,  110, 232, 91,  115, 233}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_image *image = make_pattern(cases[i].w, cases[i].h);
        struct mr_image *out = resize(image, cases[i].to_w, cases[i].to_h);

        for (int k = 0; k < 3 * out->w * out->h; k++)
            assert_int_equal(out->rgb[k], cases[i].right[k]);
        mr_image_destroy(image);
        mr_image_destroy(out);
    }
}

/* The triangle's weight of source pixel k for the target point at `centre`, not normalised. */
static double weight(int k, double centre, double scale)
{
    double distance = (k + .5 - centre) / scale;

    return distance <= -1 || distance >= 1 ? 0 : distance < 0 ? 1 + distance : 1 - distance;
}

/* One value of row j narrowed to w pixels: all of its pixels, each with its weight. */
static double value_of_row(const struct mr_image *image, int j, int w, int x, int c)
{
    double step = (double)image->w / w, scale = step > 1 ? step : 1, sum = 0, weights = 0;

    for (int i = 0; i < image->w; i++) {
        double wx = weight(i, (x + .5) * step, scale);

        sum += wx * image->rgb[3 * (j * image->w + i) + c];
        weights += wx;
    }
    return sum / weights;
}

/* One value of the image resized to w x h, by the definition: all rows, each narrowed and rounded
 * first, with its weight. */
static double value_by_definition(const struct mr_image *image, int w, int h, int x, int y, int c)
{
    double step = (double)image->h / h, scale = step > 1 ? step : 1, sum = 0, weights = 0;

    for (int j = 0; j < image->h; j++) {
        double wy = weight(j, (y + .5) * step, scale);

        if (wy > 0)
            sum += wy * floor(value_of_row(image, j, w, x, c) + .5);
        weights += wy;
    }
    return sum / weights;
}

static void is_what_the_definition_says(void **state)
{
    /* more and fewer pixels, one and many of them in a sum, widths around those of vectors */
    static const int sizes[][4] = {{1, 1, 3, 2},    {2, 3, 1, 1},     {5, 4, 7, 9},
                                   {21, 11, 10, 7}, {22, 32, 9, 31},  {43, 64, 43, 12},
                                   {97, 61, 13, 7}, {130, 90, 17, 3}, {256, 20, 224, 17}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mr_image *image = make_pattern(sizes[i][0], sizes[i][1]);
        struct mr_image *out = resize(image, sizes[i][2], sizes[i][3]);
        int n_off = 0;

        for (int k = 0; k < 3 * out->w * out->h; k++) {
            int x = k / 3 % out->w, y = k / 3 / out->w;
            double off = out->rgb[k] - value_by_definition(image, out->w, out->h, x, y, k % 3);

            /* half a level of rounding, and what floats lose */
            n_off += off < -.501 || off > .501;
            assert_true(off > -1.501 && off < 1.501);
        }
        /* where a narrowed row's value lay between two levels */
        assert_true(50 * n_off <= 3 * out->w * out->h);
        mr_image_destroy(image);
        mr_image_destroy(out);
    }
}

static void leaves_an_image_of_the_same_size_as_it_is(void **state)
{
    struct mr_image *image = make_pattern(31, 17), *out = resize(image, 31, 17);

    assert_memory_equal(out->rgb, image->rgb, 31 * 17 * 3);
    mr_image_destroy(image);
    mr_image_destroy(out);
}

static void keeps_a_constant_image_constant(void **state)
{
    static const int sizes[][4] = {{97, 61, 13, 7}, {5, 3, 64, 64}, {1, 1, 9, 4}, {300, 2, 7, 5}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int value = 0; value < 256; value += value < 250 ? 25 : 1) {
            struct mr_image *image = make_image(sizes[i][0], sizes[i][1]), *out;

            memset(image->rgb, value, (size_t)image->w * (size_t)image->h * 3);
            out = resize(image, sizes[i][2], sizes[i][3]);
            for (int k = 0; k < out->w * out->h * 3; k++)
                assert_int_equal(out->rgb[k], value);
            mr_image_destroy(image);
            mr_image_destroy(out);
        }
}

static void does_not_shift_the_image(void **state)
{
    /* a ramp in x (red) and y (green) stays the same ramp, away from the borders */
    static const int sizes[][2] = {{50, 100}, {33, 77}, {99, 25}, {201, 333}};
    struct mr_image *image = make_image(100, 100);

    for (int i = 0; i < 10000; i++) {
        image->rgb[3 * i] = (unsigned char)(2 * (i % 100));
        image->rgb[3 * i + 1] = (unsigned char)(2 * (i / 100));
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int w = sizes[i][0], h = sizes[i][1], n = 0;
        struct mr_image *out = resize(image, w, h);
        double sum[2] = {0};

        for (int y = h / 10; y < h - h / 10; y++)
            for (int x = w / 10; x < w - w / 10; x++, n++) {
                const unsigned char *p = out->rgb + 3 * (y * w + x);
                double red = p[0] - 2 * ((x + .5) * 100 / w - .5);
                double green = p[1] - 2 * ((y + .5) * 100 / h - .5);

                /* half a level of rounding, and Pillow's triangle is sampled a little off balance
                 */
                assert_true(red > -.6 && red < .6);
                assert_true(green > -.6 && green < .6);
                sum[0] += red;
                sum[1] += green;
            }
        for (int c = 0; c < 2; c++)
            assert_true(sum[c] / n > -.01 && sum[c] / n < .01);
        mr_image_destroy(out);
    }
    mr_image_destroy(image);
}

static void crops_the_centre_of_what_it_resized(void **state)
{
    static const struct {
        int w, h, size, full_w, full_h;
    } cases[] = {
        {60, 40, 20, 30, 20}, {40, 60, 20, 20, 30}, {31, 31, 8, 8, 8}, {7, 21, 14, 14, 42}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int size = cases[i].size, full_w = cases[i].full_w, full_h = cases[i].full_h;
        struct mr_image *image = make_pattern(cases[i].w, cases[i].h);
        struct mr_image *full = resize(image, full_w, full_h), *out = NULL;
        struct mr_error err;

        assert_ok(mr_image_resize_square(&out, image, size, MR_SQUARE_CROP, &err), err);
        assert_int_equal(out->w, size);
        assert_int_equal(out->h, size);
        for (int y = 0; y < size; y++)
            assert_memory_equal(out->rgb + 3 * y * size,
                                full->rgb +
                                    3 * ((y + (full_h - size) / 2) * full_w + (full_w - size) / 2),
                                (size_t)(3 * size));
        mr_image_destroy(image);
        mr_image_destroy(full);
        mr_image_destroy(out);
    }
}

static void crops_the_longest_of_images(void **state)
{
    struct mr_image *image = make_pattern(MR_IMAGE_MAX_SIDE, 1), *out = NULL;
    struct mr_error err;

    /* the whole resized image would be 16384 * 224 pixels wide; only the crop is made */
    assert_ok(mr_image_resize_square(&out, image, 224, MR_SQUARE_CROP, &err), err);
    assert_int_equal(out->w, 224);
    mr_image_destroy(image);
    mr_image_destroy(out);
}

static void squishes_both_sides(void **state)
{
    struct mr_image *image = make_pattern(31, 12), *right = resize(image, 9, 9), *out = NULL;
    struct mr_error err;

    assert_ok(mr_image_resize_square(&out, image, 9, MR_SQUARE_SQUISH, &err), err);
    assert_memory_equal(out->rgb, right->rgb, 9 * 9 * 3);
    mr_image_destroy(image);
    mr_image_destroy(right);
    mr_image_destroy(out);
}

/* The rows of the padded square, as rows of the resized image, worked out by hand. */
static void pads_by_reflection_without_repeating_the_edge(void **state)
{
    static const struct {
        int w, h; /* of the image, and of what it is resized to, 8 being the long side */
        int rows[8];
    } cases[] = {{8, 4, {2, 1, 0, 1, 2, 3, 2, 1}},
                 {8, 3, {2, 1, 0, 1, 2, 1, 0, 1}},
                 {8, 2, {1, 0, 1, 0, 1, 0, 1, 0}},
                 {8, 1, {0, 0, 0, 0, 0, 0, 0, 0}},
                 {8, 8, {0, 1, 2, 3, 4, 5, 6, 7}}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int is_tall = 0; is_tall < 2; is_tall++) {
            int w = is_tall ? cases[i].h : cases[i].w, h = is_tall ? cases[i].w : cases[i].h;
            struct mr_image *image = make_pattern(w, h), *out = NULL;
            struct mr_error err;

            assert_ok(mr_image_resize_square(&out, image, 8, MR_SQUARE_PAD, &err), err);
            for (int y = 0; y < 8; y++)
                for (int x = 0; x < 8; x++) {
                    int from_x = is_tall ? cases[i].rows[x] : x;
                    int from_y = is_tall ? y : cases[i].rows[y];

                    assert_memory_equal(out->rgb + 3 * (8 * y + x),
                                        image->rgb + 3 * (w * from_y + from_x), 3);
                }
            mr_image_destroy(image);
            mr_image_destroy(out);
        }
}

static void finds_ways_of_squaring_by_name(void **state)
{
    enum mr_square how = MR_SQUARE_CROP;

    for (int i = 0; i < MR_SQUARE_N; i++) {
        assert_true(mr_square_find(&how, mr_square_name((enum mr_square)i)));
        assert_int_equal(how, i);
    }
    assert_string_equal(mr_square_name(MR_SQUARE_PAD), "pad");
    assert_false(mr_square_find(&how, "stretch"));
    assert_int_equal(how, MR_SQUARE_N - 1);
}

static void fits_the_aspect_into_a_box(void **state)
{
    static const int cases[][6] = {
        /* image, box, fitted */
        {100, 50, 40, 40, 40, 20},      {50, 100, 40, 40, 20, 40},  {10, 10, 30, 20, 20, 20},
        {3, 2, 300, 300, 300, 200},     {1000, 1, 50, 50, 50, 1},   {1, 1000, 50, 50, 1, 50},
        {622, 529, 224, 224, 224, 191}, {16384, 16384, 7, 9, 7, 7}, {4, 3, 4, 3, 4, 3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *c = cases[i];
        struct mr_size_px size =
            mr_image_fit((struct mr_size_px){c[0], c[1]}, (struct mr_size_px){c[2], c[3]});

        assert_int_equal(size.w, c[4]);
        assert_int_equal(size.h, c[5]);
    }
}

static void letterboxes_in_the_centre(void **state)
{
    struct mr_image *image = make_image(20, 10), *out = NULL;
    struct mr_error err;

    memset(image->rgb, 200, 600);
    assert_ok(mr_image_letterbox(&out, image, (struct mr_size_px){10, 9}, 0x102030, &err), err);
    assert_int_equal(out->w, 10);
    assert_int_equal(out->h, 9);
    for (int i = 0; i < 90; i++) {
        static const unsigned char bar[3] = {0x10, 0x20, 0x30}, inner[3] = {200, 200, 200};
        int y = i / 10;

        assert_memory_equal(out->rgb + 3 * i, y >= 2 && y < 7 ? inner : bar, 3);
    }
    mr_image_destroy(out);
    assert_ok(mr_image_letterbox(&out, image, (struct mr_size_px){13, 4}, 0, &err), err);
    for (int i = 0; i < 52; i++) { /* 8 of 13 columns, from the third on */
        int x = i % 13;

        assert_int_equal(out->rgb[3 * i], x >= 2 && x < 10 ? 200 : 0);
    }
    mr_image_destroy(out);
    mr_image_destroy(image);
}

static void refuses_to_resize_to_nothing(void **state)
{
    struct mr_image *image = make_pattern(4, 4), *out = NULL;
    struct mr_error err;

    assert_int_equal(mr_image_resize(&out, image, 0, 4, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_resize(&out, image, 4, -4, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_resize_square(&out, image, 0, MR_SQUARE_CROP, &err), MR_E_LIMIT);
    assert_int_equal(mr_image_letterbox(&out, image, (struct mr_size_px){0, 3}, 0, &err),
                     MR_E_LIMIT);
    assert_null(out);
    mr_image_destroy(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_black_images_within_limits),
        cmocka_unit_test(is_within_one_level_of_pillow),
        cmocka_unit_test(is_what_the_definition_says),
        cmocka_unit_test(leaves_an_image_of_the_same_size_as_it_is),
        cmocka_unit_test(keeps_a_constant_image_constant),
        cmocka_unit_test(does_not_shift_the_image),
        cmocka_unit_test(crops_the_centre_of_what_it_resized),
        cmocka_unit_test(crops_the_longest_of_images),
        cmocka_unit_test(squishes_both_sides),
        cmocka_unit_test(pads_by_reflection_without_repeating_the_edge),
        cmocka_unit_test(finds_ways_of_squaring_by_name),
        cmocka_unit_test(fits_the_aspect_into_a_box),
        cmocka_unit_test(letterboxes_in_the_centre),
        cmocka_unit_test(refuses_to_resize_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
