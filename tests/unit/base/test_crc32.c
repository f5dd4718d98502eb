/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/crc32.h>

static void is_the_published_crc(void **state)
{
    /* Python's zlib.crc32; "123456789" is the check value of every catalogue of CRCs. */
    static const struct {
        const char *text;
        uint32_t right;
    } cases[] = {
        {"", 0}, {"a", 0xe8b7be43}, {"123456789", 0xcbf43926}, {"PNG and zip both", 0x4c0b0dab}};
    struct mr_crc32 table;

    mr_crc32_init(&table);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(mr_crc32_of(&table, cases[i].text, strlen(cases[i].text)), cases[i].right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_the_published_crc)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
