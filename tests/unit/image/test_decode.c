/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <dirent.h>
#include <math.h>

#include <misread/base/alloc.h>
#include <misread/image/decode.h>
#include <misread/image/image.h>

#include "fixtures.h"
#include "parse.h"

/* [0] as the program has it, [1] in this process: for loops over thousands of files. */
static struct mr_sandbox *sandboxes[2];

static int make_sandboxes(void **state)
{
    struct mr_sandbox_options options = mr_image_sandbox_options(1);
    const char *preload = getenv("LD_PRELOAD");
    struct mr_error err;

    if (preload && strstr(preload, "vgpreload"))
        options.in_process = true; /* valgrind makes system calls that strict seccomp forbids */
    assert_ok(mr_sandbox_create(&sandboxes[0], &options, &err), err);
    options.in_process = true;
    assert_ok(mr_sandbox_create(&sandboxes[1], &options, &err), err);
    return 0;
}

static int destroy_sandboxes(void **state)
{
    for (int i = 0; i < 2; i++)
        mr_sandbox_destroy(sandboxes[i]);
    return 0;
}

static struct mr_image *decode(const unsigned char *data, size_t n)
{
    struct mr_image *image = NULL;
    struct mr_error err;

    assert_ok(mr_image_decode(&image, sandboxes[0], MR_SANDBOX_WORK, data, n, "test", &err), err);
    return image;
}

static struct mr_image *decode_and_free(struct bytes *file)
{
    struct mr_image *image = decode(file->data, file->n);

    free(file->data);
    *file = (struct bytes){0};
    return image;
}

/* Expects a refusal with this status and part of its sentence ("" for any). */
static void expect_refusal(int which, const unsigned char *data, size_t n, enum mr_status status,
                           const char *part)
{
    struct mr_image *image = NULL;
    struct mr_error err = {0};
    enum mr_status st =
        mr_image_decode(&image, sandboxes[which], MR_SANDBOX_SCREEN, data, n, "the name", &err);

    if (st != status)
        fail_msg("%zu bytes: status '%s', '%s'", n, mr_status_text(st), err.message);
    assert_null(image);
    assert_non_null(strstr(err.message, "cannot read 'the name': "));
    if (!strstr(err.message, part))
        fail_msg("'%s' does not say '%s'", err.message, part);
}

/* The largest difference from the picture under a black of this strength (255: none). */
static int find_max_error(const struct mr_image *image, int black)
{
    int max = 0;

    assert_int_equal(image->w, FIXTURE_W);
    assert_int_equal(image->h, FIXTURE_H);
    for (int y = 0; y < image->h; y++)
        for (int x = 0; x < image->w; x++) {
            const int right[3] = {10 * x * black / 255, 15 * y * black / 255,
                                  6 * (x + y) * black / 255};

            for (int c = 0; c < 3; c++) {
                int e = abs(image->rgb[3 * (y * image->w + x) + c] - right[c]);

                max = e > max ? e : max;
            }
        }
    return max;
}

static void reads_every_kind_of_jpeg(void **state)
{
    /* tolerances are those of another decoder of the same files, and one level more */
    static const struct {
        const unsigned char *data;
        size_t n;
        int tolerance, black;
    } files[] = {
        {baseline_jpeg, sizeof baseline_jpeg, 11, 255},
        {progressive_jpeg, sizeof progressive_jpeg, 5, 255},
        {cmyk_jpeg, sizeof cmyk_jpeg, 4, 128},
        {deflated_png, sizeof deflated_png, 0, 255},
    };

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct mr_image *image = decode(files[i].data, files[i].n);

        assert_in_range(find_max_error(image, files[i].black), 0, files[i].tolerance);
        mr_image_destroy(image);
    }
}

