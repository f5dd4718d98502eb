/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <misread/kernel/kernels.h>
#include <misread/train/trainer.h>

static void fill(struct mr_train_options *o)
{
    *o = mr_train_defaults();
    o->arch = MR_ARCH_RESNET50;
    o->size_px = 224;
    o->batch = 7;
    o->n_epochs = 3;
    o->lr = 1.0 / 3;
    o->weight_decay = 1e-4;
    o->optimizer = MR_OPTIMIZER_SGD;
    o->augment = MR_AUGMENT_NONE;
    o->labels = MR_LABELS_ORIGINAL;
    o->smoothing = .1;
    o->mixup = .4;
    o->class_weights = MR_CLASS_WEIGHTS_BALANCED;
    o->sampling = MR_SAMPLING_BALANCED;
    o->n_whole = 5;
    o->whole_lr = (struct mr_rates){1e-5 / 3, .1 + .2};
    o->freeze = MR_FREEZE_NORM;
    o->head = MR_HEAD_OF_FASTAI;
    o->n_views = 4;
    o->clip = 2. / 3;
    o->accumulate = 6;
    o->ema = .98 + 1e-17;
    o->patience = 11;
    o->seed = UINT64_MAX;
    o->split_seed = ((uint64_t)1 << 53) + 1;
    o->valid_fraction = .1;
    snprintf(o->group_re, sizeof o->group_re, "%s", "([^/]+)\\.jpg$ \"x\" \xc3\xa9");
    snprintf(o->group_by, sizeof o->group_by, "%s", "/a b/c.csv:patient");
    snprintf(o->mask, sizeof o->mask, "%s", "0,.7,.3,.3");
    snprintf(o->weights, sizeof o->weights, "%s", "/a b/c.safetensors");
    snprintf(o->isa, sizeof o->isa, "%s", mr_kernels_best()->isa);
    o->n_threads = 5;
    o->checkpoint_every_s = 17;
}

static void survives_json_bit_for_bit(void **state)
{
    struct mr_train_options o, back;
    struct mr_error err;
    char *json, *again;

    fill(&o);
    json = mr_train_options_to_json(&o);
    assert_ok(mr_train_options_from_json(&back, json, &err), err);
    assert_int_equal(back.arch, MR_ARCH_RESNET50);
    assert_int_equal(back.size_px, 224);
    assert_int_equal(back.batch, 7);
    assert_int_equal(back.n_epochs, 3);
    assert_int_equal(back.n_whole, 5);
    assert_true(back.whole_lr.low == 1e-5 / 3 && back.whole_lr.high == .1 + .2);
    assert_int_equal(back.freeze, MR_FREEZE_NORM);
    assert_int_equal(back.head, MR_HEAD_OF_FASTAI);
    assert_int_equal(back.n_views, 4);
    assert_true(back.lr == 1.0 / 3);
    assert_true(back.clip == 2. / 3);
    assert_int_equal(back.accumulate, 6);
    assert_true(back.ema == o.ema);
    assert_int_equal(back.patience, 11);
    assert_true(back.weight_decay == 1e-4);
    assert_int_equal(back.optimizer, MR_OPTIMIZER_SGD);
    assert_int_equal(back.augment, MR_AUGMENT_NONE);
    assert_int_equal(back.labels, MR_LABELS_ORIGINAL);
    assert_true(back.smoothing == .1 && back.mixup == .4);
    assert_int_equal(back.class_weights, MR_CLASS_WEIGHTS_BALANCED);
    assert_int_equal(back.sampling, MR_SAMPLING_BALANCED);
    assert_true(back.seed == UINT64_MAX);
    assert_true(back.split_seed == ((uint64_t)1 << 53) + 1);
    assert_true(back.valid_fraction == .1);
    assert_string_equal(back.group_re, o.group_re);
    assert_string_equal(back.group_by, o.group_by);
    assert_string_equal(back.mask, o.mask);
    assert_string_equal(back.weights, o.weights);
    assert_string_equal(back.isa, o.isa);
    assert_int_equal(back.n_threads, 5);
    assert_int_equal(back.checkpoint_every_s, 17);
    again = mr_train_options_to_json(&back);
    assert_string_equal(json, again);
    free(json);
    free(again);
}

static void keeps_defaults_for_missing_keys_and_ignores_unknown_ones(void **state)
{
    struct mr_train_options o, d = mr_train_defaults();
    struct mr_error err;

    memset(&o, 0x55, sizeof o);
    assert_ok(
        mr_train_options_from_json(
            &o, "{\"from_the_future\":[1,{}],\"batch\":9,\"seed\":12,\"arch\":\"resnet34\"}", &err),
        err);
    assert_int_equal(o.batch, 9);
    assert_int_equal((int)o.seed, 12);
    assert_int_equal(o.arch, MR_ARCH_RESNET34);
    assert_int_equal(o.n_epochs, d.n_epochs);
    assert_true(o.lr == d.lr);
    assert_string_equal(o.group_re, "");
}

