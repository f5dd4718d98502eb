/* SPDX-License-Identifier: MIT */
/* What every suite uses: cmocka, folders of its own, the shared reference data, skips with a reason. */
#ifndef MISREAD_TESTS_SUPPORT_H
#define MISREAD_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Ends the case as skipped and says why; tests/run counts the reasons. */
#define skip_because(reason)                                                                       \
    do {                                                                                           \
        printf("SKIP: %s\n", reason);                                                              \
        fflush(stdout);                                                                            \
        skip();                                                                                    \
    } while (0)

/* The path of a file in the folder of reference data beside the checkout, or a skip if it is not there. */
#define shared_or_skip(out, name)                                                                  \
    do {                                                                                           \
        snprintf(out, sizeof out, "%s/%s", MISREAD_SHARED, name);                                  \
        if (access(out, R_OK) != 0)                                                                \
            skip_because("no reference data beside the checkout");                                 \
    } while (0)

/* Asserts MR_OK and shows the sentence otherwise. */
#define assert_ok(status, err)                                                                     \
    do {                                                                                           \
        if ((status) != MR_OK)                                                                     \
            fail_msg("%s", (err).message);                                                         \
    } while (0)

/* A fresh folder under /tmp; the caller removes it with remove_folder. */
static inline char *make_folder(void)
{
    char *path = strdup("/tmp/misread-test-XXXXXX");

    assert_non_null(mkdtemp(path));
    return path;
}

/* Removes a folder that make_folder made, with all in it, and frees the path. */
static inline void remove_folder(char *path)
{
    char command[512];

    assert_int_equal(strncmp(path, "/tmp/misread-test-", 18), 0);
    snprintf(command, sizeof command, "rm -rf -- '%s'", path);
    assert_int_equal(system(command), 0);
    free(path);
}

#endif