static void reads_a_grey_jpeg_as_grey(void **state)
{
    struct mr_image *image = decode(grey_jpeg, sizeof grey_jpeg);

    assert_int_equal(image->w, FIXTURE_W);
    for (int i = 0; i < image->w * image->h; i++) {
        /* ITU-R 601 luma of the picture */
        int x = i % image->w, y = i / image->w;
        double luma = .299 * 10 * x + .587 * 15 * y + .114 * 6 * (x + y);

        assert_true(fabs(image->rgb[3 * i] - luma) < 5);
        assert_int_equal(image->rgb[3 * i], image->rgb[3 * i + 1]);
        assert_int_equal(image->rgb[3 * i], image->rgb[3 * i + 2]);
    }
    mr_image_destroy(image);
}

static void reads_every_colour_type_of_png(void **state)
{
    static const struct {
        int depth, color;
        size_t n;
        unsigned char rows[24]; /* two rows of two pixels, each behind a filter byte */
        unsigned char right[12];
    } cases[] = {
        {8, 0, 6, {0, 1, 2, 0, 3, 254}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 254, 254, 254}},
        {1, 0, 4, {0, 0x40, 0, 0x80}, {0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0}},
        {4, 0, 4, {0, 0x1f, 0, 0x20}, {17, 17, 17, 255, 255, 255, 34, 34, 34, 0, 0, 0}},
        {16,
         0,
         10,
         {0, 1, 255, 2, 0, 0, 128, 1, 255, 255},
         {1, 1, 1, 2, 2, 2, 128, 128, 128, 255, 255, 255}},
        {8,
         2,
         14,
         {0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12},
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
        /* filters: Sub in the first row, Up in the second */
        {8,
         2,
         14,
         {1, 1, 2, 3, 4, 5, 6, 2, 7, 8, 9, 10, 11, 12},
         {1, 2, 3, 5, 7, 9, 8, 10, 12, 15, 18, 21}},
        {8, 3, 6, {0, 0, 1, 0, 2, 1}, {10, 20, 30, 40, 50, 60, 35, 40, 45, 40, 50, 60}},
        {8,
         4,
         10,
         {0, 200, 255, 200, 0, 0, 100, 128, 255, 51},
         {200, 200, 200, 0, 0, 0, 50, 50, 50, 51, 51, 51}},
        {8,
         6,
         18,
         {0, 10, 20, 30, 255, 10, 20, 30, 0, 0, 255, 100, 0, 51, 250, 100, 50, 102},
         {10, 20, 30, 0, 0, 0, 51, 20, 0, 100, 40, 20}},
    };
    static const unsigned char palette[9] = {10, 20, 30, 40, 50, 60, 70, 80, 90};
    static const unsigned char alphas[3] = {255, 255, 128};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes png = {0};
        struct mr_image *image;

        png_begin(&png, 2, 2, cases[i].depth, cases[i].color);
        if (cases[i].color == 3) {
            png_add_chunk(&png, "PLTE", palette, 9);
            png_add_chunk(&png, "tRNS", alphas, 3); /* composited on black */
        }
        png_end(&png, cases[i].rows, cases[i].n);
        image = decode_and_free(&png);
        assert_int_equal(image->w, 2);
        assert_int_equal(image->h, 2);
        assert_memory_equal(image->rgb, cases[i].right, 12);
        mr_image_destroy(image);
    }
}

static struct bytes make_bmp(int h)
{
    /* 2 x 2 pixels of 24 bits: blue, green, red; rows padded to 4 bytes */
    unsigned char head[54] = {'B', 'M', 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40,
                              0,   0,   0,  2, 0, 0, 0, 2, 0, 0, 0,  1, 0, 24};
    static const unsigned char rows[16] = {3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0};
    struct bytes bmp = {0};

    if (h < 0)
        memcpy(head + 22, "\xfe\xff\xff\xff", 4);
    bytes_add(&bmp, head, sizeof head);
    bytes_add(&bmp, rows, sizeof rows);
    return bmp;
}

