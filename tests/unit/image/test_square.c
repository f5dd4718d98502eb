/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/image/decode.h>
#include <misread/image/image.h>

#include "fixtures.h"
#include "parse.h"

static struct mr_sandbox *sandbox; /* of the whole suite */
static char *dir, path[256];
static struct mr_size_px whole_px;
static struct mr_image *square;
static struct mr_error err;

static int make_sandbox(void **state)
{
    struct mr_sandbox_options options = mr_image_sandbox_options(1);
    const char *preload = getenv("LD_PRELOAD");

    if (preload && strstr(preload, "vgpreload"))
        options.in_process = true; /* valgrind makes system calls that strict seccomp forbids */
    assert_ok(mr_sandbox_create(&sandbox, &options, &err), err);
    return 0;
}

static int destroy_sandbox(void **state)
{
    mr_sandbox_destroy(sandbox);
    return 0;
}

static int set_up(void **state)
{
    dir = make_folder();
    snprintf(path, sizeof path, "%s/a.img", dir);
    square = NULL;
    return 0;
}

static int tear_down(void **state)
{
    mr_image_destroy(square);
    remove_folder(dir);
    return 0;
}

static void write_file(const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The JPEG of the fixtures with an EXIF orientation. */
static void write_turned(int orientation)
{
    unsigned char jpeg[sizeof baseline_jpeg + 36] = {0xff, 0xd8, 0xff, 0xe1, 0, 34};
    const unsigned char exif[] = {
        'E', 'x', 'i', 'f', 0,    0, 'M', 'M', 0, 42, 0, 0, 0,
        8,   0,   1,   1,   0x12, 0, 3,   0,   0, 0,  1, 0, (unsigned char)orientation};

    memcpy(jpeg + 6, exif, sizeof exif);
    memcpy(jpeg + 38, baseline_jpeg + 2, sizeof baseline_jpeg - 2);
    write_file(jpeg, sizeof jpeg);
}

static void is_what_loading_and_squaring_make_whichever_way_the_image_is_turned(void **state)
{
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int side_px = 1; side_px < 40; side_px += 5) {
            enum mr_square how = (enum mr_square)(side_px % MR_SQUARE_N);
            struct mr_image *image = NULL, *right = NULL;

            write_turned(orientation);
            assert_ok(mr_image_load(&image, sandbox, MR_SANDBOX_WORK, path, &err), err);
            assert_int_equal(image->w, orientation < 5 ? FIXTURE_W : FIXTURE_H);
            assert_ok(mr_image_resize_square(&right, image, side_px, how, &err), err);
            assert_ok(
                mr_image_load_square(&square, &whole_px, sandbox, path, side_px, how, NULL, &err),
                err);
            assert_int_equal(whole_px.w, image->w);
            assert_int_equal(whole_px.h, image->h);
            assert_int_equal(square->w, side_px);
            assert_int_equal(square->h, side_px);
            assert_memory_equal(square->rgb, right->rgb, (size_t)(side_px * side_px * 3));
            mr_image_destroy(image);
            mr_image_destroy(right);
            mr_image_destroy(square);
            square = NULL;
        }
}

static void says_why_there_is_none(void **state)
{
    assert_int_equal(
        mr_image_load_square(&square, &whole_px, sandbox, path, 8, MR_SQUARE_CROP, NULL, &err),
        MR_E_IO);
    write_file(deflated_png, sizeof deflated_png - 5);
    assert_int_equal(
        mr_image_load_square(&square, &whole_px, sandbox, path, 8, MR_SQUARE_CROP, NULL, &err),
        MR_E_FORMAT);
    assert_non_null(strstr(err.message, "a.img': the PNG is cut short"));
    write_file(deflated_png, sizeof deflated_png);
    assert_int_equal(
        mr_image_load_square(&square, &whole_px, sandbox, path, 0, MR_SQUARE_CROP, NULL, &err),
        MR_E_LIMIT);
    assert_null(square);
}

/* 2 x 2 pixels by a decoder that was taken over. */
static void answer_lies(struct mr_sandbox_call *call)
{
    static const struct {
        int w, h, orientation;
        size_t n;
    } lies[] = {{2, 2, 0, 12},
                {2, 2, 9, 12},
                {2, 2, 1, 11},
                {0, 2, 1, 0},
                {1 << 16, 1 << 16, 1, 0},
                {16384, 16384, 1, 1 << 20}};
    int i = call->in[0];

    call->values[MR_PARSE_W] = lies[i].w;
    call->values[MR_PARSE_H] = lies[i].h;
    call->values[MR_PARSE_ORIENTATION] = lies[i].orientation;
    call->n_out = lies[i].n;
}

static void distrusts_the_decoder(void **state)
{
    static const struct mr_sandbox_parser liar = {"liar", answer_lies};
    struct mr_sandbox_options options = mr_image_sandbox_options(1);
    struct mr_sandbox *lying = NULL;

    options.parsers = &liar;
    options.n_parsers = 1;
    options.in_process = true; /* the checks are the program's */
    assert_ok(mr_sandbox_create(&lying, &options, &err), err);
    for (unsigned char i = 0; i < 6; i++) {
        write_file(&i, 1);
        assert_int_equal(
            mr_image_load_square(&square, &whole_px, lying, path, 2, MR_SQUARE_CROP, NULL, &err),
            MR_E_SANDBOX);
        assert_null(square);
    }
    mr_sandbox_destroy(lying);
}

static void assert_part(enum mr_square how, struct mr_rect_share part, struct mr_rect_share in)
{
    struct mr_rect_share got = mr_square_part(how, (struct mr_size_px){200, 100}, part);

    if (fabs(got.x - in.x) + fabs(got.y - in.y) + fabs(got.w - in.w) + fabs(got.h - in.h) > 1e-9)
        fail_msg("%s: %g %g %g %g", mr_square_name(how), got.x, got.y, got.w, got.h);
}

/* Of 200 x 100 pixels CROP has the middle 100, and PAD 50 more above and below. */
static void a_part_of_the_picture_is_found_in_its_square(void **state)
{
    const struct mr_rect_share part = {.2, .5, .3, .5}, none = {0};

    assert_part(MR_SQUARE_SQUISH, part, part);
    assert_part(MR_SQUARE_CROP, part, (struct mr_rect_share){0, .5, .5, .5});
    assert_part(MR_SQUARE_PAD, part, (struct mr_rect_share){.2, .5, .3, .25});
    assert_part(MR_SQUARE_CROP, (struct mr_rect_share){.05, .5, .2, .4}, none);
    assert_part(MR_SQUARE_CROP, none, none);
    assert_part(MR_SQUARE_PAD, none, none);
    assert_part(MR_SQUARE_CROP, (struct mr_rect_share){0, 0, 1, 1},
                (struct mr_rect_share){0, 0, 1, 1});
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(is_what_loading_and_squaring_make_whichever_way_the_image_is_turned),
        CASE(says_why_there_is_none),
        CASE(distrusts_the_decoder),
        CASE(a_part_of_the_picture_is_found_in_its_square),
    };

    return cmocka_run_group_tests(tests, make_sandbox, destroy_sandbox);
}
