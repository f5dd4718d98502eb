/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/image/image.h>
#include <misread/image/mask.h>
#include <misread/image/measure.h>

static struct mr_error err;

/* From 0 up to m and down again. */
static int wave(int v, int m)
{
    v %= 2 * m;
    return v < m ? v : 2 * m - v;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void set(unsigned char *p, int r, int g, int b)
{
    p[0] = (unsigned char)r;
    p[1] = (unsigned char)g;
    p[2] = (unsigned char)b;
}

static bool is_outside(int x, int y, int w, int h)
{
    int dx = least(x, w - 1 - x), dy = least(y, h - 1 - y);

    return least(dx, dy) < 6 || dx + dy < 30 || x < w / 6;
}

static void set_pixel(unsigned char *p, const char *kind, int x, int y, int w, int h)
{
    int grain = (7 * x + 13 * y + x * y) % 9, top = h - h / 3;
    bool is_boxed = !strcmp(kind, "box"), is_dark = !strcmp(kind, "dark");

    set(p, 90 + wave(3 * x + 2 * y, 70) + grain, 40 + wave(2 * x + 5 * y, 50) + grain,
        30 + wave(5 * x + y, 40) + grain);
    for (int c = 0; c < 3; c++) {
        if (is_dark)
            p[c] /= 4;
        if (!strcmp(kind, "light"))
            p[c] = (unsigned char)(255 - p[c] / 30);
        if (!strcmp(kind, "flat"))
            p[c] = (x / 8 + y / 8) % 2 ? 120 : 125;
    }
    if ((is_boxed || is_dark || !strcmp(kind, "frame")) && is_outside(x, y, w, h))
        set(p, 3, 2, 4);
    if ((is_boxed || is_dark || !strcmp(kind, "frame")) && y >= 20 && y < 27 && x >= 4 && x < 9)
        set(p, 210, 210, 210); /* a letter on the black */
    if (is_boxed && y >= top - 2 && x < w / 4 + 2)
        set(p, 2, 2, 2);
    if (is_boxed && y >= top && y < h - 3 && x >= 3 && x < w / 4)
        set(p, 8, 70, 30);
}

static struct mr_image *make(const char *kind, int w, int h)
{
    struct mr_image *image = NULL;

    assert_ok(mr_image_create(&image, w, h, &err), err);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            set_pixel(image->rgb + 3 * (y * w + x), kind, x, y, w, h);
    return image;
}

static struct mr_measures measure(const char *kind, int w, int h)
{
    struct mr_image *image = make(kind, w, h);
    struct mr_measures m = {.entropy = -1};

    assert_ok(mr_image_measure(&m, image, &err), err);
    mr_image_destroy(image);
    return m;
}

static int n_different(uint64_t a, uint64_t b)
{
    return __builtin_popcountll(a ^ b);
}

/* Brightness to a step of its histogram; where pictures were shrunk, to what a grey level here and
 * there makes. */
static void agrees_with_pillow_and_numpy(void **state)
{
    static const struct {
        const char *kind;
        int w, h;
        double dark, light, entropy, sharpness, detail;
        uint64_t look;
        int thumb;
    } cases[] = {/* of tests/reference/measures.py */
                 {"plain", 90, 70, 0.437700, 0.270201, 5.493665, 0.449773, 0.835472,
                  UINT64_C(0xf0f2a50df08df0a5), 22049},
                 {"frame", 150, 120, 0.433609, 0.273172, 5.445488, 0.491292, 0.900744,
                  UINT64_C(0x93ab0316fca9f1a8), 21980},
                 {"dark", 150, 120, 0.107358, 0.067129, 3.459171, 0.550875, 1.004214,
                  UINT64_C(0xd3af5306fca8d0a8), 5442},
                 {"light", 80, 64, 0.994194, 0.987814, 0.924856, 1.000000, 1.130114,
                  UINT64_C(0x840a5be65c0e5ef6), 64714},
                 {"flat", 100, 90, 0.490196, 0.470588, 0.999995, 0.931180, 0.989799,
                  UINT64_C(0xdf00bf003780ffd2), 31394},
                 {"box", 300, 240, 0.435522, 0.271173, 5.471633, 0.539439, 0.467005,
                  UINT64_C(0xd5aa15aa05aa5f55), 22019},
                 {"frame", 1100, 500, 0.432015, 0.270187, 5.472525, 0.567333, 1.296773,
                  UINT64_C(0xd5b71cff1420641b), 21975}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_measures m = measure(cases[i].kind, cases[i].w, cases[i].h);
        bool is_shrunk = cases[i].w > 1024;
        int thumb = 0;

        for (int j = 0; j < MR_THUMB_BYTES; j++)
            thumb += m.thumb[j];
        assert_true(fabs(m.dark - cases[i].dark) < (is_shrunk ? 2e-3 : 2e-5));
        assert_true(fabs(m.light - cases[i].light) < (is_shrunk ? 2e-3 : 2e-5));
        assert_true(fabs(m.entropy - cases[i].entropy) < (is_shrunk ? .02 : 1e-5));
        assert_true(fabs(m.sharpness - cases[i].sharpness) < 2e-3);
        assert_true(fabs(m.detail - cases[i].detail) < 2e-3);
        /* pictures without long waves have terms of nearly nothing, which a level tips over */
        assert_true(n_different(m.look, cases[i].look) <= 10);
        assert_true(abs(thumb - cases[i].thumb) <= 256);
    }
}

static void leaves_the_frame_and_what_is_written_on_it_out(void **state)
{
    struct mr_measures framed = measure("frame", 150, 120), dark = measure("dark", 150, 120);

    assert_true(framed.light > .2);
    assert_true(dark.dark < .15);
}

static void measures_a_black_picture_as_a_whole(void **state)
{
    struct mr_image *image = NULL;
    struct mr_measures m;

    assert_ok(mr_image_create(&image, 40, 30, &err), err);
    assert_ok(mr_image_measure(&m, image, &err), err);
    assert_true(m.dark == 0 && m.entropy == 0 && m.detail == 0 && m.is_grey);
    mr_image_destroy(image);
}

static void measures_pictures_of_a_pixel_and_of_a_line(void **state)
{
    static const int sizes[][2] = {{1, 1}, {1, 90}, {90, 1}, {2, 3000}, {3000, 2}};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mr_measures m = measure("plain", sizes[i][0], sizes[i][1]);

        assert_true(m.dark > 0 && m.dark <= 1 && isfinite(m.detail) && isfinite(m.sharpness));
    }
}