static void reads_bmp_from_either_end(void **state)
{
    static const unsigned char down[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const unsigned char up[12] = {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6};

    for (int h = -2; h <= 2; h += 4) {
        struct bytes bmp = make_bmp(h);
        struct mr_image *image = decode_and_free(&bmp);

        assert_memory_equal(image->rgb, h < 0 ? down : up, 12);
        mr_image_destroy(image);
    }
}

static void reads_pnm_of_any_maximum(void **state)
{
    static const struct {
        const char *file;
        size_t n;
        unsigned char right[6];
    } cases[] = {
        {"P5\n# by hand\n2 1 255\n\x07\xff", 23, {7, 7, 7, 255, 255, 255}},
        {"P5 2 1 15\n\x0f\x01", 12, {255, 255, 255, 17, 17, 17}},
        {"P5 2 1 65535\n\x80\x00\x00\xff", 17, {128, 128, 128, 1, 1, 1}},
        {"P6\n2\n1\n255\n\x01\x02\x03\x04\x05\x06", 17, {1, 2, 3, 4, 5, 6}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_image *image = decode((const unsigned char *)cases[i].file, cases[i].n);

        assert_int_equal(image->w, 2);
        assert_int_equal(image->h, 1);
        assert_memory_equal(image->rgb, cases[i].right, 6);
        mr_image_destroy(image);
    }
    expect_refusal(0, (const unsigned char *)"P5 2 1 0\nab", 11, MR_E_FORMAT, "makes no sense");
    expect_refusal(0, (const unsigned char *)"P5 2\n", 5, MR_E_FORMAT, "makes no sense");
}

/* All small files; the caller frees the owned ones by free_files. */
struct file {
    const unsigned char *data;
    size_t n;
    unsigned char *owned;
};
enum { N_FILES = 7 };

static void make_files(struct file files[N_FILES])
{
    static const unsigned char ppm[] = "P6 2 1 255\n\x01\x02\x03\x04\x05";
    struct bytes bmp = make_bmp(2);

    files[0] = (struct file){baseline_jpeg, sizeof baseline_jpeg, NULL};
    files[1] = (struct file){progressive_jpeg, sizeof progressive_jpeg, NULL};
    files[2] = (struct file){grey_jpeg, sizeof grey_jpeg, NULL};
    files[3] = (struct file){cmyk_jpeg, sizeof cmyk_jpeg, NULL};
    files[4] = (struct file){deflated_png, sizeof deflated_png, NULL};
    files[5] = (struct file){bmp.data, bmp.n, bmp.data};
    files[6] = (struct file){ppm, sizeof ppm, NULL}; /* the terminating zero is its last sample */
}

static void refuses_a_file_cut_at_any_byte(void **state)
{
    struct file files[N_FILES];

    make_files(files);
    for (int i = 0; i < N_FILES; i++) {
        for (size_t n = 0; n < files[i].n; n++) {
            struct mr_image *image = NULL;
            struct mr_error err = {0};
            enum mr_status st = mr_image_decode(&image, sandboxes[1], MR_SANDBOX_WORK,
                                                files[i].data, n, "cut", &err);

            if (st != MR_E_FORMAT && !(st == MR_E_UNSUPPORTED && n < 8)) /* no magic yet */
                fail_msg("file %d cut to %zu of %zu bytes: '%s'", i, n, files[i].n, err.message);
            assert_null(image);
            if (n > 60)
                assert_non_null(strstr(err.message, "cut short"));
        }
        mr_image_destroy(decode(files[i].data, files[i].n)); /* whole it is fine */
        free(files[i].owned);
    }
}

static void refuses_a_file_cut_at_any_percent_in_a_decoder(void **state)
{
    struct file files[N_FILES];

    make_files(files);
    for (int i = 0; i < N_FILES; i++) {
        for (size_t percent = 20; percent <= 99; percent += i == 0 ? 1 : 13)
            expect_refusal(0, files[i].data, files[i].n * percent / 100, MR_E_FORMAT, "");
        free(files[i].owned);
    }
}

static void is_not_fooled_by_an_end_marker_in_a_thumbnail(void **state)
{
    /* SOI, APP1 that holds a whole JPEG, the beginning of an image */
    struct bytes jpeg = {0};
    unsigned n = (unsigned)sizeof grey_jpeg + 2;
    unsigned char app1[4] = {0xff, 0xe1, (unsigned char)(n >> 8), (unsigned char)n};

    bytes_add(&jpeg, "\xff\xd8", 2);
    bytes_add(&jpeg, app1, 4);
    bytes_add(&jpeg, grey_jpeg, sizeof grey_jpeg);
    bytes_add(&jpeg, baseline_jpeg + 2, sizeof baseline_jpeg - 40);
    expect_refusal(0, jpeg.data, jpeg.n, MR_E_FORMAT, "cut short");
    free(jpeg.data);
}

/* Bytes from the start to the n-th marker of this kind, in a file whose headers do not contain it.
 */
static size_t find_marker(const unsigned char *data, size_t n, int marker, int count)
{
    for (size_t i = 2; i + 1 < n; i++)
        if (data[i] == 0xff && data[i + 1] == marker && --count == 0)
            return i;
    fail();
    return 0;
}

static void refuses_a_progressive_jpeg_whose_last_scans_were_replaced_by_an_end(void **state)
{
    for (int scan = 2; scan <= 10; scan++) {
        struct bytes jpeg = {0};

        bytes_add(&jpeg, progressive_jpeg,
                  find_marker(progressive_jpeg, sizeof progressive_jpeg, 0xda, scan));
        bytes_add(&jpeg, "\xff\xd9", 2);
        expect_refusal(0, jpeg.data, jpeg.n, MR_E_FORMAT, "are missing before the end");
        free(jpeg.data);
    }
}

/* stb_image does not tell that coded data ended early; the README says so. */
#if MISREAD_TURBOJPEG
static void refuses_a_baseline_jpeg_with_an_end_pasted_on(void **state)
{
    size_t scan = find_marker(baseline_jpeg, sizeof baseline_jpeg, 0xda, 1) + 14;

    for (size_t n = scan + 4; n < sizeof baseline_jpeg - 6; n += 4) {
        struct bytes jpeg = {0};

        bytes_add(&jpeg, baseline_jpeg, n);
        bytes_add(&jpeg, "\xff\xd9", 2);
        expect_refusal(1, jpeg.data, jpeg.n, MR_E_FORMAT, "damaged");
        free(jpeg.data);
    }
}
#endif

static void refuses_every_flipped_bit_of_a_png(void **state)
{
    unsigned char png[sizeof deflated_png];

    for (size_t bit = 0; bit < sizeof png * 8; bit++) {
        struct mr_image *image = NULL;

        memcpy(png, deflated_png, sizeof png);
        png[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (mr_image_decode(&image, sandboxes[1], MR_SANDBOX_WORK, png, sizeof png, "flip", NULL) ==
            MR_OK)
            fail_msg("bit %zu of byte %zu was not noticed", bit % 8, bit / 8);
    }
}

static void refuses_a_png_whose_chunks_are_out_of_order(void **state)
{
    static const unsigned char rows[6] = {0, 1, 2, 0, 3, 4};
    struct bytes png = {0};

    png_begin(&png, 2, 2, 8, 3); /* no palette */
    png_end(&png, rows, 6);
    expect_refusal(0, png.data, png.n, MR_E_FORMAT, "palette is missing");
    png.n = 0;
    png_begin(&png, 2, 2, 8, 0);
    png_add_chunk(&png, "IEND", "", 0);
    expect_refusal(0, png.data, png.n, MR_E_FORMAT, "no data");
    png.n = 0;
    png_begin(&png, 2, 2, 16, 3);
    png_end(&png, rows, 6);
    expect_refusal(0, png.data, png.n, MR_E_FORMAT, "do not exist");
    png.n = 0;
    png_begin(&png, 2, 3, 8, 0); /* a row more than there is data */
    png_end(&png, rows, 6);
    expect_refusal(0, png.data, png.n, MR_E_FORMAT, "not enough pixels");
    free(png.data);
}

static void refuses_bombs(void **state)
{
    static const struct {
        uint32_t w, h;
        int depth, color;
        const char *part;
    } bombs[] = {
        {0x7fffffff, 0x7fffffff, 8, 2, "over the limit of 16384 a side"},
        {16385, 1, 8, 0, "over the limit of 16384 a side"},
        {1, 16385, 8, 0, "over the limit of 16384 a side"},
        {16384, 16384, 1, 0, "over the limit of 16384 a side"},
        {8192, 8192, 8, 2, "MiB, more than the 300 allowed"},
        {6000, 6000, 16, 6, "MiB, more than the 300 allowed"},
        {0, 5, 8, 0, "no pixels"},
    };
    static const unsigned char rows[2] = {0};
    unsigned char jpeg[sizeof progressive_jpeg];
    size_t frame = find_marker(progressive_jpeg, sizeof jpeg, 0xc2, 1);

    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct bytes png = {0};

        png_begin(&png, bombs[i].w, bombs[i].h, bombs[i].depth, bombs[i].color);
        png_end(&png, rows, 2);
        expect_refusal(0, png.data, png.n, bombs[i].w ? MR_E_LIMIT : MR_E_FORMAT, bombs[i].part);
        free(png.data);
    }
    memcpy(jpeg, progressive_jpeg, sizeof jpeg);
    memcpy(jpeg + frame + 5, "\x20\x00\x20\x00", 4); /* 8192 x 8192 */
    expect_refusal(0, jpeg, sizeof jpeg, MR_E_LIMIT, "MiB, more than the 300 allowed");
    memcpy(jpeg + frame + 5, "\xff\xff\xff\xff", 4);
    expect_refusal(0, jpeg, sizeof jpeg, MR_E_LIMIT, "65535 x 65535");
    memcpy(jpeg + frame + 5, "\x00\x00\x00\x10", 4);
    expect_refusal(0, jpeg, sizeof jpeg, MR_E_FORMAT, "no pixels");
}

static void refuses_a_bomb_in_the_data_of_a_png(void **state)
{
    /* 64 pixels promised, and a stream that inflates to 64 KiB: never more than it was promised is
     * kept */
    struct bytes png = {0};
    unsigned char *rows = calloc(1, 65535);
    struct mr_image *image = NULL;
    struct mr_error err;

    png_begin(&png, 8, 8, 8, 0);
    png_end(&png, rows, 65535);
    assert_ok(mr_image_decode(&image, sandboxes[0], MR_SANDBOX_WORK, png.data, png.n, "", &err),
              err);
    assert_int_equal(image->w * image->h, 64);
    mr_image_destroy(image);
    free(rows);
    free(png.data);
}

static void refuses_other_formats_by_name(void **state)
{
    static const struct {
        const char *part;
        size_t at, n;
        const char *magic;
    } cases[] = {
        {"GIF", 0, 6, "GIF89a"},
        {"TIFF", 0, 4, "II*\0"},
        {"TIFF", 0, 4, "MM\0*"},
        {"WebP", 8, 4, "WEBP"},
        {"DICOM", 128, 4, "DICM"},
        {"NIfTI", 344, 4, "n+1\0"},
        {"HEIC", 4, 8, "ftypheic"},
        {"JPEG 2000", 0, 4, "\xff\x4f\xff\x51"},
        {"PDF", 0, 8, "%PDF-1.7"},
        {"zip", 0, 4, "PK\3\4"},
        {"HTML", 0, 15, "<!DOCTYPE html>"},
        {"HTML", 0, 12, "\n \t<HTML><b>"},
        {"HTML", 0, 9, "\xef\xbb\xbf<html>"},
        {"SVG", 0, 4, "<svg"},
        {"JSON", 0, 4, "{\"a\""},
        {"Git LFS", 0, 30, "version https://git-lfs.github"},
        {"no image of a known kind", 0, 5, "hello"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char file[400];

        memset(file, 'x', sizeof file);
        memcpy(file + cases[i].at, cases[i].magic, cases[i].n);
        expect_refusal(0, file, sizeof file, MR_E_UNSUPPORTED, cases[i].part);
    }
    expect_refusal(0, (const unsigned char *)"", 0, MR_E_FORMAT, "the file is empty");
    expect_refusal(0, (const unsigned char *)"\0\0\0\0\0\0\0\0\0", 9, MR_E_FORMAT,
                   "all its bytes are zero");
    expect_refusal(0, (const unsigned char *)"<", 1, MR_E_UNSUPPORTED, "no image of a known kind");
}

static void refuses_kinds_of_jpeg_by_name(void **state)
{
    static const struct {
        unsigned char marker;
        const char *part;
    } cases[] = {{0xc3, "lossless JPEG"}, {0xc9, "arithmetic-coded"}, {0xc5, "hierarchical"}};
    size_t frame = find_marker(baseline_jpeg, sizeof baseline_jpeg, 0xc0, 1);
    unsigned char jpeg[sizeof baseline_jpeg];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(jpeg, baseline_jpeg, sizeof jpeg);
        jpeg[frame + 1] = cases[i].marker;
        expect_refusal(0, jpeg, sizeof jpeg, MR_E_UNSUPPORTED, cases[i].part);
    }
    memcpy(jpeg, baseline_jpeg, sizeof jpeg);
    jpeg[frame + 4] = 12;
    expect_refusal(0, jpeg, sizeof jpeg, MR_E_UNSUPPORTED, "12 bits");
}

static void refuses_a_huffman_table_of_too_many_codes(void **state)
{
    size_t table = find_marker(baseline_jpeg, sizeof baseline_jpeg, 0xc4, 1) + 5;
    static const unsigned char counts[][2] = {{255, 255}, {0, 200}};
    unsigned char jpeg[sizeof baseline_jpeg];

    for (size_t i = 0; i < 2; i++) {
        memcpy(jpeg, baseline_jpeg, sizeof jpeg);
        jpeg[table + 14] = counts[i][0];
        jpeg[table + 15] = counts[i][1];
        expect_refusal(0, jpeg, sizeof jpeg, MR_E_FORMAT, "a Huffman table that makes no sense");
    }
}

/* ---- EXIF ---- */

/* Orientation in a TIFF of one entry, in either byte order. */
static void make_tiff(unsigned char tiff[26], bool is_big, int orientation)
{
    static const unsigned char big[26] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
                                          3,   0,   0, 0,  1, 0, 0, 0, 0, 0, 0, 0,    0};
    static const unsigned char little[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                             0,   1,   0,  0, 0, 0, 0, 0, 0, 0, 0,    0, 0};

    memcpy(tiff, is_big ? big : little, 26);
    tiff[is_big ? 19 : 18] = (unsigned char)orientation;
}

static void turns_all_eight_orientations_upright(void **state)
{
    /* stored: a b c    upright, row by row: */
    /*         d e f                         */
    static const struct {
        int w;
        const char *upright;
    } right[9] = {
        {3, "abcdef"}, /* 0 is none */
        {3, "abcdef"}, {3, "cbafed"}, {3, "fedcba"}, {3, "defabc"},
        {2, "adbecf"}, {2, "daebfc"}, {2, "fcebda"}, {2, "cfbead"},
    };
    static const unsigned char rows[8] = {0, 'a', 'b', 'c', 0, 'd', 'e', 'f'};

    for (int orientation = 0; orientation <= 8; orientation++)
        for (int is_big = 0; is_big < 2; is_big++) {
            struct bytes png = {0};
            struct mr_image *image;
            unsigned char tiff[26];

            make_tiff(tiff, is_big, orientation);
            png_begin(&png, 3, 2, 8, 0);
            png_add_chunk(&png, "eXIf", tiff, sizeof tiff);
            png_end(&png, rows, sizeof rows);
            image = decode_and_free(&png);
            assert_int_equal(image->w, right[orientation].w);
            assert_int_equal(image->h, 6 / right[orientation].w);
            for (int i = 0; i < 6; i++)
                assert_int_equal(image->rgb[3 * i + i % 3], right[orientation].upright[i]);
            mr_image_destroy(image);
        }
}

static void reads_the_orientation_of_a_jpeg(void **state)
{
    struct mr_image *stored = decode(baseline_jpeg, sizeof baseline_jpeg), *turned;
    unsigned char app1[36] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f'};
    struct bytes jpeg = {0};

    make_tiff(app1 + 10, true, 6);
    bytes_add(&jpeg, "\xff\xd8", 2);
    bytes_add(&jpeg, app1, sizeof app1);
    bytes_add(&jpeg, baseline_jpeg + 2, sizeof baseline_jpeg - 2);
    turned = decode_and_free(&jpeg);
    assert_int_equal(turned->w, FIXTURE_H);
    assert_int_equal(turned->h, FIXTURE_W);
    /* turned right: the top right pixel was the top left one */
    assert_memory_equal(turned->rgb + 3 * (turned->w - 1), stored->rgb, 3);
    assert_memory_equal(turned->rgb, stored->rgb + 3 * stored->w * (stored->h - 1), 3);
    mr_image_destroy(stored);
    mr_image_destroy(turned);
}

static void takes_malformed_exif_for_none(void **state)
{
    unsigned char tiff[26], broken[26];

    make_tiff(tiff, false, 6);
    assert_int_equal(mr_exif_orientation(tiff, sizeof tiff), 6);
    for (size_t n = 0; n < 22;
         n++) { /* cut anywhere; an exact copy, so a sanitizer sees overruns */
        unsigned char *cut = malloc(n ? n : 1);

        memcpy(cut, tiff, n);
        assert_int_equal(mr_exif_orientation(cut, n), 1);
        free(cut);
    }
    for (int value = 9; value < 256; value++) {
        make_tiff(tiff, false, value);
        assert_int_equal(mr_exif_orientation(tiff, sizeof tiff), 1);
    }
    make_tiff(tiff, false, 6);
    memcpy(broken, tiff, sizeof tiff);
    memcpy(broken + 4, "\xff\xff\xff\xff", 4); /* the directory is out of the file */
    assert_int_equal(mr_exif_orientation(broken, sizeof broken), 1);
    memcpy(broken, tiff, sizeof tiff);
    broken[12] = 4; /* another type */
    assert_int_equal(mr_exif_orientation(broken, sizeof broken), 1);
    memcpy(broken, tiff, sizeof tiff);
    broken[0] = 'M';
    assert_int_equal(mr_exif_orientation(broken, sizeof broken), 1);
}

/* ---- distrust, files, real images ---- */

static void answer_lies(struct mr_sandbox_call *call)
{
    static const struct {
        int w, h, orientation;
        size_t n;
    } lies[] = {
        {2, 2, 1, 12}, /* the one that is true */
        {2, 2, 0, 12},
        {2, 2, 9, 12},
        {-2, -2, 1, 12},
        {2, 2, 1, 11},
        {0, 0, 1, 0},
        {2, 2, 1, 0},
        {1 << 16, 1 << 16, 1, 0},
        {16385, 1, 1, 49155},
        {16384, 16384, 1, 1 << 20},
    };
    int i = call->in[0];

    call->values[MR_PARSE_W] = lies[i].w;
    call->values[MR_PARSE_H] = lies[i].h;
    call->values[MR_PARSE_ORIENTATION] = lies[i].orientation;
    call->n_out = lies[i].n;
}

static void distrusts_what_a_decoder_answers(void **state)
{
    static const struct mr_sandbox_parser liar = {"liar", answer_lies};
    struct mr_sandbox_options options = mr_image_sandbox_options(1);
    struct mr_sandbox *sandbox;
    struct mr_image *image = NULL;
    struct mr_error err;

    options.parsers = &liar;
    options.n_parsers = 1;
    options.in_process = true; /* the checks are the program's */
    assert_ok(mr_sandbox_create(&sandbox, &options, &err), err);
    for (unsigned char i = 1; i < 10; i++) {
        assert_int_equal(mr_image_decode(&image, sandbox, MR_SANDBOX_WORK, &i, 1, "", &err),
                         MR_E_SANDBOX);
        assert_null(image);
    }
    assert_ok(
        mr_image_decode(&image, sandbox, MR_SANDBOX_WORK, (const unsigned char *)"", 1, "", &err),
        err);
    mr_image_destroy(image);
    mr_sandbox_destroy(sandbox);
}

static void loads_files_and_says_why_it_cannot(void **state)
{
    char *dir = make_folder();
    char path[256];
    struct mr_image *image = NULL;
    struct mr_error err;
    FILE *f;

    snprintf(path, sizeof path, "%s/a.txt", dir); /* told by content, not by name */
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(deflated_png, 1, sizeof deflated_png, f), sizeof deflated_png);
    fclose(f);
    assert_ok(mr_image_load(&image, sandboxes[0], MR_SANDBOX_SCREEN, path, &err), err);
    assert_int_equal(find_max_error(image, 255), 0);
    mr_image_destroy(image);
    assert_int_equal(truncate(path, (off_t)sizeof deflated_png - 5), 0);
    assert_int_equal(mr_image_load(&image, sandboxes[0], MR_SANDBOX_SCREEN, path, &err),
                     MR_E_FORMAT);
    assert_non_null(strstr(err.message, "a.txt': the PNG is cut short"));
    assert_int_equal(truncate(path, (off_t)MR_IMAGE_MAX_BYTES + 1), 0);
    assert_int_equal(mr_image_load(&image, sandboxes[0], MR_SANDBOX_SCREEN, path, &err),
                     MR_E_LIMIT);
    assert_int_equal(mr_image_load(&image, sandboxes[0], MR_SANDBOX_SCREEN, dir, &err),
                     MR_E_UNSUPPORTED);
    remove_folder(dir);
    assert_int_equal(mr_image_load(&image, sandboxes[0], MR_SANDBOX_SCREEN, path, &err), MR_E_IO);
    assert_non_null(strstr(err.message, "a.txt"));
}

