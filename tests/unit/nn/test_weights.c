/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include <misread/base/file.h>
#include <misread/base/pool.h>
#include <misread/nn/model.h>
#include <misread/nn/weights.h>
#include <misread/nn/weights_file.h>

#include "parity/hashed.h"

struct place {
    char *folder;
    char path[256];
    struct mr_model *model; /* ResNet-18, three classes, hashed weights */
};

static struct mr_model *make_model(enum mr_arch arch, int n_classes)
{
    struct mr_model_options options = {arch, n_classes, 2, 64, 64, false};
    struct mr_model *model = NULL;
    struct mr_error err;

    assert_ok(mr_model_create(&model, &options, NULL, &err), err);
    return model;
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    p->folder = make_folder();
    snprintf(p->path, sizeof p->path, "%s/w.safetensors", p->folder);
    p->model = make_model(MR_ARCH_RESNET18, 3);
    hashed_init(p->model, false);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    mr_model_destroy(p->model);
    remove_folder(p->folder);
    free(p);
    return 0;
}

static size_t params_bytes(const struct mr_model *model)
{
    return mr_model_n_params(model) * sizeof(float);
}

static void save(const struct place *p)
{
    struct mr_error err;

    assert_ok(mr_weights_save(p->model, p->path, NULL, 0, NULL, 0, &err), err);
}

static void gives_back_what_was_saved(void **state)
{
    struct place *p = *state;
    struct mr_model *other = make_model(MR_ARCH_RESNET18, 3);
    struct mr_error err;
    struct stat st;

    save(p);
    assert_ok(mr_weights_load(other, p->path, NULL, &err), err);
    assert_memory_equal(mr_model_params(p->model), mr_model_params(other), params_bytes(other));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    mr_model_destroy(other);
}

static void stores_tensors_in_torchvisions_layout(void **state)
{
    struct place *p = *state;
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    float *x = NULL, *wanted;
    size_t n;

    save(p);
    assert_ok(mr_weights_file_open(&file, NULL, p->path, &err), err);
    assert_ok(mr_weights_file_floats(file, "layer2.0.conv1.weight", &x, &n, &err), err);
    assert_int_equal(n, 128 * 64 * 9);
    wanted = malloc(n * sizeof *wanted);
    hashed_fill(wanted, "layer2.0.conv1.weight", n, 0, sqrt(6. / (64 * 9)));
    assert_memory_equal(x, wanted, n * sizeof *x);
    free(x);
    free(wanted);
    mr_weights_file_close(file);
}

static void carries_extras_and_texts(void **state)
{
    static const float momentum[] = {1, -2, 3};
    static const char hostile[] = "a \"quoted\"\n\\ text \xe2\x9c\x93";
    struct place *p = *state;
    struct mr_weights_extra extras[] = {{"_opt.m", momentum, 3}, {"_opt.v", momentum, 0}};
    struct mr_weights_text texts[] = {{"classes", hostile}, {"step", "12"}};
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    float *x = NULL;
    size_t n;

    assert_ok(mr_weights_save(p->model, p->path, extras, 2, texts, 2, &err), err);
    assert_ok(mr_weights_file_open(&file, NULL, p->path, &err), err);
    assert_string_equal(mr_weights_file_text(file, "classes"), hostile);
    assert_string_equal(mr_weights_file_text(file, "step"), "12");
    assert_ok(mr_weights_file_floats(file, "_opt.m", &x, &n, &err), err);
    assert_int_equal(n, 3);
    assert_memory_equal(x, momentum, sizeof momentum);
    free(x);
    assert_ok(mr_weights_file_floats(file, "_opt.v", &x, &n, &err), err);
    assert_int_equal(n, 0);
    free(x);
    mr_weights_file_close(file);
    assert_ok(mr_weights_load(p->model, p->path, NULL, &err), err); /* extras do not disturb */
}

/* Loading path into a model of these classes must fail, say why and change nothing. */
static void check_refused(const char *path, enum mr_arch arch, int n_classes, const char *why)
{
    struct mr_model *model = make_model(arch, n_classes);
    float *before = malloc(params_bytes(model));
    struct mr_error err = {MR_OK, ""};

    mr_model_init(model, 3);
    memcpy(before, mr_model_params(model), params_bytes(model));
    assert_int_not_equal(mr_weights_load(model, path, NULL, &err), MR_OK);
    if (!strstr(err.message, why) || !strstr(err.message, path))
        fail_msg("refused as \"%s\"", err.message);
    assert_memory_equal(before, mr_model_params(model), params_bytes(model));
    free(before);
    mr_model_destroy(model);
}

