/* SPDX-License-Identifier: MIT */
/*
 * Turns pictures into bytes for the terminal, in a thread of its own, and remembers the last ones.
 * One is encoded at a time; one may wait, and a newer one takes its place. All functions are for
 * the screen thread.
 */
#ifndef MISREAD_TERM_ENCODER_H
#define MISREAD_TERM_ENCODER_H

#include <stdbool.h>
#include <stdint.h>

#include <misread/base/geometry.h>
#include <misread/base/status.h>
#include <misread/term/term.h>

struct mr_image;
struct mr_str;
struct mr_wake;
struct mr_encoder;

/* What makes two encodings the same. */
struct mr_encoding_key {
    uint64_t version;
    enum mr_graphics mode;      /* SIXEL or HALF */
    struct mr_size_px px;       /* SIXEL: of the picture */
    struct mr_size_cells cells; /* HALF: its size; SIXEL: 0 */
    int n_colors;               /* registers, or colours of the terminal */
};

enum mr_encoding_state {
    MR_ENCODING_UNKNOWN,
    MR_ENCODING_COMING,
    MR_ENCODING_READY,
    MR_ENCODING_FAILED
};

/* wake (borrowed) is raised when something is ready. */
enum mr_status mr_encoder_create(struct mr_encoder **encoder, struct mr_wake *wake,
                                 struct mr_error *err) MR_NODISCARD;
/* Waits for what is being encoded. Accepts NULL. */
void mr_encoder_destroy(struct mr_encoder *encoder);

enum mr_encoding_state mr_encoder_state(struct mr_encoder *encoder,
                                        const struct mr_encoding_key *key);
/* The bytes of one that is READY; borrowed until the next call of mr_encoder_state. */
const struct mr_str *mr_encoder_bytes(struct mr_encoder *encoder,
                                      const struct mr_encoding_key *key);
/* Takes image over. cell is the cell's size (HALF needs its shape). */
void mr_encoder_submit_take(struct mr_encoder *encoder, const struct mr_encoding_key *key,
                            struct mr_size_px cell, struct mr_image *image);
/* Something was submitted and its result not collected yet. */
bool mr_encoder_is_busy(struct mr_encoder *encoder);

#endif
