/* SPDX-License-Identifier: MIT */
/* make_demo DIR N: a small demo data set for tests. */
#include <stdio.h>
#include <stdlib.h>

#include <misread/data/demo.h>

int main(int argc, char **argv)
{
    struct mr_demo_options options = {.n_images = argc > 2 ? atoi(argv[2]) : 64};
    struct mr_error err;

    if (argc != 3 || mr_demo_make(argv[1], &options, &err)) {
        fprintf(stderr, "make_demo: %s\n", argc == 3 ? err.message : "usage: make_demo DIR N");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