static void refuses_another_network(void **state)
{
    struct place *p = *state;

    save(p);
    check_refused(p->path, MR_ARCH_RESNET18, 4, "'fc.weight' has not the shape");
    check_refused(p->path, MR_ARCH_RESNET34, 3, "lacks tensor 'layer1.2.conv1.weight'");
}

static void refuses_tensors_that_the_model_lacks(void **state)
{
    static const float x[] = {1};
    struct place *p = *state;
    struct mr_weights_extra extra = {"stranger", x, 1};
    struct mr_error err;

    assert_ok(mr_weights_save(p->model, p->path, &extra, 1, NULL, 0, &err), err);
    check_refused(p->path, MR_ARCH_RESNET18, 3, "no tensor 'stranger'");
}

static void reports_names_instead_when_asked(void **state)
{
    static const float x[] = {1};
    struct place *p = *state;
    struct mr_weights_extra extra = {"stranger", x, 1};
    struct mr_model *other = make_model(MR_ARCH_RESNET34, 3);
    struct mr_weights_report report;
    const struct mr_tensor *conv1, *saved = mr_model_find_tensor(p->model, "conv1.weight");
    struct mr_error err;

    mr_model_init(other, 3);
    assert_ok(mr_weights_save(p->model, p->path, &extra, 1, NULL, 0, &err), err);
    assert_ok(mr_weights_load(other, p->path, &report, &err), err);
    assert_int_equal(report.n_loaded, 102);
    assert_int_equal(report.n_missing, 182 - 102);
    assert_string_equal(report.missing[0], "layer1.2.conv1.weight");
    assert_int_equal(report.n_unexpected, 1);
    assert_string_equal(report.unexpected[0], "stranger");
    mr_weights_report_finish(&report);
    conv1 = mr_model_find_tensor(other, "conv1.weight");
    assert_memory_equal(mr_model_params(other) + conv1->offset,
                        mr_model_params(p->model) + saved->offset, conv1->n * sizeof(float));
    mr_model_destroy(other);
}

/* Writes a value into the saved file, at the tensor's first element. */
static void poison(const struct place *p, const char *name, float value)
{
    int n;
    const struct mr_tensor *t = mr_model_tensors(p->model, &n);
    size_t at = 0, n_data;
    unsigned char *data = NULL;
    struct mr_error err;
    FILE *f;

    for (int i = 0; i < n && strcmp(t[i].name, name); i++)
        at += t[i].n * sizeof(float);
    assert_ok(mr_file_read(p->path, 1 << 30, &data, &n_data, &err), err);
    at += n_data - params_bytes(p->model);
    memcpy(data + at, &value, sizeof value);
    f = fopen(p->path, "wb");
    assert_int_equal(fwrite(data, 1, n_data, f), n_data);
    fclose(f);
    free(data);
}

static void refuses_values_that_are_not_finite(void **state)
{
    struct place *p = *state;

    save(p);
    poison(p, "layer3.1.conv2.weight", NAN);
    check_refused(p->path, MR_ARCH_RESNET18, 3, "'layer3.1.conv2.weight' has values that are not");
    save(p);
    poison(p, "fc.bias", -INFINITY);
    check_refused(p->path, MR_ARCH_RESNET18, 3, "'fc.bias' has values that are not");
    save(p);
    poison(p, "bn1.running_var", -1e-3f);
    check_refused(p->path, MR_ARCH_RESNET18, 3, "'bn1.running_var' has a negative variance");
}

/* ---- to start from ---- */

static float *copy_params(const struct mr_model *model)
{
    float *copy = malloc(params_bytes(model));

    memcpy(copy, mr_model_params((struct mr_model *)model), params_bytes(model));
    return copy;
}

static bool has_same(struct mr_model *model, struct mr_model *other, const char *name)
{
    const struct mr_tensor *t = mr_model_find_tensor(model, name);
    const struct mr_tensor *u = mr_model_find_tensor(other, name);

    return t->n == u->n && !memcmp(mr_model_params(model) + t->offset,
                                   mr_model_params(other) + u->offset, t->n * sizeof(float));
}