static void finds_the_green_box_in_the_lower_left_corner(void **state)
{
    struct mr_rect_share box = measure("box", 300, 240).overlay;

    assert_true(fabs(box.x - .01) < .01 && fabs(box.x + box.w - .25) < .01);
    assert_true(fabs(box.y - 2. / 3) < .01 && fabs(box.y + box.h - .9875) < .01);
    assert_true(measure("frame", 300, 240).overlay.w == 0);
}

static void finds_no_box_in_another_corner(void **state)
{
    struct mr_image *image = make("box", 300, 240);
    struct mr_rect_share box;

    for (int y = 0; y < 120; y++)
        for (int i = 0; i < 900; i++) { /* upside down */
            unsigned char *a = image->rgb + y * 900 + i, *b = image->rgb + (239 - y) * 900 + i;
            unsigned char kept = *a;

            *a = *b;
            *b = kept;
        }
    assert_ok(mr_image_find_overlay(&box, image, &err), err);
    assert_true(box.w == 0);
    mr_image_destroy(image);
}

static void reads_a_mask_or_refuses_it(void **state)
{
    static const char *const bad[] = {"autos", "1,2,3,4",   "0,0,0,1",      ".5,.5,.6,.1",
                                      "a",     ".1,.2,.3,", ".1,.2,.3,.4,", "-.1,0,.5,.5"};
    struct mr_mask mask = {.kind = MR_MASK_AUTO};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(mr_mask_read(&mask, bad[i]));
    assert_int_equal(mask.kind, MR_MASK_AUTO);
    assert_true(mr_mask_read(&mask, "0,0,1,1") && mr_mask_hides_all(&mask));
    assert_true(mr_mask_read(&mask, "auto") && !mr_mask_hides_all(&mask));
    assert_true(mr_mask_read(&mask, ".25,.5,.125,.5") && !mr_mask_hides_all(&mask));
    assert_true(mask.kind == MR_MASK_RECT && mask.rect.x == .25 && mask.rect.h == .5);
    assert_true(mr_mask_read(&mask, ""));
    assert_int_equal(mask.kind, MR_MASK_NONE);
}

