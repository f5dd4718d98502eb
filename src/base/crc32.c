/* SPDX-License-Identifier: MIT */
/* The polynomial is 0x04c11db7, reflected. */
#include <misread/base/crc32.h>

void mr_crc32_init(struct mr_crc32 *table)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;

        for (int k = 0; k < 8; k++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        table->at[0][b] = c;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++) {
            uint32_t c = table->at[k - 1][b];

            table->at[k][b] = table->at[0][c & 255] ^ (c >> 8);
        }
}

uint32_t mr_crc32_of(const struct mr_crc32 *table, const void *data, size_t n)
{
    const unsigned char *p = data;
    uint32_t c = 0xffffffffu;

    for (; n >= 8; n -= 8, p += 8) {
        c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        c = table->at[7][c & 255] ^ table->at[6][c >> 8 & 255] ^ table->at[5][c >> 16 & 255] ^
            table->at[4][c >> 24] ^ table->at[3][p[4]] ^ table->at[2][p[5]] ^ table->at[1][p[6]] ^
            table->at[0][p[7]];
    }
    for (; n; n--, p++)
        c = table->at[0][(c ^ *p) & 255] ^ (c >> 8);
    return c ^ 0xffffffffu;
}
