/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/file.h>
#include <misread/base/log.h>
#include <misread/kernel/choices.h>

static const struct mr_machine here = {"AMD EPYC 7B13 64-Core Processor  ", "avx2", 2};
static const struct mr_machine more_threads = {"AMD EPYC 7B13 64-Core Processor  ", "avx2", 4};
static const struct mr_machine other_kernels = {"AMD EPYC 7B13 64-Core Processor  ", "generic", 2};
static const struct mr_machine other_cpu = {"unknown", "avx2", 2};

static struct mr_conv_shape shape_of(int n, int side, int c)
{
    return (struct mr_conv_shape){n, side, side, c, 2 * c, 3, 3, 1, 1};
}

static void set(struct mr_conv_choices *choices, const struct mr_machine *machine,
                struct mr_conv_shape shape, enum mr_conv_pass pass,
                enum mr_conv_algorithm algorithm)
{
    struct mr_conv_choice choice = {*machine, shape, pass, algorithm};

    mr_conv_choices_set(choices, &choice);
}

static enum mr_conv_algorithm chosen(const struct mr_conv_choices *choices,
                                     struct mr_conv_shape shape, enum mr_conv_pass pass)
{
    mr_conv_choices_apply(choices, &shape);
    return shape.algorithms[pass];
}

/* The choices that a file of this text has, for the machine; *log: what was said, owned. */
static struct mr_conv_choices read_text(const char *text, const struct mr_machine *machine,
                                        char **log)
{
    char *dir = make_folder();
    char *path = mr_path_join(dir, "kernels"), *log_path = mr_path_join(dir, "log");
    struct mr_file_part part = {text, strlen(text)};
    struct mr_conv_choices choices;
    struct mr_error err;
    unsigned char *said = NULL;
    size_t n;

    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    mr_log_open(log_path);
    mr_conv_choices_load(&choices, path, machine);
    mr_log_open(NULL);
    assert_ok(mr_file_read(log_path, 1 << 20, &said, &n, &err), err);
    *log = (char *)said;
    free(path);
    free(log_path);
    remove_folder(dir);
    return choices;
}

static void has_one_choice_for_each_machine_shape_and_pass(void **state)
{
    struct mr_conv_choices choices = {.n = 0};
    struct mr_conv_shape shape = shape_of(32, 14, 256), strided = shape;

    strided.stride = 2;
    set(&choices, &here, shape, MR_CONV_BACKWARD_DATA, MR_CONV_WINOGRAD);
    set(&choices, &here, shape, MR_CONV_BACKWARD_DATA, MR_CONV_DIRECT);
    assert_int_equal(choices.n, 1);
    assert_int_equal(chosen(&choices, shape, MR_CONV_BACKWARD_DATA), MR_CONV_DIRECT);
    assert_int_equal(chosen(&choices, shape, MR_CONV_FORWARD), MR_CONV_BY_RULE);
    assert_int_equal(chosen(&choices, shape_of(31, 14, 256), MR_CONV_BACKWARD_DATA),
                     MR_CONV_BY_RULE);
    assert_int_equal(chosen(&choices, shape_of(32, 7, 256), MR_CONV_BACKWARD_DATA),
                     MR_CONV_BY_RULE);
    assert_int_equal(chosen(&choices, strided, MR_CONV_BACKWARD_DATA), MR_CONV_BY_RULE);
    set(&choices, &here, shape, MR_CONV_FORWARD, MR_CONV_DIRECT);
    set(&choices, &more_threads, shape, MR_CONV_FORWARD, MR_CONV_WINOGRAD);
    assert_int_equal(choices.n, 3);
    set(&choices, &here, shape, MR_CONV_BACKWARD_DATA, MR_CONV_BY_RULE);
    assert_int_equal(choices.n, 2);
    mr_conv_choices_finish(&choices);
}

