/* SPDX-License-Identifier: MIT */
/* Bytes to keys. */
#include "support.h"

#include <misread/base/rng.h>
#include <misread/term/term.h>

#include "input.h"

#include "fake_image.h"

/* The only key in bytes, all of which must be used up. */
static int code_of(const char *bytes)
{
    struct mr_input input = {0};
    struct mr_key key = {0}, more;

    mr_input_feed(&input, bytes, strlen(bytes), 1000);
    if (!mr_input_next(&input, &key, 1000))
        key.code = MR_KEY_NONE;
    assert_false(mr_input_next(&input, &more, 1000));
    assert_int_equal(input.n, 0);
    return key.code;
}

static void names_every_key(void **state)
{
    static const struct {
        const char *bytes;
        int code;
    } keys[] = {
        {"a", 'a'},
        {"\r", '\r'},
        {"\t", '\t'},
        {"\177", 127},
        {"\003", 3},
        {"\032", 26},
        {"\xc3\xa9", 0xe9},
        {"\xe2\x86\x92", 0x2192},
        {"\xf0\x9f\x98\x80", 0x1f600},
        {"\033[A", MR_KEY_UP},
        {"\033OB", MR_KEY_DOWN},
        {"\033[1;5D", MR_KEY_LEFT},
        {"\033[1;2D", MR_KEY_SHIFT_LEFT},
        {"\033[1;2B", MR_KEY_SHIFT_DOWN},
        {"\033[C", MR_KEY_RIGHT},
        {"\033[H", MR_KEY_HOME},
        {"\033[1~", MR_KEY_HOME},
        {"\033[7~", MR_KEY_HOME},
        {"\033OF", MR_KEY_END},
        {"\033[4~", MR_KEY_END},
        {"\033[5~", MR_KEY_PAGE_UP},
        {"\033[6;2~", MR_KEY_PAGE_DOWN},
        {"\033[Z", MR_KEY_SHIFT_TAB},
        {"\033[3~", MR_KEY_DELETE},
        {"\033OP", MR_KEY_F1},
        {"\033[11~", MR_KEY_F1},
        {"\033[[A", MR_KEY_F1},
        {"\033OM", '\r'},
        {"\033[15~", MR_KEY_NONE},
        {"\033[200~", MR_KEY_NONE},
        {"\033[I", MR_KEY_NONE},
        {"\033]11;rgb:00/00/00\033\\", MR_KEY_NONE},
        {"\033]11;rgb:00/00/00\007", MR_KEY_NONE},
        {"\xff", MR_KEY_NONE},
        {"\xc0\x80", MR_KEY_NONE},
        {"\xed\xa0\x80", MR_KEY_NONE},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int code = code_of(keys[i].bytes);

        if (code != keys[i].code)
            fail_msg("key %zu: %#x and not %#x", i, code, keys[i].code);
    }
}

static void joins_keys_split_at_every_byte(void **state)
{
    const char bytes[] = "\033[1;5A\xe2\x86\x92\033[<64;3;4M\033OPx";
    const int want[] = {MR_KEY_UP, 0x2192, MR_KEY_MOUSE, MR_KEY_F1, 'x'};

    for (size_t cut = 1; cut < strlen(bytes); cut++) {
        struct mr_input input = {0};
        int n = 0;
        struct mr_key key;

        mr_input_feed(&input, bytes, cut, 1000);
        while (mr_input_next(&input, &key, 1000))
            assert_int_equal(key.code, want[n++]);
        mr_input_feed(&input, bytes + cut, strlen(bytes) - cut, 1010);
        while (mr_input_next(&input, &key, 1010))
            assert_int_equal(key.code, want[n++]);
        assert_int_equal(n, 5);
    }
}

static void gives_escape_after_25_ms(void **state)
{
    struct mr_input input = {0};
    struct mr_key key;

    mr_input_feed(&input, "\033", 1, 1000);
    assert_false(mr_input_next(&input, &key, 1000));
    assert_int_equal(mr_input_wait_ms(&input, 1000), 25);
    assert_false(mr_input_next(&input, &key, 1024));
    assert_true(mr_input_next(&input, &key, 1025));
    assert_int_equal(key.code, 27);
    assert_int_equal(mr_input_wait_ms(&input, 1025), -1);
}

