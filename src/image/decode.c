/* SPDX-License-Identifier: MIT */
/* In the program: hands bytes to a decoder, distrusts the answer, turns the pixels upright. */
#include <misread/image/decode.h>

#include <stdlib.h>
#include <string.h>

#include <misread/base/file.h>
#include <misread/image/image.h>
#include <misread/image/mask.h>

#include "parse.h"

/* A decode that takes longer than this is an attack or a bug: 64 megapixels of PNG take two
 * seconds. */
#define DEADLINE_MS 10000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IN_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define IN_SANITIZER true
#endif
#endif
#ifndef IN_SANITIZER
#define IN_SANITIZER false
#endif

struct mr_sandbox_options mr_image_sandbox_options(int n_decoders)
{
    static const struct mr_sandbox_parser parsers[] = {
        [MR_IMAGE_PARSER] = {.name = "image", .parse = mr_image_parse},
    };

    return (struct mr_sandbox_options){
        .parsers = parsers,
        .n_parsers = sizeof parsers / sizeof *parsers,
        .n_decoders = n_decoders,
        .in_cap = MR_IMAGE_MAX_BYTES,
        .out_cap = MR_IMAGE_MAX_PIXELS * 3,
        .heap = MR_PARSE_HEAP,
        .deadline_ms = DEADLINE_MS,
        .in_process = IN_SANITIZER,
    };
}

/*
 * EXIF orientations as the way from the file's pixels to upright ones:
 *
 *   1 as is        2 mirrored      3 half turn       4 upside down mirrored
 *   5 transposed   6 turned right  7 anti-transposed 8 turned left
 *
 * upright(x, y) = stored(y, x) if is_swapped, else stored(x, y), with the stored axis counted from
 * its end where flipped.
 */
static const struct {
    bool is_x_flipped, is_y_flipped, is_swapped;
} turns[9] = {
    [1] = {false, false, false}, [2] = {true, false, false}, [3] = {true, true, false},
    [4] = {false, true, false},  [5] = {false, false, true}, [6] = {false, true, true},
    [7] = {true, true, true},    [8] = {true, false, true},
};

static void turn(struct mr_image *image, const unsigned char *stored, int w, int h, int orientation)
{
    ptrdiff_t dx = turns[orientation].is_x_flipped ? -1 : 1;
    ptrdiff_t dy = turns[orientation].is_y_flipped ? -w : w;
    ptrdiff_t first = (dx < 0 ? w - 1 : 0) + (dy < 0 ? (ptrdiff_t)(h - 1) * w : 0);
    bool is_swapped = turns[orientation].is_swapped;
    ptrdiff_t step_x = is_swapped ? dy : dx, step_y = is_swapped ? dx : dy;
    unsigned char *out = image->rgb;

    for (int y = 0; y < image->h; y++)
        for (int x = 0; x < image->w; x++, out += 3)
            memcpy(out, stored + 3 * (first + x * step_x + y * step_y), 3);
}

/* Every number is checked again: the decoder may have been taken over. */
static bool is_sound(const struct mr_sandbox_call *call)
{
    int w = call->values[MR_PARSE_W], h = call->values[MR_PARSE_H];
    int orientation = call->values[MR_PARSE_ORIENTATION];

    return w >= 1 && h >= 1 && w <= MR_IMAGE_MAX_SIDE && h <= MR_IMAGE_MAX_SIDE &&
           (size_t)w * (size_t)h <= MR_IMAGE_MAX_PIXELS &&
           call->n_out == (size_t)w * (size_t)h * 3 && call->n_out <= call->out_cap &&
           orientation >= 1 && orientation <= 8;
}

static enum mr_status tell_nonsense(struct mr_error *err)
{
    return mr_fail(err, MR_E_SANDBOX, "the decoder answered nonsense and was stopped");
}