static void comes_back_from_its_file_machine_by_machine(void **state)
{
    static const struct mr_machine *const machines[] = {&here, &more_threads, &other_kernels,
                                                        &other_cpu};
    char *dir = make_folder(), *path = mr_path_join(dir, "kernels");
    struct mr_conv_choices all = {.n = 0}, read;
    struct mr_error err;

    for (int i = 0; i < 4; i++)
        for (int pass = 0; pass < MR_N_CONV_PASS; pass++)
            set(&all, machines[i], shape_of(8 + i, 7 * (pass + 1), 64), pass,
                pass == i ? MR_CONV_DIRECT : MR_CONV_WINOGRAD);
    assert_ok(mr_conv_choices_save(&all, path, &err), err);
    mr_conv_choices_load(&read, path, NULL);
    assert_int_equal(read.n, all.n);
    for (int i = 0; i < all.n; i++) {
        const struct mr_conv_choice *a = &all.items[i], *b = &read.items[i];

        assert_string_equal(b->machine.cpu, a->machine.cpu);
        assert_string_equal(b->machine.isa, a->machine.isa);
        assert_int_equal(b->machine.n_threads, a->machine.n_threads);
        assert_memory_equal(&b->shape, &a->shape, sizeof a->shape);
        assert_int_equal(b->pass, a->pass);
        assert_int_equal(b->algorithm, a->algorithm);
    }
    mr_conv_choices_finish(&read);
    for (int i = 0; i < 4; i++) {
        mr_conv_choices_load(&read, path, machines[i]);
        assert_int_equal(read.n, MR_N_CONV_PASS);
        assert_int_equal(read.items[0].shape.n, 8 + i);
        mr_conv_choices_finish(&read);
    }
    mr_conv_choices_finish(&all);
    free(path);
    remove_folder(dir);
}

static void leaves_out_damaged_lines_and_says_which(void **state)
{
    static const char text[] = "misread kernels 1\n"
                               "forward 8 7 7 64 64 direct avx2 2 unknown\n"
                               "sideways 8 7 7 64 64 direct avx2 2 unknown\n"
                               "forward 8 7 7 64 64 rule avx2 2 unknown\n"
                               "forward 8 7 7 64 64 direct avx2 2\n"
                               "forward 8 -7 7 64 64 direct avx2 2 unknown\n"
                               "forward 8 7 7 64 99999999999 direct avx2 2 unknown\n"
                               "forward 8 7 7 64 64 direct avx2 0 unknown\n"
                               "\n"
                               "backward-weights 8 7 7 64 64 winograd avx2 2 unknown\n"
                               "backward-data 8 7 7 64 64 winog";
    char *log, number[32];
    struct mr_conv_choices choices = read_text(text, &other_cpu, &log);

    assert_int_equal(choices.n, 2);
    assert_int_equal(choices.items[0].algorithm, MR_CONV_DIRECT);
    assert_int_equal(choices.items[1].pass, MR_CONV_BACKWARD_WEIGHTS);
    for (int line = 2; line <= 11; line++) {
        snprintf(number, sizeof number, "in line %d,", line);
        assert_int_equal(strstr(log, number) != NULL, line != 2 && line != 10);
    }
    mr_conv_choices_finish(&choices);
    free(log);
}

static void has_none_from_files_that_it_does_not_know(void **state)
{
    static const char *const texts[] = {
        "misread kernels 2\nforward 8 7 7 64 64 direct avx2 2 unknown\n",
        "forward 8 7 7 64 64 direct avx2 2 unknown\n", "", "\n"};

    for (int i = 0; i < 4; i++) {
        char *log;
        struct mr_conv_choices choices = read_text(texts[i], NULL, &log);

        assert_int_equal(choices.n, 0);
        assert_non_null(strstr(log, "misread kernels 1"));
        mr_conv_choices_finish(&choices);
        free(log);
    }
}

static void has_none_where_there_is_no_file(void **state)
{
    struct mr_conv_choices choices;

    mr_conv_choices_load(&choices, "/nonexistent/kernels", NULL);
    assert_int_equal(choices.n, 0);
    mr_conv_choices_load(&choices, "/", NULL); /* a folder */
    assert_int_equal(choices.n, 0);
}

static void knows_this_machine(void **state)
{
    struct mr_machine machine = mr_machine_here("avx2", 3);

    assert_true(machine.cpu[0]);
    assert_string_equal(machine.isa, "avx2");
    assert_int_equal(machine.n_threads, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_choice_for_each_machine_shape_and_pass),
        cmocka_unit_test(comes_back_from_its_file_machine_by_machine),
        cmocka_unit_test(leaves_out_damaged_lines_and_says_which),
        cmocka_unit_test(has_none_from_files_that_it_does_not_know),
        cmocka_unit_test(has_none_where_there_is_no_file),
        cmocka_unit_test(knows_this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