static void starts_with_the_body_and_a_head_that_fits(void **state)
{
    struct place *p = *state;

    save(p);
    for (int n_classes = 3; n_classes <= 5; n_classes += 2) {
        struct mr_model *other = make_model(MR_ARCH_RESNET18, n_classes);
        struct mr_weights_report report;
        struct mr_error err;

        assert_ok(mr_weights_start(other, NULL, p->path, NULL, &report, &err), err);
        assert_int_equal(report.is_head_new, n_classes == 5);
        assert_int_equal(report.n_missing, n_classes == 5 ? 2 : 0);
        assert_true(has_same(p->model, other, "layer4.1.conv2.weight"));
        assert_true(has_same(p->model, other, "bn1.running_var"));
        assert_true(has_same(p->model, other, "fc.bias") == (n_classes == 3));
        mr_weights_report_finish(&report);
        mr_model_destroy(other);
    }
}

/* The head of a file that names other classes does not fit, whatever its shape. */
static void starts_with_a_head_of_the_same_classes_only(void **state)
{
    static const struct mr_weights_text said = {"classes", "[\"a\",\"b\",\"c\"]"};
    static const struct {
        const char *classes;
        bool is_new;
    } cases[] = {{NULL, false}, {"[\"a\",\"b\",\"c\"]", false}, {"[\"a\",\"c\",\"b\"]", true}};
    struct place *p = *state;
    struct mr_error err;

    assert_ok(mr_weights_save(p->model, p->path, NULL, 0, &said, 1, &err), err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mr_model *other = make_model(MR_ARCH_RESNET18, 3);
        struct mr_weights_report report;

        assert_ok(mr_weights_start(other, NULL, p->path, cases[i].classes, &report, &err), err);
        assert_int_equal(report.is_head_new, cases[i].is_new);
        assert_true(has_same(p->model, other, "layer4.1.conv2.weight"));
        assert_true(has_same(p->model, other, "fc.weight") != cases[i].is_new);
        mr_weights_report_finish(&report);
        mr_model_destroy(other);
    }
}

static void check_no_start(const struct place *p, enum mr_arch arch, const char *why)
{
    struct mr_model *model = make_model(arch, 3);
    float *before = copy_params(model);
    struct mr_error err;

    assert_int_not_equal(mr_weights_start(model, NULL, p->path, NULL, NULL, &err), MR_OK);
    if (!strstr(err.message, why))
        fail_msg("refused as: %s", err.message);
    assert_memory_equal(mr_model_params(model), before, params_bytes(model));
    free(before);
    mr_model_destroy(model);
}

static void starts_with_no_other_network_and_no_bad_number(void **state)
{
    struct place *p = *state;
    struct mr_model *bigger = make_model(MR_ARCH_RESNET34, 3);
    struct mr_error err;

    save(p);
    check_no_start(p, MR_ARCH_RESNET34, "lacks tensor 'layer1.2.conv1.weight'");
    check_no_start(p, MR_ARCH_RESNET50, "'layer1.0.conv1.weight' has not the shape");
    poison(p, "layer3.1.conv2.weight", NAN);
    check_no_start(p, MR_ARCH_RESNET18, "not finite");
    save(p);
    poison(p, "bn1.running_var", 0);
    check_no_start(p, MR_ARCH_RESNET18, "not positive");
    assert_ok(mr_weights_load(p->model, p->path, NULL, &err), err); /* a dead channel of our own */
    hashed_init(bigger, false);
    assert_ok(mr_weights_save(bigger, p->path, NULL, 0, NULL, 0, &err), err);
    check_no_start(p, MR_ARCH_RESNET18, "another network, with tensor 'layer1.2.");
    mr_model_destroy(bigger);
}

static void never_saves_what_is_not_finite(void **state)
{
    static const float bad[] = {1, NAN};
    struct place *p = *state;
    struct mr_weights_extra extra = {"_opt.m", bad, 2};
    const struct mr_tensor *t = mr_model_find_tensor(p->model, "layer4.1.bn2.running_mean");
    struct mr_error err;

    save(p);
    assert_int_equal(mr_weights_save(p->model, p->path, &extra, 1, NULL, 0, &err), MR_E_NUMERIC);
    assert_non_null(strstr(err.message, "_opt.m"));
    mr_model_params(p->model)[t->offset + 3] = INFINITY;
    assert_int_equal(mr_weights_save(p->model, p->path, NULL, 0, NULL, 0, &err), MR_E_NUMERIC);
    assert_non_null(strstr(err.message, "layer4.1.bn2.running_mean"));
    mr_model_params(p->model)[t->offset + 3] = 0;
    assert_ok(mr_weights_load(p->model, p->path, NULL, &err), err); /* the old file still stands */
}

/* ---- real weights ---- */