static enum mr_status take_pixels(void *ctx, const struct mr_sandbox_call *call,
                                  struct mr_error *err)
{
    struct mr_image **image = ctx;
    int w = call->values[MR_PARSE_W], h = call->values[MR_PARSE_H];
    int orientation = call->values[MR_PARSE_ORIENTATION];
    enum mr_status st;

    if (!is_sound(call))
        return tell_nonsense(err);
    st = turns[orientation].is_swapped ? mr_image_create(image, h, w, err)
                                       : mr_image_create(image, w, h, err);
    if (st)
        return st;
    if (orientation == 1)
        memcpy((*image)->rgb, call->out, call->n_out);
    else
        turn(*image, call->out, w, h, orientation);
    return MR_OK;
}

/* What is made of a decoder's pixels while they lie there, without keeping them. */
struct squaring {
    struct mr_image *square; /* owned */
    struct mr_size_px whole_px;
    int side_px;
    enum mr_square how;
    const struct mr_mask *mask; /* borrowed; may be NULL */
};

static enum mr_status take_square(void *ctx, const struct mr_sandbox_call *call,
                                  struct mr_error *err)
{
    struct squaring *squaring = ctx;
    struct mr_image stored = {.rgb = call->out}, *upright = NULL, *image = &stored;
    enum mr_status st = MR_OK;

    if (!is_sound(call))
        return tell_nonsense(err);
    stored.w = call->values[MR_PARSE_W];
    stored.h = call->values[MR_PARSE_H];
    if (call->values[MR_PARSE_ORIENTATION] != 1) {
        st = take_pixels(&upright, call, err);
        image = upright;
    }
    if (!st && squaring->mask)
        st = mr_mask_apply(squaring->mask, image, err);
    if (!st)
        st =
            mr_image_resize_square(&squaring->square, image, squaring->side_px, squaring->how, err);
    if (!st)
        squaring->whole_px = (struct mr_size_px){image->w, image->h};
    mr_image_destroy(upright);
    return st;
}

enum mr_status mr_image_decode(struct mr_image **image, struct mr_sandbox *sandbox,
                               enum mr_sandbox_who who, const unsigned char *data, size_t n,
                               const char *name, struct mr_error *err)
{
    struct mr_error why = {0};
    struct mr_image *decoded = NULL;
    enum mr_status st;

    st = mr_sandbox_run(sandbox, who, MR_IMAGE_PARSER, data, n, NULL, take_pixels, &decoded, &why);
    if (st)
        return mr_fail(err, st, "cannot read '%s': %s", name, why.message);
    *image = decoded;
    return MR_OK;
}

enum mr_status mr_image_load(struct mr_image **image, struct mr_sandbox *sandbox,
                             enum mr_sandbox_who who, const char *path, struct mr_error *err)
{
    unsigned char *data = NULL;
    size_t n = 0;
    enum mr_status st = mr_file_read(path, MR_IMAGE_MAX_BYTES, &data, &n, err);

    if (!st)
        st = mr_image_decode(image, sandbox, who, data, n, path, err);
    free(data);
    return st;
}

enum mr_status mr_image_load_square(struct mr_image **square, struct mr_size_px *whole_px,
                                    struct mr_sandbox *sandbox, const char *path, int side_px,
                                    enum mr_square how, const struct mr_mask *mask,
                                    struct mr_error *err)
{
    struct squaring squaring = {.side_px = side_px, .how = how, .mask = mask};
    struct mr_error why = {0};
    unsigned char *data = NULL;
    size_t n = 0;
    enum mr_status st = mr_file_read(path, MR_IMAGE_MAX_BYTES, &data, &n, err);

    if (st)
        return st;
    st = mr_sandbox_run(sandbox, MR_SANDBOX_WORK, MR_IMAGE_PARSER, data, n, NULL, take_square,
                        &squaring, &why);
    free(data);
    if (st)
        return mr_fail(err, st, "cannot read '%s': %s", path, why.message);
    *square = squaring.square;
    *whole_px = squaring.whole_px;
    return MR_OK;
}
