/* SPDX-License-Identifier: MIT */
/* The program's entry. */
#include <stdio.h>

int main(void)
{
    puts("misread " MISREAD_VERSION);
    return 0;
}
