/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <misread/base/file.h>
#include <misread/nn/pretrained.h>

struct place {
    char *data; /* $XDG_DATA_HOME */
    char *here; /* the current folder */
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    p->data = make_folder();
    p->here = make_folder();
    setenv("XDG_DATA_HOME", p->data, 1);
    *state = p;
    return chdir(p->here);
}

static int tear_down(void **state)
{
    struct place *p = *state;

    remove_folder(p->data);
    remove_folder(p->here);
    free(p);
    return 0;
}

/* A file of that name in the weights folder, or in the current one. */
static void put(const char *name, bool is_here)
{
    char *folder = mr_pretrained_folder(), *path = mr_path_join(is_here ? "." : folder, name);
    struct mr_file_part part = {"x", 1};
    struct mr_error err;

    assert_ok(mr_dir_make(folder, 0700, &err), err);
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    free(folder);
    free(path);
}

/* name resolves to a path that ends so. */
static void check(const char *name, const char *end)
{
    struct mr_error err;
    char *path = NULL;

    assert_ok(mr_pretrained_resolve(name, &path, &err), err);
    if (strlen(path) < strlen(end) || strcmp(path + strlen(path) - strlen(end), end) != 0)
        fail_msg("'%s' is '%s'", name, path);
    free(path);
}

static void check_absent(const char *name, const char *why)
{
    struct mr_error err;
    char *path = NULL;

    assert_int_equal(mr_pretrained_resolve(name, &path, &err), MR_E_NOT_FOUND);
    assert_non_null(strstr(err.message, why));
    assert_null(path);
}

static void finds_weights_by_network_by_file_and_by_path(void **state)
{
    check_absent("resnet18", "'misread weights resnet18 --download'");
    check_absent("resnet34-b627a593.pth", "--download'");
    check_absent("own.pth", "'misread weights' lists");
    check_absent("/nowhere/own.pth", "'/nowhere/own.pth'");
    put("own.pth", true);
    put("resnet18-f37072fd.pth", true);
    check("own.pth", "own.pth");
    check("./own.pth", "./own.pth");
    check("resnet18", "resnet18-f37072fd.pth");
    put("resnet18-f37072fd.pth", false);
    check("resnet18", "/misread/weights/resnet18-f37072fd.pth"); /* before the current folder */
    check("resnet18-f37072fd.pth", "/misread/weights/resnet18-f37072fd.pth");
    put("resnet50-11ad3fa6.pth", false);
    check("resnet50", "resnet50-11ad3fa6.pth");
    put("resnet50-0676ba61.pth", false);
    check("resnet50", "resnet50-0676ba61.pth"); /* the first that is known */
}

static void knows_a_file_by_its_hash(void **state)
{
    char hash[MR_SHA256_HEX];
    struct mr_error err;
    /* SHA-256 of "x" begins with 2d711642. */
    struct mr_pretrained right = {MR_ARCH_RESNET18, "a-b-2d711642.pth", ""};

    put("own.pth", true);
    assert_ok(mr_pretrained_check(&right, "own.pth", hash, &err), err);
    right.file = "a-b-2d711643.pth";
    assert_int_equal(mr_pretrained_check(&right, "own.pth", hash, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "begins with 2d711642, not 2d711643"));
    assert_memory_equal(hash, "2d711642b726b044", 16);
}

static void keeps_weights_in_the_home_folder_if_nothing_else_is_said(void **state)
{
    char *folder;

    setenv("XDG_DATA_HOME", "", 1);
    setenv("HOME", "/home/ada", 1);
    folder = mr_pretrained_folder();
    assert_string_equal(folder, "/home/ada/.local/share/misread/weights");
    free(folder);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(finds_weights_by_network_by_file_and_by_path),
        CASE(knows_a_file_by_its_hash),
        CASE(keeps_weights_in_the_home_folder_if_nothing_else_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
