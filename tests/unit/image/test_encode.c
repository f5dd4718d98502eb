/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/image/decode.h>
#include <misread/image/encode.h>
#include <misread/image/image.h>

static struct mr_image *make_scene(int w, int h)
{
    struct mr_image *image = NULL;
    struct mr_error err;

    assert_ok(mr_image_create(&image, w, h, &err), err);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            unsigned char *p = image->rgb + 3 * (y * w + x);

            p[0] = (unsigned char)(128 + 100 * sin(x * .05));
            p[1] = (unsigned char)(128 + 60 * cos(y * .07));
            p[2] = (unsigned char)(40 + x / 2 % 160);
        }
    return image;
}

#if MISREAD_TURBOJPEG
static struct mr_image *decode(const unsigned char *data, size_t n)
{
    struct mr_sandbox_options options = mr_image_sandbox_options(1);
    struct mr_sandbox *sandbox;
    struct mr_image *image = NULL;
    struct mr_error err;

    options.in_process = true;
    assert_ok(mr_sandbox_create(&sandbox, &options, &err), err);
    assert_ok(mr_image_decode(&image, sandbox, MR_SANDBOX_WORK, data, n, "encoded", &err), err);
    mr_sandbox_destroy(sandbox);
    return image;
}

/* Peak signal-to-noise ratio in dB. */
static double find_psnr(const struct mr_image *a, const struct mr_image *b)
{
    double sum = 0;
    int n = a->w * a->h * 3;

    for (int i = 0; i < n; i++)
        sum += pow(a->rgb[i] - b->rgb[i], 2);
    return sum > 0 ? 10 * log10(255. * 255 * n / sum) : 99;
}

static size_t encode_and_compare(int w, int h, int quality, double least_psnr)
{
    struct mr_image *image = make_scene(w, h), *back;
    unsigned char *data = NULL;
    struct mr_error err;
    size_t n = 0;

    assert_ok(mr_image_encode_jpeg(image, quality, &data, &n, &err), err);
    back = decode(data, n);
    assert_int_equal(back->w, w);
    assert_int_equal(back->h, h);
    assert_true(find_psnr(image, back) >= least_psnr);
    mr_image_destroy(image);
    mr_image_destroy(back);
    free(data);
    return n;
}
#endif

static void keeps_the_picture(void **state)
{
#if MISREAD_TURBOJPEG
    size_t good = encode_and_compare(320, 200, 95, 38);
    size_t poor = encode_and_compare(320, 200, 30, 28);

    assert_true(poor < good);
    encode_and_compare(1, 1, 90, 20);
    encode_and_compare(17, 33, 90, 30);
#else
    struct mr_image *image = make_scene(4, 4);
    unsigned char *data = NULL;
    size_t n = 0;

    assert_int_equal(mr_image_encode_jpeg(image, 90, &data, &n, NULL), MR_E_UNSUPPORTED);
    assert_null(data);
    mr_image_destroy(image);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
