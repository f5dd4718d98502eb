/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <signal.h>
#include <sys/wait.h>

#include <misread/base/alloc.h>

/* AddressSanitizer ends the program otherwise where malloc returns NULL. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void gives_zeroed_memory(void **state)
{
    static const char zero[1000];

    for (int i = 0; i < 20; i++) { /* again and again: freed memory is dirty */
        char *p = mr_xalloc(100, 10), *q = mr_alloc_aligned(1000);

        assert_memory_equal(p, zero, 1000);
        assert_memory_equal(q, zero, 1000);
        memset(p, 1, 1000);
        memset(q, 1, 1000);
        free(p);
        free(q);
    }
}

static void aligns_to_cache_lines(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *p = mr_alloc_aligned(sizes[i]);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        free(p);
    }
    assert_null(mr_alloc_aligned(SIZE_MAX));
    assert_null(mr_alloc_aligned(SIZE_MAX / 4));
}

static void copies_strings_and_keeps_what_it_grows(void **state)
{
    char *p = mr_xstrdup("abc"), *q = mr_xasprintf("%s-%d", p, 7);
    int *numbers = mr_xrealloc(NULL, 2, sizeof *numbers);

    assert_string_equal(q, "abc-7");
    numbers[0] = 5;
    numbers[1] = 6;
    numbers = mr_xrealloc(numbers, 1000, sizeof *numbers);
    assert_int_equal(numbers[0], 5);
    assert_int_equal(numbers[1], 6);
    free(numbers);
    free(p);
    free(q);
}

static void multiplies_unless_it_does_not_fit(void **state)
{
    size_t product = 7;

    assert_true(mr_size_mul(6, 7, &product));
    assert_int_equal(product, 42);
    assert_true(mr_size_mul(SIZE_MAX, 1, &product));
    assert_true(product == SIZE_MAX);
    assert_true(mr_size_mul(SIZE_MAX, 0, &product));
    assert_int_equal(product, 0);
    product = 7;
    assert_false(mr_size_mul(SIZE_MAX / 2 + 1, 2, &product));
    assert_int_equal(product, 7);
}

static int told[2];

static void tell(void)
{
    if (write(told[1], "restored", 8) != 8)
        _exit(1);
}

static void runs_the_hook_before_it_aborts(void **state)
{
    char text[9] = "";
    int status;
    pid_t child;

    assert_int_equal(pipe(told), 0);
    child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        mr_abort_hook_set(tell);
        mr_xrealloc(NULL, SIZE_MAX, 2);
        _exit(0);
    }
    close(told[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_int_equal(read(told[0], text, 8), 8);
    assert_string_equal(text, "restored");
    close(told[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_memory),
        cmocka_unit_test(aligns_to_cache_lines),
        cmocka_unit_test(copies_strings_and_keeps_what_it_grows),
        cmocka_unit_test(multiplies_unless_it_does_not_fit),
        cmocka_unit_test(runs_the_hook_before_it_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
