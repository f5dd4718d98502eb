/* SPDX-License-Identifier: MIT */
/*
 * Bytes from a terminal to keys. Pure: bytes and times are given to it. Replies to our questions
 * are told apart from keys wherever they come, split wherever they may be, and are noted in a
 * probe.
 */
#ifndef MISREAD_TERM_INPUT_H
#define MISREAD_TERM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misread/term/term.h>

#include "probe.h"

#define MR_INPUT_QUEUE 64

struct mr_input {
    struct mr_probe probe;
    unsigned n_replies; /* taken so far: changes when the probe may have */
    bool backspace_is_8;
    /* Until then (ms) unfinished sequences are waited for longer: they may be replies on a slow
     * line. */
    int64_t patient_until_ms;

    unsigned char bytes[4096];
    size_t n;
    int64_t fed_ms;                      /* when the last bytes came */
    struct mr_key queue[MR_INPUT_QUEUE]; /* keys taken out already */
    int n_queued;
    /* The last press, for double clicks. */
    int64_t press_ms;
    int press_row, press_col;
};

/* How long a lone ESC may be the beginning of something; longer while replies are expected. */
#define MR_INPUT_ESCAPE_MS  25
#define MR_INPUT_PATIENT_MS 150

void mr_input_feed(struct mr_input *input, const void *bytes, size_t n, int64_t now_ms);
/* Room for more bytes; 0 only if nothing was taken out. */
size_t mr_input_room(const struct mr_input *input);
/* The next key; false if there is none (yet). */
bool mr_input_next(struct mr_input *input, struct mr_key *key, int64_t now_ms);
/* Takes replies out; keys among them wait for mr_input_next. */
void mr_input_take_replies(struct mr_input *input, int64_t now_ms);
/* Milliseconds until an unfinished sequence is given up on; -1 if nothing is unfinished. */
int mr_input_wait_ms(const struct mr_input *input, int64_t now_ms);

#endif
