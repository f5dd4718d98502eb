/* SPDX-License-Identifier: MIT */
/* Which options are refused beside which others. */
#include "support.h"

#include <sys/stat.h>

#include <misread/base/alloc.h>
#include <misread/base/status.h>
#include <misread/base/str.h>

#include "agree.h"
#include "cli.h"
#include "place.h"

enum body { SCRATCH, WITH_BODY };

/* A command line behind `train scans`, and the option that its refusal names; NULL: it is fine. */
static const struct {
    enum body body;
    const char *words[6];
    const char *refused;
} lines[] = {
    {WITH_BODY, {"--epochs", "4+4", "--whole-lr", "3e-5:3e-3"}, NULL},
    {WITH_BODY, {"--epochs", "4", "--whole-lr", "3e-5:3e-3"}, "--whole-lr"},
    {WITH_BODY, {"--epochs", "4+4", "--whole-lr", "3e-3:3e-5"}, "--whole-lr"},
    {WITH_BODY, {"--freeze", "norm"}, NULL},
    {SCRATCH, {"--freeze", "norm"}, "--freeze"},
    {WITH_BODY, {"--views", "4"}, NULL},
    {WITH_BODY, {"--views", "4", "--freeze", "norm"}, "--views"},
    {SCRATCH, {"--views", "4"}, "--views"},
    {WITH_BODY, {"--epochs", "0+4", "--views", "4"}, "--views"},
    {WITH_BODY, {"--augment", "none"}, NULL},
    {WITH_BODY, {"--augment", "scope"}, "--augment"},
    {WITH_BODY, {"--augment", "scope", "--epochs", "1+1"}, NULL},
    {WITH_BODY, {"--augment", "scope", "--views", "2"}, NULL},
    {WITH_BODY, {"--max-zoom", "1.2"}, "--max-zoom"},
    {WITH_BODY, {"--max-zoom", "1.2", "--freeze", "none"}, NULL},
    {SCRATCH, {"--augment", "scope"}, NULL},
    {SCRATCH, {"--adam", "v2"}, NULL},
    {SCRATCH, {"--adam", "v2", "--optimizer", "sgd"}, "--adam"},
    {SCRATCH, {"--sampling", "balanced"}, NULL},
    {SCRATCH, {"--sampling", "balanced", "--class-weights", "balanced"}, "--sampling"},
    {SCRATCH, {"--split", "sides.tsv", "--valid", ".3"}, "--valid"},
    {SCRATCH, {"--split", "sides.tsv", "--test-pct", ".1"}, "--test-pct"},
};

static void parse(struct mr_args *args, const char *const *words)
{
    const struct mr_command *command;
    struct mr_error err = {0};
    char *argv[10] = {"misread", "train", "scans"};
    int argc = 3;

    *args = (struct mr_args){0};
    while (words[argc - 3]) {
        argv[argc] = (char *)words[argc - 3];
        argc++;
    }
    assert_ok(mr_cli_parse(argc, argv, &command, args, &err), err);
}

static void refuses_what_would_change_nothing(void **state)
{
    struct mr_place nowhere = {.data_dir = "/nonexistent"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct mr_error err = {0};
        struct mr_args args;
        enum mr_status st;

        parse(&args, lines[i].words);
        if (lines[i].body == WITH_BODY)
            mr_str_copy(args.train.weights, sizeof args.train.weights, "body.safetensors");
        st = mr_agree_check(&args, &args.train, &nowhere, &err);
        if (st != (lines[i].refused ? MR_E_USAGE : MR_OK))
            fail_msg("line %zu: %s", i, err.message);
        if (lines[i].refused && !strstr(err.message, lines[i].refused))
            fail_msg("line %zu does not name %s: %s", i, lines[i].refused, err.message);
    }
}

static void put_class(const char *dir, const char *side, const char *name)
{
    char *path = mr_xasprintf("%s/%s", dir, side), *deep = mr_xasprintf("%s/%s", path, name);
    char *file = mr_xasprintf("%s/1.jpg", deep);

    (void)mkdir(path, 0700);
    assert_int_equal(mkdir(deep, 0700), 0);
    fclose(fopen(file, "w"));
    free(file);
    free(deep);
    free(path);
}

static void takes_no_share_where_folders_are_sides(void **state)
{
    char *dir = make_folder();
    struct mr_place place = {.data_dir = dir};
    struct mr_error err = {0};
    struct mr_args args;

    parse(&args, (const char *const[]){"--valid", ".4", NULL});
    put_class(dir, "train", "a");
    put_class(dir, "train", "b");
    assert_ok(mr_agree_check(&args, &args.train, &place, &err), err); /* no other side yet */
    put_class(dir, "valid", "a");
    put_class(dir, "valid", "b");
    assert_int_equal(mr_agree_check(&args, &args.train, &place, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "--valid"));
    remove_folder(dir);
}

static void a_resumed_run_takes_no_options(void **state)
{
    struct mr_error err = {0};
    struct mr_args args;

    parse(&args, (const char *const[]){"--resume", "3", "--headless", NULL});
    assert_ok(mr_agree_resume(&args, &err), err);
    parse(&args, (const char *const[]){"--resume", "3", "--lr", "1", NULL});
    assert_int_equal(mr_agree_resume(&args, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "--from-run 3"));
    parse(&args, (const char *const[]){"--resume", "3", "--recipe", "r.json", NULL});
    assert_int_equal(mr_agree_resume(&args, &err), MR_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_would_change_nothing),
        cmocka_unit_test(takes_no_share_where_folders_are_sides),
        cmocka_unit_test(a_resumed_run_takes_no_options),
    };

    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