static void gives_escape_before_another_key_at_once(void **state)
{
    struct mr_input input = {0};
    struct mr_key key;

    mr_input_feed(&input, "\033q", 2, 1000);
    assert_true(mr_input_next(&input, &key, 1000));
    assert_int_equal(key.code, 27);
    assert_true(mr_input_next(&input, &key, 1000));
    assert_int_equal(key.code, 'q');
}

static void reads_clicks_and_the_wheel(void **state)
{
    static const struct {
        const char *bytes;
        int64_t ms;
        int code;
        enum mr_mouse_kind mouse;
    } events[] = {
        {"\033[<0;11;6M", 1000, MR_KEY_MOUSE, MR_MOUSE_CLICK},
        {"\033[<0;11;6m", 1010, MR_KEY_NONE, 0},
        {"\033[<0;11;6M", 1290, MR_KEY_MOUSE, MR_MOUSE_DOUBLE},
        {"\033[<0;11;6M", 1300, MR_KEY_MOUSE, MR_MOUSE_CLICK}, /* the third begins anew */
        {"\033[<0;11;6M", 1700, MR_KEY_MOUSE, MR_MOUSE_CLICK}, /* too late */
        {"\033[<0;12;6M", 1800, MR_KEY_MOUSE, MR_MOUSE_CLICK}, /* elsewhere */
        {"\033[<64;1;1M", 1900, MR_KEY_MOUSE, MR_MOUSE_WHEEL_UP},
        {"\033[<69;1;1M", 1900, MR_KEY_MOUSE, MR_MOUSE_WHEEL_DOWN}, /* with shift */
        {"\033[<2;1;1M", 2000, MR_KEY_NONE, 0},                     /* the right button */
    };
    struct mr_input input = {0};

    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        struct mr_key key = {0};

        mr_input_feed(&input, events[i].bytes, strlen(events[i].bytes), events[i].ms);
        if (!mr_input_next(&input, &key, events[i].ms))
            key.code = MR_KEY_NONE;
        assert_int_equal(key.code, events[i].code);
        assert_int_equal(key.mouse, events[i].mouse);
        if (i == 0) {
            assert_int_equal(key.row, 5);
            assert_int_equal(key.col, 10);
        }
    }
}

static void turns_control_h_into_backspace_only_where_it_erases(void **state)
{
    struct mr_input input = {.backspace_is_8 = true};
    struct mr_key key;

    mr_input_feed(&input, "\010", 1, 1000);
    assert_true(mr_input_next(&input, &key, 1000));
    assert_int_equal(key.code, 127);
    assert_int_equal(code_of("\010"), 8);
}

static void survives_any_bytes(void **state)
{
    struct mr_rng rng = mr_rng_make(5, 0, 0, 0);
    struct mr_input input = {0};
    int64_t now = 1000;
    int n_keys = 0;

    for (int i = 0; i < 20000; i++) {
        static const char likely[] = "\033[]P?;<0123456789cmMt$y\\\007~";
        unsigned char bytes[16];
        size_t n = mr_rng_next(&rng) % sizeof bytes;
        struct mr_key key;

        for (size_t k = 0; k < n; k++)
            bytes[k] = mr_rng_next(&rng) % 4 ? (unsigned char)likely[mr_rng_next(&rng) % 27]
                                             : (unsigned char)mr_rng_next(&rng);
        mr_input_feed(&input, bytes, n, now);
        now += (int64_t)(mr_rng_next(&rng) % 40);
        while (mr_input_next(&input, &key, now)) {
            assert_true(key.code > 0 && key.code <= MR_KEY_MOUSE);
            n_keys++;
        }
    }
    assert_true(n_keys > 1000);
    /* whatever was left unfinished: a key comes through a while later */
    for (int i = 0; i < 2; i++) {
        struct mr_key key;

        now += 2000;
        while (mr_input_next(&input, &key, now))
            ;
    }
    assert_int_equal(input.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_key),
        cmocka_unit_test(joins_keys_split_at_every_byte),
        cmocka_unit_test(gives_escape_after_25_ms),
        cmocka_unit_test(gives_escape_before_another_key_at_once),
        cmocka_unit_test(reads_clicks_and_the_wheel),
        cmocka_unit_test(turns_control_h_into_backspace_only_where_it_erases),
        cmocka_unit_test(survives_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
