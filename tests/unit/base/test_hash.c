/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/hash.h>

static void is_the_published_sha256(void **state)
{
    /* FIPS 180-4 examples: the empty message, one block, two blocks */
    static const struct {
        const char *text, *right;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[MR_SHA256_HEX];

        memset(out, '#', sizeof out);
        mr_hash_sha256(cases[i].text, strlen(cases[i].text), out);
        assert_string_equal(out, cases[i].right);
    }
}

static void takes_every_byte_including_zeros(void **state)
{
    char a[MR_SHA256_HEX], b[MR_SHA256_HEX];

    mr_hash_sha256("a\0b", 3, a);
    mr_hash_sha256("a\0c", 3, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_published_sha256),
        cmocka_unit_test(takes_every_byte_including_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
