/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <sys/stat.h>

#include <misread/train/options.h>
#include <misread/tui/tui.h>

#include "sheet.h"

static struct mr_sheet *sheet;

static int setup(void **state)
{
    struct mr_train_options options = mr_train_defaults();

    sheet = mr_sheet_create(&options);
    return 0;
}

static int teardown(void **state)
{
    mr_sheet_destroy(sheet);
    return 0;
}

static int field(const char *flag)
{
    int n;
    const struct mr_tui_field *fields = mr_sheet_fields(sheet, &n);

    for (int i = 0; i < n; i++)
        if (!strcmp(fields[i].flag, flag))
            return i;
    fail_msg("there is no field '%s'", flag);
    return -1;
}

static void expect(const char *flag, const char *value)
{
    char text[MR_TUI_VALUE_BYTES];

    mr_sheet_value(sheet, field(flag), text);
    assert_string_equal(text, value);
}

static void set(const char *flag, const char *value)
{
    struct mr_error err = {0};

    assert_ok(mr_sheet_set_value(sheet, field(flag), value, &err), err);
}

static void every_option_of_the_table_has_a_field_once(void **state)
{
    int n_rows, n_fields;
    const struct mr_train_option *rows = mr_train_option_table(&n_rows);
    const struct mr_tui_field *fields = mr_sheet_fields(sheet, &n_fields);

    assert_int_equal(n_fields, n_rows);
    for (int i = 0; i < n_rows; i++) {
        int n = 0;

        for (int j = 0; j < n_fields; j++)
            n += !strcmp(fields[j].flag, rows[i].flag);
        assert_int_equal(n, 1);
    }
}

static void what_is_rarely_set_stands_last(void **state)
{
    int n;
    const struct mr_tui_field *fields = mr_sheet_fields(sheet, &n);

    assert_string_equal(fields[0].flag, "arch");
    assert_string_equal(fields[1].flag, "weights");
    for (int i = 1; i < n; i++)
        assert_true(fields[i].is_rare >= fields[i - 1].is_rare);
    assert_true(fields[field("lr")].is_rate);
    assert_false(fields[field("labels")].is_rare);
}

static void values_end_up_in_the_options(void **state)
{
    set("arch", "resnet50");
    set("epochs", "4+3");
    set("whole-lr", "1e-5:1e-3");
    set("square", "pad");
    set("weights-sha256", "abc");
    set("weights", "own.pth");
    assert_string_equal(mr_sheet_options(sheet)->weights_sha256, ""); /* it was another file's */
    assert_int_equal(mr_sheet_options(sheet)->arch, MR_ARCH_RESNET50);
    assert_int_equal(mr_sheet_options(sheet)->n_epochs, 4);
    assert_int_equal(mr_sheet_options(sheet)->n_whole, 3);
    assert_true(fabs(mr_sheet_options(sheet)->whole_lr.low - 1e-5) < 1e-12);
    expect("square", "pad");
}

static void a_run_to_start_from_and_a_file_of_weights_replace_each_other(void **state)
{
    char about[128];

    set("weights", "own.pth");
    set("weights-sha256", "abc");
    set("from-run", "3");
    assert_string_equal(mr_sheet_options(sheet)->weights, "");
    assert_string_equal(mr_sheet_options(sheet)->weights_sha256, "");
    mr_sheet_about(sheet, about, sizeof about);
    assert_string_equal(about, "resnet18, 128 px, batch 32, from run 3");
    set("weights", "own.pth");
    assert_int_equal(mr_sheet_options(sheet)->from_run, 0);
}

static void a_value_that_is_none_is_refused_and_changes_nothing(void **state)
{
    struct mr_error err = {0};

    assert_int_equal(mr_sheet_set_value(sheet, field("batch"), "many", &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "'many' for --batch"));
    expect("batch", "32");
}

static void steps_go_to_the_next_usual_value(void **state)
{
    static const struct {
        const char *flag, *from;
        int by;
        const char *to;
    } steps[] = {
        {"arch", "resnet18", 1, "resnet34"},
        {"arch", "resnet18", -1, "resnet18"},
        {"square", "pad", 1, "pad"},
        {"square", "pad", -1, "squish"},
        {"size", "130", 1, "160"},
        {"size", "130", -1, "128"},
        {"batch", "32", 1, "64"},
        {"batch", "2", -1, "2"},
        {"epochs", "4+3", 1, "5+3"},
        {"epochs", "1", -1, "1"},
        {"lr", "0.001", 1, "0.0013"},
        {"lr", "0.001", -1, "0.0008"},
        {"views", "0", 1, "1"},
        {"views", "0", -1, "0"},
        {"whole-lr", "1e-05:0.001", 1, "1.3e-05:0.0013"},
        {"weights", "own.pth", 1, ""},
        {"weights", "", -1, ""},
        {"valid", "0.2", 1, "0.2"},
        {"seed", "7", 1, "7"},
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        set(steps[i].flag, steps[i].from);
        mr_sheet_step_value(sheet, field(steps[i].flag), steps[i].by);
        expect(steps[i].flag, steps[i].to);
    }
}

static void a_step_offers_the_weights_that_are_here(void **state)
{
    char *home = make_folder(), *was = getenv("XDG_DATA_HOME"), folder[600], path[700];

    snprintf(folder, sizeof folder, "%s/misread", home);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(folder, sizeof folder, "%s/misread/weights", home);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/resnet18-f37072fd.pth", folder);
    fclose(fopen(path, "w"));
    was = was ? strdup(was) : NULL;
    setenv("XDG_DATA_HOME", home, 1);
    mr_sheet_step_value(sheet, field("weights"), 1);
    expect("weights", path);
    mr_sheet_step_value(sheet, field("weights"), 1); /* the only one */
    expect("weights", path);
    mr_sheet_step_value(sheet, field("weights"), -1);
    expect("weights", "");
    set("arch", "resnet50"); /* which it does not fit */
    mr_sheet_step_value(sheet, field("weights"), 1);
    expect("weights", "");
    if (was)
        setenv("XDG_DATA_HOME", was, 1);
    else
        unsetenv("XDG_DATA_HOME");
    free(was);
    remove_folder(home);
}

static void a_few_words_say_what_the_values_are(void **state)
{
    char text[96];

    mr_sheet_about(sheet, text, sizeof text);
    assert_string_equal(text, "resnet18, 128 px, batch 32, from scratch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_option_of_the_table_has_a_field_once, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_rarely_set_stands_last, setup, teardown),
        cmocka_unit_test_setup_teardown(values_end_up_in_the_options, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_run_to_start_from_and_a_file_of_weights_replace_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_that_is_none_is_refused_and_changes_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(steps_go_to_the_next_usual_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_offers_the_weights_that_are_here, setup, teardown),
        cmocka_unit_test_setup_teardown(a_few_words_say_what_the_values_are, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