static void reads_real_images(void **state)
{
    char path[512], file[1024];
    struct dirent *entry;
    int n = 0;
    DIR *dir;

    shared_or_skip(path, "data/kvasir-seg/images");
    dir = opendir(path);
    assert_non_null(dir);
    while (n < 20 && (entry = readdir(dir))) {
        struct mr_image *image = NULL;
        struct mr_error err;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        assert_ok(mr_image_load(&image, sandboxes[0], MR_SANDBOX_WORK, file, &err), err);
        assert_true(image->w > 300 && image->h > 300);
        mr_image_destroy(image);
        n++;
    }
    closedir(dir);
    assert_int_equal(n, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind_of_jpeg),
        cmocka_unit_test(reads_a_grey_jpeg_as_grey),
        cmocka_unit_test(reads_every_colour_type_of_png),
        cmocka_unit_test(reads_bmp_from_either_end),
        cmocka_unit_test(reads_pnm_of_any_maximum),
        cmocka_unit_test(refuses_a_file_cut_at_any_byte),
        cmocka_unit_test(refuses_a_file_cut_at_any_percent_in_a_decoder),
        cmocka_unit_test(is_not_fooled_by_an_end_marker_in_a_thumbnail),
        cmocka_unit_test(refuses_a_progressive_jpeg_whose_last_scans_were_replaced_by_an_end),
#if MISREAD_TURBOJPEG
        cmocka_unit_test(refuses_a_baseline_jpeg_with_an_end_pasted_on),
#endif
        cmocka_unit_test(refuses_every_flipped_bit_of_a_png),
        cmocka_unit_test(refuses_a_png_whose_chunks_are_out_of_order),
        cmocka_unit_test(refuses_bombs),
        cmocka_unit_test(refuses_a_bomb_in_the_data_of_a_png),
        cmocka_unit_test(refuses_other_formats_by_name),
        cmocka_unit_test(refuses_kinds_of_jpeg_by_name),
        cmocka_unit_test(refuses_a_huffman_table_of_too_many_codes),
        cmocka_unit_test(turns_all_eight_orientations_upright),
        cmocka_unit_test(reads_the_orientation_of_a_jpeg),
        cmocka_unit_test(takes_malformed_exif_for_none),
        cmocka_unit_test(distrusts_what_a_decoder_answers),
        cmocka_unit_test(loads_files_and_says_why_it_cannot),
        cmocka_unit_test(reads_real_images),
    };

    return cmocka_run_group_tests(tests, make_sandboxes, destroy_sandboxes);
}
