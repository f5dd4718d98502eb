/* SPDX-License-Identifier: MIT */
/* Keys of the open terminal; the translation is in input.c. */
#include <misread/base/clock.h>

#include "state.h"

/* Takes what is there; waits at most wait_ms for the first byte. */
static void read_bytes(struct mr_term *term, int wait_ms)
{
    char bytes[1024];
    size_t room;

    while ((room = mr_input_room(&term->input)) > 0) {
        int n = mr_tty_read(bytes, room < sizeof bytes ? room : sizeof bytes, wait_ms);

        if (n < 0)
            term->is_lost = true;
        if (n <= 0)
            return;
        mr_input_feed(&term->input, bytes, (size_t)n, mr_clock_ms());
        wait_ms = 0;
    }
}

static bool next_key(struct mr_term *term, struct mr_key *key)
{
    bool is_key = mr_input_next(&term->input, key, mr_clock_ms());

    mr_screen_adopt_replies(term);
    return is_key;
}

bool mr_term_key(struct mr_term *term, struct mr_key *key)
{
    int wait_ms;

    if (term->is_lost || term->is_suspended)
        return false;
    mr_screen_check_size(term);
    read_bytes(term, 0);
    if (!term->must_tell_change && next_key(term, key))
        return true;
    /* A lone ESC: the rest of a sequence follows at once, or it is the key. */
    wait_ms = mr_input_wait_ms(&term->input, mr_clock_ms());
    if (!term->must_tell_change && wait_ms >= 0 && wait_ms <= MR_INPUT_ESCAPE_MS) {
        read_bytes(term, wait_ms + 1);
        if (next_key(term, key))
            return true;
    }
    if (!term->must_tell_change)
        return false;
    term->must_tell_change = false;
    *key = (struct mr_key){.code = MR_KEY_RESIZE};
    return true;
}