static void refuses_what_is_wrong_and_names_it(void **state)
{
    static const struct {
        const char *json, *name;
    } bad[] = {
        {"", "JSON"},
        {"[]", "JSON"},
        {"{\"batch\":9", "JSON"},
        {"{\"batch\":\"9\"}", "'batch'"},
        {"{\"batch\":9.5}", "'batch'"},
        {"{\"batch\":1e300}", "'batch'"},
        {"{\"batch\":1}", "'batch'"},
        {"{\"size_px\":31}", "'size_px'"},
        {"{\"accumulate\":0}", "'accumulate'"},
        {"{\"ema\":1}", "'ema'"},
        {"{\"clip\":-1}", "'clip'"},
        {"{\"patience\":-1}", "'patience'"},
        {"{\"lr\":0}", "'lr'"},
        {"{\"lr\":\"automatic\"}", "'lr'"},
        {"{\"lr\":\"high\"}", "'lr'"},
        {"{\"lr\":1e999}", "'lr'"},
        {"{\"seed\":-1}", "'seed'"},
        {"{\"seed\":1.5}", "'seed'"},
        {"{\"seed\":\"12x\"}", "'seed'"},
        {"{\"arch\":\"resnet19\"}", "'arch'"},
        {"{\"arch\":1}", "'arch'"},
        {"{\"valid_fraction\":1}", "'valid_fraction'"},
        {"{\"group_re\":7}", "'group_re'"},
        {"{\"smoothing\":1}", "'smoothing'"},
        {"{\"mixup\":-0.1}", "'mixup'"},
        {"{\"class_weights\":\"effective\"}", "'class_weights'"},
        {"{\"n_epochs\":0}", "'n_epochs'"},
        {"{\"n_epochs\":\"0+0\"}", "'n_epochs'"},
        {"{\"n_epochs\":\"4+\"}", "'n_epochs'"},
        {"{\"n_epochs\":\"4+4+4\"}", "'n_epochs'"},
        {"{\"n_epochs\":\"+4\"}", "'n_epochs'"},
        {"{\"n_epochs\":\"4++4\"}", "'n_epochs'"},
        {"{\"n_epochs\":-4}", "'n_epochs'"},
        {"{\"whole_lr\":\"1e-3:\"}", "'whole_lr'"},
        {"{\"whole_lr\":\":1e-3\"}", "'whole_lr'"},
        {"{\"whole_lr\":\"1e-3:nan\"}", "'whole_lr'"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mr_train_options o = mr_train_defaults();
        struct mr_error err = {.message = ""};

        o.batch = 123;
        assert_int_not_equal(mr_train_options_from_json(&o, bad[i].json, &err), MR_OK);
        if (!strstr(err.message, bad[i].name))
            fail_msg("%s: '%s' does not name it", bad[i].json, err.message);
        assert_int_equal(o.batch, 123);
    }
}

static void refuses_a_text_that_does_not_fit(void **state)
{
    struct mr_train_options o;
    struct mr_error err;
    char json[400], text[300];

    memset(text, 'x', sizeof text);
    text[256] = '\0'; /* one more than group_re holds with its end */
    snprintf(json, sizeof json, "{\"group_re\":\"%s\"}", text);
    assert_int_equal(mr_train_options_from_json(&o, json, &err), MR_E_FORMAT);
    text[255] = '\0';
    snprintf(json, sizeof json, "{\"group_re\":\"%s\"}", text);
    assert_ok(mr_train_options_from_json(&o, json, &err), err);
    assert_string_equal(o.group_re, text);
}

static void reads_epochs_and_rates_as_one_number_or_two(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_error err;

    assert_ok(mr_train_options_from_json(&o, "{\"n_epochs\":7,\"whole_lr\":\"2e-3\"}", &err), err);
    assert_int_equal(o.n_epochs, 7);
    assert_int_equal(o.n_whole, 0);
    assert_true(o.whole_lr.low == 0 && o.whole_lr.high == 2e-3);
    assert_ok(
        mr_train_options_from_json(&o, "{\"n_epochs\":\"0+3\",\"whole_lr\":\"1e-6:1e-4\"}", &err),
        err);
    assert_int_equal(o.n_epochs, 0);
    assert_int_equal(o.n_whole, 3);
    assert_true(o.whole_lr.low == 1e-6 && o.whole_lr.high == 1e-4);
}

static void checks_ranges_and_not_a_number(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_error err;

    assert_ok(mr_train_options_check(&o, &err), err);
    o.lr = NAN;
    assert_int_equal(mr_train_options_check(&o, &err), MR_E_USAGE);
    o = mr_train_defaults();
    o.arch = MR_N_ARCH;
    assert_int_equal(mr_train_options_check(&o, &err), MR_E_USAGE);
    o = mr_train_defaults();
    o.weight_decay = -1e-9;
    assert_int_equal(mr_train_options_check(&o, &err), MR_E_USAGE);
    assert_non_null(strstr(err.message, "weight_decay"));
}

static void refuses_to_search_for_a_rate_where_there_is_none(void **state)
{
    struct mr_train_options o = mr_train_defaults();
    struct mr_error err;

    o.lr = 0;
    o.n_whole = 4;
    assert_ok(mr_train_options_check(&o, &err), err);
    for (int k = 0; k < MR_N_SCHEDULE; k++) {
        o.schedule = (enum mr_schedule_kind)k;
        o.n_epochs = 0;
        assert_int_equal(mr_train_options_check(&o, &err), MR_E_USAGE);
        assert_non_null(strstr(err.message, "the rate of 0+4 epochs"));
    }
    o.lr = 1e-3;
    assert_ok(mr_train_options_check(&o, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_json_bit_for_bit),
        cmocka_unit_test(keeps_defaults_for_missing_keys_and_ignores_unknown_ones),
        cmocka_unit_test(refuses_what_is_wrong_and_names_it),
        cmocka_unit_test(refuses_a_text_that_does_not_fit),
        cmocka_unit_test(reads_epochs_and_rates_as_one_number_or_two),
        cmocka_unit_test(checks_ranges_and_not_a_number),
        cmocka_unit_test(refuses_to_search_for_a_rate_where_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
