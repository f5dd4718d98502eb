/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/status.h>

#include "cli.h"

static enum mr_status parse(const struct mr_command **command, struct mr_args *args,
                            struct mr_error *err, const char *const *words)
{
    char *argv[16] = {"misread"};
    int argc = 1;

    *args = (struct mr_args){0};
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    return mr_cli_parse(argc, argv, command, args, err);
}

#define PARSE(...) parse(&command, &args, &err, (const char *const[]){__VA_ARGS__, NULL})

static int quiet_home(void **state)
{
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return 0;
}

static void takes_values_after_a_space_or_an_equals_sign(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_ok(PARSE("train", "scans", "--epochs", "7", "--lr=3e-3", "--json"), err);
    assert_string_equal(command->name, "train");
    assert_int_equal(args.train.n_epochs, 7);
    assert_true(args.train.lr == 3e-3);
    assert_true(args.json);
    assert_int_equal(args.n_rest, 1);
    assert_string_equal(args.rest[0], "scans");
}

static void means_the_explorer_where_no_command_is_named(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_ok(PARSE("."), err);
    assert_string_equal(command->name, "explore");
    assert_string_equal(args.rest[0], ".");
    assert_int_equal(PARSE(".", "more"), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'more' is one argument too many"));
}

static void names_a_word_that_is_neither_command_nor_folder(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_int_equal(PARSE("frob"), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'frob'"));
    assert_int_equal(PARSE("trian", "."), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'trian'"));
    assert_ok(PARSE("frob", "--help"), err);
}

static void shows_in_its_help_what_is_taken_where_nothing_is_given(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    assert_ok(PARSE("demo", "--help"), err);
    mr_cli_help(out, command);
    assert_ok(PARSE("train", "--help"), err);
    mr_cli_help(out, command);
    fclose(out);
    assert_non_null(strstr(text, "flawed on purpose (1600)\n"));
    assert_non_null(strstr(text, "B whole (14)\n"));
    assert_non_null(strstr(text, "B whole (10)\n"));
    assert_non_null(strstr(text, "side of the square the network sees (128)\n"));
    assert_non_null(strstr(text, "the network (resnet18)\n"));
    assert_non_null(strstr(text, "what a search suggests (0.003)\n"));
    assert_non_null(strstr(text, "share of validation images (0.2)\n"));
    assert_non_null(strstr(text, "weights, order and augmentation (0)\n"));
    assert_non_null(strstr(text, "continue this run instead of starting one\n"));
    free(text);
}

static void takes_of_the_training_options_what_fits_the_command(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_ok(PARSE("train", "x", "--seed", "18446744073709551615", "--weight-decay", "0"), err);
    assert_true(args.train.seed == UINT64_MAX);
    assert_true(args.train.weight_decay == 0);
    assert_true(mr_args_gave(&args, "weight-decay"));
    assert_false(mr_args_gave(&args, "size"));
    assert_int_equal(args.train.size_px, mr_train_defaults().size_px);
    assert_ok(PARSE("bench", "--size", "64"), err);
    assert_int_equal(PARSE("bench", "--epochs", "3"), MR_E_USAGE);
    assert_int_equal(PARSE("report", "x", "--size", "64"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--seed", "-1"), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'-1' for --seed"));
}

static void stops_reading_options_at_two_dashes(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_ok(PARSE("train", "--", "--odd-name"), err);
    assert_string_equal(args.rest[0], "--odd-name");
}

static void refuses_what_it_does_not_know(void **state)
{
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;

    assert_int_equal(PARSE("train", "x", "--epoch", "3"), MR_E_USAGE);
    assert_non_null(strstr(err.message, "--epoch"));
    assert_int_equal(PARSE("train", "x", "--epochs", "3x"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--epochs", "2.5"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--epochs", "nan"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--arch", "resnet1"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--json=yes"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "y"), MR_E_USAGE);
    assert_int_equal(PARSE("train"), MR_E_USAGE);
    assert_int_equal(PARSE("train", "x", "--lr"), MR_E_USAGE);
}

static void lets_flags_win_over_environment_and_file(void **state)
{
    char *home = make_folder();
    char path[256];
    const struct mr_command *command;
    struct mr_args args;
    struct mr_error err;
    FILE *file;

    snprintf(path, sizeof path, "mkdir -p %s/misread", home);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%s/misread/config", home);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("# mine\nepochs = 2\n batch=8\nsize = 96\n", file);
    fclose(file);
    setenv("XDG_CONFIG_HOME", home, 1);
    setenv("MISREAD_BATCH", "16", 1);
    setenv("MISREAD_SIZE", "64", 1);
    assert_ok(PARSE("train", "x", "--size", "32"), err);
    unsetenv("MISREAD_BATCH");
    unsetenv("MISREAD_SIZE");
    quiet_home(NULL);
    assert_int_equal(args.train.n_epochs, 2); /* file */
    assert_int_equal(args.train.batch, 16);   /* environment over file */
    assert_int_equal(args.train.size_px, 32); /* flag over both */
    remove_folder(home);
}

static void has_no_option_twice_in_one_command(void **state)
{
    for (const struct mr_command *c = mr_commands; c->name; c++) {
        const char *seen[64];
        int n = 0, n_train = 0;
        const struct mr_train_option *table = mr_train_option_table(&n_train);

        for (int i = 0; i < n_train; i++)
            if (c->takes == MR_TAKES_TRAINING || (c->takes && table[i].is_of_a_network))
                seen[n++] = table[i].flag;

        for (const struct mr_option *const *group = c->groups; *group; group++)
            for (const struct mr_option *o = *group; o->name; o++) {
                for (int i = 0; i < n; i++)
                    assert_string_not_equal(seen[i], o->name);
                seen[n++] = o->name;
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_values_after_a_space_or_an_equals_sign, quiet_home),
        cmocka_unit_test(means_the_explorer_where_no_command_is_named),
        cmocka_unit_test(names_a_word_that_is_neither_command_nor_folder),
        cmocka_unit_test(shows_in_its_help_what_is_taken_where_nothing_is_given),
        cmocka_unit_test(takes_of_the_training_options_what_fits_the_command),
        cmocka_unit_test(stops_reading_options_at_two_dashes),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(lets_flags_win_over_environment_and_file),
        cmocka_unit_test(has_no_option_twice_in_one_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