static cJSON *read_json(const char *path)
{
    unsigned char *data = NULL;
    struct mr_error err;
    cJSON *json;
    size_t n;

    assert_ok(mr_file_read(path, 1 << 24, &data, &n, &err), err);
    json = cJSON_Parse((const char *)data);
    free(data);
    assert_non_null(json);
    return json;
}

/* The file has no head: an identity in its place lets the 512 features through as logits. */
static void set_identity_head(struct mr_model *model)
{
    const struct mr_tensor *weight = mr_model_find_tensor(model, "fc.weight");
    const struct mr_tensor *bias = mr_model_find_tensor(model, "fc.bias");

    memset(mr_model_params(model) + weight->offset, 0, weight->n * sizeof(float));
    memset(mr_model_params(model) + bias->offset, 0, bias->n * sizeof(float));
    for (size_t i = 0; i < 512; i++)
        mr_model_params(model)[weight->offset + i * 512 + i] = 1;
}

/* rows: PyTorch's for the first two hashed images; values (2, n). */
static void check_rows(const cJSON *rows, const float *values, int n)
{
    double largest = 0;

    for (int i = 0; i < 2 * n; i++)
        if (fabsf(values[i]) > largest) /* fmax here crashes gcc 12 for aarch64 */
            largest = fabsf(values[i]);
    assert_true(largest > 1); /* not all dead */
    for (int i = 0; i < 2 * n; i++) {
        double wanted = cJSON_GetArrayItem(cJSON_GetArrayItem(rows, i / n), i % n)->valuedouble;

        if (!(fabs(values[i] - wanted) <= 1e-4 * largest))
            fail_msg("value %d is %.7g where PyTorch has %.7g", i, values[i], wanted);
    }
}

/* Reads the weights and compares what they make of the hashed images with a field of expected. */
static void check_forward(struct mr_model *model, const char *expected, const char *field, int n)
{
    float *images = malloc(sizeof *images * HASHED_BATCH * HASHED_SIDE * HASHED_SIDE * 3);
    int labels[HASHED_BATCH];
    cJSON *json = read_json(expected);

    hashed_batch(images, labels, 0);
    check_rows(cJSON_GetObjectItem(json, field), mr_model_forward(model, images, 2, MR_MODE_EVAL),
               n);
    cJSON_Delete(json);
    free(images);
}

static void computes_the_features_of_pretrained_weights(void **state)
{
    char weights[512], expected[512];
    struct mr_weights_report report;
    struct mr_model *model;
    struct mr_error err;

    shared_or_skip(weights, "weights/misread_resnet34_body_f16.safetensors");
    shared_or_skip(expected, "weights/misread_resnet34_forward_check.json");
    model = make_model(MR_ARCH_RESNET34, 512);
    assert_ok(mr_weights_start(model, NULL, weights, NULL, &report, &err), err);
    assert_true(report.is_head_new); /* it has none */
    assert_int_equal(report.n_missing, 2);
    assert_string_equal(report.missing[0], "fc.weight");
    assert_int_equal(report.n_unexpected, 0);
    mr_weights_report_finish(&report);
    set_identity_head(model);
    check_forward(model, expected, "avgpool", 512);
    mr_model_destroy(model);
}

static void computes_the_logits_of_weights_that_torch_saved(void **state)
{
    char weights[512], expected[512];
    struct mr_model *model;
    struct mr_error err;

    shared_or_skip(weights, "weights/misread_resnet18_mix329_f16.pth");
    shared_or_skip(expected, "weights/misread_resnet18_forward_check.json");
    model = make_model(MR_ARCH_RESNET18, 329);
    assert_ok(mr_weights_load(model, weights, NULL, &err), err);
    check_forward(model, expected, "logits", 329);
    mr_model_destroy(model);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_back_what_was_saved),
        CASE(stores_tensors_in_torchvisions_layout),
        CASE(carries_extras_and_texts),
        CASE(refuses_another_network),
        CASE(refuses_tensors_that_the_model_lacks),
        CASE(reports_names_instead_when_asked),
        CASE(refuses_values_that_are_not_finite),
        CASE(starts_with_the_body_and_a_head_that_fits),
        CASE(starts_with_a_head_of_the_same_classes_only),
        CASE(starts_with_no_other_network_and_no_bad_number),
        CASE(never_saves_what_is_not_finite),
        cmocka_unit_test(computes_the_features_of_pretrained_weights),
        cmocka_unit_test(computes_the_logits_of_weights_that_torch_saved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