/* The green box is gone, its colour too, and nothing beyond its margin has changed. */
static void covers_the_box_and_nothing_else(void **state)
{
    const struct mr_mask mask = {.kind = MR_MASK_AUTO};
    struct mr_image *image = make("box", 300, 240), *before = make("box", 300, 240);
    struct mr_rect_share box;
    int n_changed = 0;

    assert_ok(mr_mask_apply(&mask, image, &err), err);
    assert_ok(mr_image_find_overlay(&box, image, &err), err);
    assert_true(box.w == 0);
    for (int y = 0; y < 240; y++)
        for (int x = 0; x < 300; x++) {
            bool is_same =
                !memcmp(image->rgb + 3 * (y * 300 + x), before->rgb + 3 * (y * 300 + x), 3);

            n_changed += !is_same;
            if (y < 155 || x > 80)
                assert_true(is_same);
        }
    assert_true(n_changed >= 72 * 77);
    mr_image_destroy(before);
    mr_image_destroy(image);
}

static void fills_a_rectangle_with_what_is_around_it(void **state)
{
    struct mr_mask mask = {.kind = MR_MASK_RECT, .rect = {.5, .5, .25, .25}};
    struct mr_image *image = make("plain", 8, 8);

    for (int i = 0; i < 64; i++)
        set(image->rgb + 3 * i, 10, 20, 30);
    for (int y = 4; y < 6; y++)
        for (int x = 4; x < 6; x++)
            set(image->rgb + 3 * (y * 8 + x), 200, 100, 0);
    assert_ok(mr_mask_apply(&mask, image, &err), err);
    for (int i = 0; i < 64; i++)
        assert_true(image->rgb[3 * i] == 10 && image->rgb[3 * i + 2] == 30);
    set(image->rgb, 200, 100, 0);
    mask.rect = (struct mr_rect_share){0, 0, 1, 1};
    assert_ok(mr_mask_apply(&mask, image, &err), err);
    assert_int_equal(image->rgb[0], 13); /* (63 * 10 + 200) / 64 */
    assert_int_equal(image->rgb[3 * 63], 13);
    mr_image_destroy(image);
}

static void one_level_of_one_pixel_is_no_exact_duplicate(void **state)
{
    struct mr_image *image = make("plain", 90, 70);
    struct mr_measures a = measure("plain", 90, 70), b;

    assert_ok(mr_image_measure(&b, image, &err), err);
    assert_string_equal(a.pixels, b.pixels);
    image->rgb[3000]++;
    assert_ok(mr_image_measure(&b, image, &err), err);
    assert_string_not_equal(a.pixels, b.pixels);
    assert_true(n_different(a.look, b.look) <= 2);
    mr_image_destroy(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_pillow_and_numpy),
        cmocka_unit_test(leaves_the_frame_and_what_is_written_on_it_out),
        cmocka_unit_test(measures_a_black_picture_as_a_whole),
        cmocka_unit_test(measures_pictures_of_a_pixel_and_of_a_line),
        cmocka_unit_test(finds_the_green_box_in_the_lower_left_corner),
        cmocka_unit_test(finds_no_box_in_another_corner),
        cmocka_unit_test(reads_a_mask_or_refuses_it),
        cmocka_unit_test(covers_the_box_and_nothing_else),
        cmocka_unit_test(fills_a_rectangle_with_what_is_around_it),
        cmocka_unit_test(one_level_of_one_pixel_is_no_exact_duplicate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
