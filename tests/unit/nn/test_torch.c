/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <math.h>

#include <cjson/cJSON.h>

#include <misread/base/file.h>
#include <misread/base/rng.h>
#include <misread/base/sandbox.h>
#include <misread/nn/weights_file.h>

#include "directory.h"
#include "torch.h"
#include "torch_file.h"

static enum mr_status parse(const struct bytes *file, struct mr_error *err)
{
    struct mr_directory directory;
    /* Of its exact size, so that a sanitizer sees reading behind it. */
    unsigned char *exact = malloc(file->n ? file->n : 1);
    enum mr_status st;

    memcpy(exact, file->data, file->n);
    st = mr_torch_parse(&directory, exact, file->n, err);
    if (!st)
        mr_directory_finish(&directory);
    free(exact);
    return st;
}

/* ---- what PyTorch wrote ---- */

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

static const char *torch_name(enum mr_dtype dtype)
{
    static const char *const names[] = {"float32", "float16", "bfloat16", "float64", "int64"};

    return names[dtype];
}

static void check_tensor(const struct mr_weights_file *file, const struct mr_weights_tensor *t,
                         const cJSON *wanted)
{
    const cJSON *shape = cJSON_GetObjectItem(wanted, "shape");
    const cJSON *values = cJSON_GetObjectItem(wanted, "values");
    struct mr_error err;
    float *x = NULL;
    size_t n;

    assert_non_null(wanted);
    assert_string_equal(torch_name(t->dtype), cJSON_GetObjectItem(wanted, "dtype")->valuestring);
    assert_int_equal(t->n_dims, cJSON_GetArraySize(shape));
    for (int d = 0; d < t->n_dims; d++)
        assert_int_equal(t->shape[d], cJSON_GetArrayItem(shape, d)->valueint);
    assert_ok(mr_weights_file_floats(file, wanted->string, &x, &n, &err), err);
    assert_int_equal(n, cJSON_GetArraySize(values));
    for (size_t i = 0; i < n; i++)
        if (x[i] != (float)cJSON_GetArrayItem(values, (int)i)->valuedouble)
            fail_msg("'%s' [%zu] is %.9g", wanted->string, i, x[i]);
    free(x);
}

/* expected: of which of expected.json's dictionaries the file holds n_wanted tensors. */
static void check_file(const char *version, const char *name, const char *expected, int n_wanted,
                       struct mr_sandbox *sandbox)
{
    char path[512], json_path[512], relative[128];
    struct mr_weights_file *file = NULL;
    struct mr_error err;
    const struct mr_weights_tensor *tensors;
    cJSON *json, *wanted;
    int n;

    snprintf(relative, sizeof relative, "reference/pth/torch-%s/%s.pth", version, name);
    shared_or_skip(path, relative);
    snprintf(relative, sizeof relative, "reference/pth/torch-%s/expected.json", version);
    shared_or_skip(json_path, relative);
    json = read_json(json_path);
    assert_ok(mr_weights_file_open(&file, sandbox, path, &err), err);
    wanted = cJSON_GetObjectItem(json, expected);
    tensors = mr_weights_file_tensors(file, &n);
    assert_int_equal(n, n_wanted);
    for (int i = 0; i < n; i++)
        check_tensor(file, &tensors[i], cJSON_GetObjectItemCaseSensitive(wanted, tensors[i].name));
    assert_null(mr_weights_file_text(file, "any"));
    mr_weights_file_close(file);
    cJSON_Delete(json);
}

static const char *const versions[] = {"1.13", "2.11"};

static void reads_every_value_that_pytorch_wrote(void **state)
{
    for (int v = 0; v < 2; v++) {
        check_file(versions[v], "tiny", "tiny", 12, NULL);
        check_file(versions[v], "tiny_module", "tiny_module", 8, NULL);
        check_file(versions[v], "tiny_parameters", "tiny_module", 7, NULL);
    }
}

static void finds_the_model_in_a_training_checkpoint(void **state)
{
    for (int v = 0; v < 2; v++)
        check_file(versions[v], "tiny_checkpoint", "tiny", 12, NULL);
}

static struct mr_sandbox *make_sandbox(void (*parse_weights)(struct mr_sandbox_call *))
{
    struct mr_sandbox_parser parsers[MR_WEIGHTS_PARSER + 1] = {
        [MR_WEIGHTS_PARSER] = {"weights", parse_weights}};
    static struct mr_sandbox_parser kept[MR_WEIGHTS_PARSER + 1];
    struct mr_sandbox_options options = {.parsers = kept,
                                         .n_parsers = MR_WEIGHTS_PARSER + 1,
                                         .n_decoders = 1,
                                         .in_cap = 1 << 20,
                                         .out_cap = 1 << 20,
                                         .heap = 32 << 20,
                                         .deadline_ms = 10000};
    struct mr_sandbox *sandbox = NULL;
    struct mr_error err;

    memcpy(kept, parsers, sizeof parsers);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    options.in_process = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    options.in_process = true;
#endif
#endif
    assert_ok(mr_sandbox_create(&sandbox, &options, &err), err);
    return sandbox;
}

static void reads_the_same_through_the_sandbox(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(mr_weights_parse);

    for (int v = 0; v < 2; v++) {
        check_file(versions[v], "tiny", "tiny", 12, sandbox);
        check_file(versions[v], "tiny_checkpoint", "tiny", 12, sandbox);
    }
    mr_sandbox_destroy(sandbox);
}

static void check_refused_file(const char *version, const char *name, const char *why,
                               struct mr_sandbox *sandbox)
{
    struct mr_weights_file *file = NULL;
    char path[512], relative[128];
    struct mr_error err;

    snprintf(relative, sizeof relative, "reference/pth/torch-%s/%s.pth", version, name);
    shared_or_skip(path, relative);
    assert_int_equal(mr_weights_file_open(&file, sandbox, path, &err), MR_E_FORMAT);
    if (!strstr(err.message, why) || !strstr(err.message, "torch.save(model.state_dict(), "))
        fail_msg("refused as: %s", err.message);
}

#define N_MANY 600

/* N_MANY tensors, of which each is the four floats of its own part. */
static struct bytes make_many(void)
{
    struct part parts[N_MANY + 1];
    char(*names)[24] = calloc(N_MANY, sizeof *names);
    struct bytes pickle = {0}, file;

    P(&pickle, PROTO DICT "(");
    for (int i = 0; i < N_MANY; i++) {
        char key[8], name[8];

        snprintf(name, sizeof name, "%04d", N_MANY - i);
        snprintf(key, sizeof key, "%03d", i);
        P(&pickle, "X\4\0\0\0");
        add(&pickle, name, 4);
        P(&pickle, REBUILD "((" STORAGE FLOATS "X\3\0\0\0");
        add(&pickle, key, 3);
        P(&pickle, CPU "K\4tQK\0K\4\x85K\1\x85" HOOKS "tR");
        snprintf(names[i], sizeof names[i], "w/data/%s", key);
        parts[i] = (struct part){names[i], four_floats, sizeof four_floats};
    }
    P(&pickle, "u.");
    parts[N_MANY] = (struct part){"w/data.pkl", pickle.data, pickle.n};
    file = make_zip(parts, N_MANY + 1, (struct wrongs){0});
    free(pickle.data);
    free(names);
    return file;
}

static struct bytes make_many_safetensors(void)
{
    struct bytes header = {0}, file = {0};

    for (int i = 0; i < N_MANY; i++) {
        char entry[96];

        snprintf(entry, sizeof entry,
                 "%s\"%04d\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[%d,%d]}",
                 i ? "," : "{", N_MANY - i, 16 * i, 16 * i + 16);
        add(&header, entry, strlen(entry));
    }
    P(&header, "}");
    add_le(&file, header.n, 8);
    add(&file, header.data, header.n);
    for (int i = 0; i < N_MANY; i++)
        add(&file, four_floats, sizeof four_floats);
    free(header.data);
    return file;
}

/* As many as real networks have: a library's function that minds the number may make a system call
 * for big ones only. */
static void reads_many_tensors_through_the_sandbox(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(mr_weights_parse);
    struct bytes files[] = {make_many(), make_many_safetensors()};
    char *folder = make_folder(), path[256];

    snprintf(path, sizeof path, "%s/w", folder);
    for (int f = 0; f < 2; f++) {
        struct mr_file_part part = {files[f].data, files[f].n};
        struct mr_weights_file *file = NULL;
        struct mr_error err;
        float *x = NULL;
        size_t n;

        assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
        assert_ok(mr_weights_file_open(&file, sandbox, path, &err), err);
        assert_ok(mr_weights_file_floats(file, "0600", &x, &n, &err), err);
        assert_int_equal(n, 4);
        assert_memory_equal(x, four_floats, sizeof four_floats);
        free(x);
        mr_weights_file_close(file);
        free(files[f].data);
    }
    mr_sandbox_destroy(sandbox);
    remove_folder(folder);
}

static void says_what_to_do_instead_of_modules_and_old_files(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(mr_weights_parse);

    for (int v = 0; v < 2; v++)
        for (int s = 0; s < 2; s++) {
            struct mr_sandbox *where = s ? sandbox : NULL;

            check_refused_file(versions[v], "tiny_legacy", "before PyTorch 1.6", where);
            check_refused_file(versions[v], "tiny_whole_module",
                               "'torch.nn.modules.container.Sequential'", where);
        }
    mr_sandbox_destroy(sandbox);
}

/* ---- answers of a decoder that was taken over ---- */

static void answer_lies(struct mr_sandbox_call *call)
{
    /* One tensor 'a' of one dimension, 4 floats at bytes 0 to 16, and then each number too big. */
    uint64_t lie[] = {1, 0, 1, 'a', 0, 1, 4, 1, 0, 16};
    static const struct {
        int at;
        uint64_t value;
    } lies[] = {{0, 5000}, {1, 1},  {2, 1000},       {4, 9},          {5, 9},
                {6, 5},    {7, 2},  {6, UINT64_MAX}, {7, UINT64_MAX}, {9, 1 << 20},
                {8, 1},    {9, 15}, {2, UINT64_MAX}, {1, UINT64_MAX}};
    unsigned char which = call->in[9];

    if (which < sizeof lies / sizeof *lies)
        lie[lies[which].at] = lies[which].value;
    /* The name is one byte, not eight. */
    memcpy(call->out, lie, 24);
    call->out[24] = 'a';
    memcpy(call->out + 25, lie + 4, sizeof lie - 32);
    call->n_out = sizeof lie - 7;
    if (which == 100)
        call->n_out--;
}

static void distrusts_the_decoder(void **state)
{
    struct mr_sandbox *sandbox = make_sandbox(answer_lies);
    char *folder = make_folder(), path[256];
    unsigned char content[64] = "\x02\0\0\0\0\0\0\0{";
    struct mr_file_part part = {content, sizeof content};
    struct mr_weights_file *file = NULL;
    struct mr_error err;

    snprintf(path, sizeof path, "%s/w", folder);
    for (int which = 0; which <= 100; which += which == 13 ? 87 : 1) {
        content[9] = (unsigned char)which;
        assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
        if (mr_weights_file_open(&file, sandbox, path, &err) != MR_E_SANDBOX)
            fail_msg("lie %d was believed", which);
        assert_non_null(strstr(err.message, "nonsense"));
    }
    content[9] = 200; /* no lie */
    assert_ok(mr_file_write(path, 0600, &part, 1, &err), err);
    assert_ok(mr_weights_file_open(&file, sandbox, path, &err), err);
    mr_weights_file_close(file);
    mr_sandbox_destroy(sandbox);
    remove_folder(folder);
}

/* ---- pickles by hand ---- */

static void reads_a_pickle_made_by_hand(void **state)
{
    static const char pickle[] = STATE(VIEW("\x04", "\x01", "K\x03\x85", "K\x01\x85"));
    struct bytes file = make_torch_file(pickle, sizeof pickle - 1);
    struct mr_directory d;
    struct mr_error err;

    assert_ok(mr_torch_parse(&d, file.data, file.n, &err), err);
    assert_int_equal(d.n_tensors, 1);
    assert_string_equal(d.tensors[0].name, "a");
    assert_int_equal(d.tensors[0].n, 3);
    assert_memory_equal(file.data + d.tensors[0].begin, four_floats + 1, 12);
    mr_directory_finish(&d);
    free(file.data);
}

#define HAND(literal, why)                      \
    {                                           \
        literal, sizeof(literal) - 1, why, true \
    }
#define FINE(literal)                           \
    {                                           \
        literal, sizeof(literal) - 1, "", false \
    }
#define FOUR(x) x x x x
#define MANY(x) FOUR(FOUR(FOUR(x)))

static void refuses_each_wrong_pickle_in_a_sentence(void **state)
{
    static const struct {
        const char *pickle;
        size_t n;
        const char *why;
        bool is_bad;
    } cases[] = {
        FINE(STATE(TENSOR)),
        FINE(STATE(PARAMETER "(" TENSOR "\x88" DICT "tR")),
        HAND(PROTO "cos\nsystem\nX\x04\0\0\0true\x85R.", "'os.system'"),
        HAND(PROTO "cposix\nsystem\nX\x04\0\0\0true\x85R.", "'posix.system'"),
        HAND(PROTO "c__builtin__\neval\nX\x01\0\0\0"
                   "1\x85R.",
             "'__builtin__.eval'"),
        HAND(PROTO "c\x1b[2J\nx\n.", "'?[2J.x'"),
        HAND(PROTO "ctorch.nn.modules.linear\nLinear\n)\x81.", "torch.save(model.state_dict()"),
        HAND(PROTO "ccollections\nOrderedDict\n)\x81.", "opcode 0x81"),
        HAND(PROTO "(i", "opcode 0x69"),
        HAND("\x80\x04}.", "protocol 2"),
        HAND("", "ends in the middle"),
        HAND(PROTO, "ends in the middle"),
        HAND(PROTO "}", "ends in the middle"),
        HAND(PROTO "X\xff\xff\xff\xff"
                   "a",
             "ends in the middle"),
        HAND(PROTO "cos\n", "ends in the middle"),
        HAND(PROTO "}.x", "followed"),
        HAND(PROTO ".", "contradicts"),
        HAND(PROTO "}}.", "contradicts"),
        HAND(PROTO "(}.", "contradicts"),
        /* SETITEM on what is no dictionary (CVE-2026-24747) */
        HAND(PROTO "]" NAME_A "Ns.", "contradicts"),
        HAND(PROTO "K\x01" NAME_A "Ns.", "contradicts"),
        HAND(PROTO REBUILD "(" NAME_A "Nu.", "contradicts"),
        HAND(PROTO STORED("\x04") NAME_A "Ns.", "contradicts"),
        HAND(PROTO TENSOR NAME_A "Ns.", "contradicts"),
        HAND(PROTO ")" NAME_A "Ns.", "contradicts"),
        HAND(PROTO "}(" NAME_A "u.", "contradicts"), /* a key without a value */
        HAND(PROTO "}Na.", "contradicts"),
        HAND(PROTO "s.", "contradicts"),
        HAND(PROTO "}s.", "contradicts"),
        HAND(PROTO "}u.", "contradicts"),
        HAND(PROTO "N(s.", "contradicts"), /* nothing above the mark */
        HAND(PROTO "NN(\x86.", "contradicts"),
        HAND(PROTO "t.", "contradicts"),
        HAND(PROTO "NR.", "contradicts"),
        HAND(PROTO "N)R.", "contradicts"),
        HAND(PROTO REBUILD "NR.", "contradicts"),
        HAND(PROTO "ccollections\nOrderedDict\nN\x85R.", "contradicts"),
        HAND(PROTO "}Nb.", "contradicts"),
        HAND(PROTO "]}b.", "contradicts"),
        HAND(PROTO "Q.", "contradicts"),
        HAND(PROTO NAME_A "Q.", "contradicts"),
        HAND(PROTO "q\x01.", "contradicts"),
        HAND(PROTO "h\x01.", "never remembered"),
        HAND(PROTO "j\0\0\1\0.", "never remembered"),
        HAND(PROTO "}r\0\0\1\0.", "too much"),
        HAND(PROTO "}r\xff\xff\xff\xff.", "too much"),
        HAND(PROTO MANY("(") "(N" MANY("t") "t.", "too deep"),
        HAND(PROTO "N" MANY("\x85") "\x85.", "too deep"),
        /* what is no dictionary of tensors */
        HAND(PROTO "N.", "no dictionary of tensors"),
        HAND(PROTO "}.", "no dictionary of tensors"),
        HAND(PROTO TENSOR ".", "no dictionary of tensors"),
        HAND(PROTO "(" TENSOR "t.", "no dictionary of tensors"),
        HAND(PROTO "}X\x05\0\0\0modelK\x01s.", "no dictionary of tensors"),
        HAND(PROTO "}X\x05\0\0\0other}" NAME_A TENSOR "ss.", "no dictionary of tensors"),
        /* names */
        HAND(PROTO "}K\x01" TENSOR "s.", "name"),
        HAND(PROTO "}X\0\0\0\0" TENSOR "s.", "name"),
        HAND(PROTO "}X\x02\0\0\0\x1b[" TENSOR "s.", "name"),
        HAND(PROTO "}X\x01\0\0\0\xff" TENSOR "s.", "name"),
        HAND(PROTO "}X\x03\0\0\0a\0b" TENSOR "s.", "name"),
        HAND(PROTO "}(" NAME_A TENSOR NAME_A TENSOR "u.", "twice"),
        /* storages */
        HAND(STATE(REBUILD "(NK\0K\x04\x85K\x01\x85" HOOKS "tR"), "no storage"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS KEY_0 CPU "tQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "no storage"),
        HAND(STATE(REBUILD "((" STORAGE "ccollections\nOrderedDict\n" KEY_0 CPU
                           "K\x04tQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "no storage"),
        HAND(STATE(REBUILD "((" STORAGE NAME_A KEY_0 CPU "K\x04tQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "no storage"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS KEY_0 CPU
                           "J\xff\xff\xff\xfftQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "no storage"),
        HAND(STATE(REBUILD "((" STORAGE "ctorch\nByteStorage\n"), "'torch.ByteStorage'"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS "X\x01\0\0\0"
                           "1" CPU "K\x04tQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "lacks"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS "X\x0b\0\0\0../data.pkl" CPU
                           "K\x04tQK\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "lacks"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS "X\0\0\0\0" CPU "K\x04tQK\0K\x04\x85K\x01\x85" HOOKS
                           "tR"),
             "lacks"),
        HAND(STATE(VIEW("\x05", "\0", "K\x04\x85", "K\x01\x85")), "more numbers"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS KEY_0 CPU
                           "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7ftQ"
                           "K\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "more numbers"),
        HAND(STATE(REBUILD "((" STORAGE FLOATS KEY_0 CPU
                           "\x8a\x08\x01\0\0\0\0\0\0\x40tQ" /* times 4 is 4 */
                           "K\0K\x04\x85K\x01\x85" HOOKS "tR"),
             "more numbers"),
        /* views */
        HAND(STATE(VIEW("\x04", "\x01", "K\x04\x85", "K\x01\x85")), "beyond"),
        HAND(STATE(VIEW("\x04", "\x05", "K\0\x85", "K\x01\x85")), "beyond"),
        HAND(STATE(VIEW("\x04", "\0", "K\x02\x85", "K\x04\x85")), "beyond"),
        HAND(STATE(VIEW("\x04", "\0", "K\x02K\x02\x86", "K\x03K\x01\x86")), "beyond"),
        FINE(STATE(VIEW("\x04", "\0", "K\x02K\x02\x86", "K\x02K\x01\x86"))),
        FINE(STATE(VIEW("\x04", "\0", "K\x02\x85", "K\x03\x85"))),
        FINE(STATE(VIEW("\x04", "\x04", "K\0\x85", "K\x01\x85"))),
        HAND(STATE(VIEW("\x04", "\0", "K\x02\x85", "J\xff\xff\xff\xff\x85")), "whole and positive"),
        HAND(STATE(VIEW("\x04", "\0", "J\xff\xff\xff\xff\x85", "K\x01\x85")), "whole and positive"),
        HAND(STATE(REBUILD "(" STORED("\x04") "J\xff\xff\xff\xffK\x04\x85K\x01\x85" HOOKS "tR"),
             "whole and positive"),
        HAND(STATE(VIEW("\x04", "\0", "N\x85", "K\x01\x85")), "whole and positive"),
        HAND(STATE(VIEW("\x04", "\0", "K\x04\x85", "K\x01K\x01\x86")), "whole and positive"),
        HAND(STATE(VIEW("\x04", "\0", "K\x04", "K\x01\x85")), "whole and positive"),
        HAND(STATE(VIEW("\x04", "\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "K\x01\x85")),
             "too many dimensions"),
        HAND(STATE(VIEW("\x04", "\0", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87",
                        "K\0K\0K\0\x87")),
             "impossible shape"),
        HAND(STATE(VIEW("\x04", "\0", "K\x03\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85")),
             "beyond"),
        HAND(STATE(VIEW("\x04", "\0", "K\x03K\x03\x86",
                        "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
                        "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86")),
             "impossible shape"),
        HAND(STATE(VIEW("\x04", "\0", "J\0\0\1\0\x85", "K\0\x85")), "far too often"),
        /* calls */
        HAND(STATE(REBUILD ")R"), "as torch makes"),
        HAND(STATE(PARAMETER ")R"), "as torch makes"),
        HAND(STATE(PARAMETER "(N\x88" DICT "tR"), "as torch makes"),
        HAND(STATE(PARAMETER "(" PARAMETER "(" TENSOR "\x88" DICT "tR\x88" DICT "tR"),
             "as torch makes"),
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes file = make_torch_file(cases[i].pickle, cases[i].n);
        struct mr_error err = {MR_OK, ""};
        enum mr_status st = parse(&file, &err);

        if (cases[i].is_bad ? st != MR_E_FORMAT : st)
            fail_msg("case %zu (%s): status %d, %s", i, cases[i].why, (int)st, err.message);
        if (!strstr(err.message, cases[i].why) || strlen(err.message) > 250)
            fail_msg("case %zu: refused as \"%s\", not \"%s\"", i, err.message, cases[i].why);
        free(file.data);
    }
}

/* A pickle of so many copies of a piece, between a beginning and an end. */
static enum mr_status parse_repeated(const char *begin, const char *piece, size_t n_piece, int n,
                                     struct mr_error *err)
{
    struct bytes pickle = {0}, file;
    enum mr_status st;

    add(&pickle, PROTO, 2);
    add(&pickle, begin, strlen(begin));
    for (int i = 0; i < n; i++)
        add(&pickle, piece, n_piece);
    add(&pickle, ".", 1);
    file = make_torch_file(pickle.data, pickle.n);
    st = parse(&file, err);
    free(pickle.data);
    free(file.data);
    return st;
}

static void limits_steps_stack_and_what_is_made_of_little(void **state)
{
    struct mr_error err;
    struct bytes pickle = {0}, file;

    assert_int_equal(parse_repeated("]q", "\x01h", 2, 1, &err), MR_E_FORMAT); /* ends badly */
    assert_int_equal(parse_repeated("", "N", 1, 70000, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "stack"));
    assert_int_equal(parse_repeated("]", "Na", 2, 600000, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "steps"));
    assert_int_equal(parse_repeated("]", "Na", 2, 400000, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "no dictionary"));
    /* a list of itself, twice and twice again: the laughs are never counted out */
    assert_int_equal(parse_repeated("]", "q\1h\1h\1\x86\x85q\1", 10, 40, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "deep"));

    P(&pickle, PROTO "}(" NAME_A TENSOR "q\1");
    for (int i = 0; i < 5000; i++) { /* the same tensor under 5000 names */
        char name[16];

        snprintf(name, sizeof name, "%05d", i);
        P(&pickle, "X\5\0\0\0");
        add(&pickle, name, 5);
        P(&pickle, "h\1");
    }
    P(&pickle, "u.");
    file = make_torch_file(pickle.data, pickle.n);
    assert_int_equal(parse(&file, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "too many tensors"));
    free(pickle.data);
    free(file.data);
}

/* ---- archives by hand ---- */

static const char good_pickle[] = STATE(TENSOR);

static void check_archive(const struct part *parts, size_t n, struct wrongs wrongs, const char *why)
{
    struct bytes file = make_zip(parts, n, wrongs);
    struct mr_error err = {MR_OK, ""};
    enum mr_status st = parse(&file, &err);

    if (why ? st != MR_E_FORMAT || !strstr(err.message, why) : st)
        fail_msg("%s: \"%s\"", why, err.message);
    free(file.data);
}

static void refuses_each_wrong_archive_in_a_sentence(void **state)
{
    const struct part good[] = {{"w/data.pkl", good_pickle, sizeof good_pickle - 1},
                                {"w/data/0", four_floats, sizeof four_floats}};
    const struct part big_endian[] = {good[0], good[1], {"w/byteorder", "big", 3}};
    const struct part twice[] = {good[0], good[1], {"w/data/0", four_floats, 16}};
    const struct part two[] = {good[0], good[1], {"v/data.pkl", good_pickle, 10}};
    const struct part short_storage[] = {good[0], {"w/data/0", four_floats, 15}};
    const struct part no_storage[] = {good[0]};
    const struct part nameless[] = {good[0], good[1], {"", "", 0}};
    const struct part flat[] = {{"data.pkl", good_pickle, sizeof good_pickle - 1}, good[1]};

    check_archive(good, 2, (struct wrongs){0}, NULL);
    check_archive(good, 2, (struct wrongs){.flags = 8}, NULL);
    check_archive(good, 2, (struct wrongs){.method = 8}, "compressed");
    check_archive(good, 2, (struct wrongs){.flags = 1}, "encrypted");
    check_archive(good, 2, (struct wrongs){.n_packed_more = 1}, "size of a part");
    check_archive(good, 2, (struct wrongs){.crc = 1}, "checksum");
    check_archive(good, 2, (struct wrongs){.back = 1}, "not what the list");
    check_archive(good, 2, (struct wrongs){.back = 1 << 20}, "outside");
    check_archive(good, 2, (struct wrongs){.n_entries = 1}, "damaged");
    check_archive(good, 2, (struct wrongs){.n_entries = -1}, "damaged");
    check_archive(good, 2, (struct wrongs){.n_entries = 20000}, "too many");
    check_archive(good, 2, (struct wrongs){.comment = "x"}, "end is missing");
    check_archive(good, 0, (struct wrongs){0}, "not one of torch.save");
    check_archive(big_endian, 3, (struct wrongs){0}, "little-endian");
    check_archive(twice, 3, (struct wrongs){0}, "one name");
    check_archive(two, 3, (struct wrongs){0}, "not one of torch.save");
    check_archive(short_storage, 2, (struct wrongs){0}, "more numbers");
    check_archive(no_storage, 1, (struct wrongs){0}, "lacks");
    check_archive(nameless, 3, (struct wrongs){0}, "damaged");
    check_archive(flat, 2, (struct wrongs){0}, "not one of torch.save");
}

/* The second part is a whole archive's worth of bytes inside which a third claims to lie. */
static void refuses_parts_that_overlap(void **state)
{
    struct part inner = {"w/data/1", four_floats, 16};
    struct bytes nested = make_zip(&inner, 1, (struct wrongs){0}), file;
    const struct part parts[] = {{"w/data.pkl", good_pickle, sizeof good_pickle - 1},
                                 {"w/data/0", nested.data, 54},
                                 {"w/data/1", four_floats, 16}};
    struct mr_error err;
    uint32_t at;

    file = make_zip(parts, 3, (struct wrongs){0});
    assert_ok(parse(&file, &err), err);
    /* The last entry of the list: its header is that within the second part's bytes. */
    memcpy(&at, file.data + file.n - 22 - 8 - 4, 4);
    at -= 54;
    memcpy(file.data + file.n - 22 - 8 - 4, &at, 4);
    assert_int_equal(parse(&file, &err), MR_E_FORMAT);
    assert_non_null(strstr(err.message, "overlap"));
    free(nested.data);
    free(file.data);
}

/* ---- what chance makes ---- */

static void survives_every_truncation_and_many_mutations(void **state)
{
    static const char *const names[] = {"torch-1.13/tiny_checkpoint", "torch-2.11/tiny",
                                        "torch-2.11/tiny_whole_module", "torch-1.13/tiny_legacy"};
    struct mr_rng rng = mr_rng_make(1, 0, 0, 0);
    struct mr_error err;
    int n_read = 0;

    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        char path[512], relative[128];
        struct bytes file;

        snprintf(relative, sizeof relative, "reference/pth/%s.pth", names[f]);
        shared_or_skip(path, relative);
        assert_ok(mr_file_read(path, 1 << 20, &file.data, &file.n, &err), err);
        for (size_t whole = file.n; file.n > 0;) {
            file.n--;
            assert_int_equal(parse(&file, &err), MR_E_FORMAT);
            if (!file.n) {
                file.n = whole;
                break;
            }
        }
        for (size_t i = 0; i < 8 * file.n; i++) { /* every bit */
            file.data[i / 8] ^= (unsigned char)(1 << i % 8);
            n_read += parse(&file, &err) == MR_OK;
            file.data[i / 8] ^= (unsigned char)(1 << i % 8);
        }
        for (int i = 0; i < 3000; i++) {
            struct bytes copy = {.data = malloc(file.n), .n = file.n};

            memcpy(copy.data, file.data, file.n);
            for (int k = 0; k < 2 + i % 4; k++)
                copy.data[mr_rng_below(&rng, file.n)] = (unsigned char)mr_rng_below(&rng, 256);
            n_read += parse(&copy, &err) == MR_OK;
            free(copy.data);
        }
        free(file.data);
    }
    assert_in_range(n_read, 1, 60000); /* padding and dates are nobody's */
}

/* The checksum would hide the pickle from chance: here it fits whatever became of the pickle. */
static void survives_mutations_of_the_pickle_itself(void **state)
{
    static const char pickle[] =
        PROTO "}(X\5\0\0\0epochK\3X\5\0\0\0model" DICT "(" NAME_A TENSOR NAME_B PARAMETER
              "(" VIEW("\4", "\1", "K\1K\2\x86", "K\2K\1\x86") "\x88" DICT "tRuX\1\0\0\0o]q\1(K"
                                                               "\1M\1\1G12345678Neu.";
    struct mr_rng rng = mr_rng_make(2, 0, 0, 0);
    struct bytes copy = {.data = malloc(sizeof pickle), .n = sizeof pickle - 1};
    struct mr_error err;
    int n_read = 0;

    for (int i = 0; i < 60000; i++) {
        struct bytes file;

        memcpy(copy.data, pickle, copy.n);
        for (int k = 0; k < i % 4; k++)
            copy.data[mr_rng_below(&rng, copy.n)] = (unsigned char)mr_rng_below(&rng, 256);
        file = make_torch_file(copy.data, copy.n - (i % 8 == 7 ? mr_rng_below(&rng, copy.n) : 0));
        n_read += parse(&file, &err) == MR_OK;
        free(file.data);
    }
    free(copy.data);
    assert_in_range(n_read, 15000, 30000); /* a quarter is whole, and some changes do not matter */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_value_that_pytorch_wrote),
        cmocka_unit_test(finds_the_model_in_a_training_checkpoint),
        cmocka_unit_test(reads_the_same_through_the_sandbox),
        cmocka_unit_test(reads_many_tensors_through_the_sandbox),
        cmocka_unit_test(says_what_to_do_instead_of_modules_and_old_files),
        cmocka_unit_test(distrusts_the_decoder),
        cmocka_unit_test(reads_a_pickle_made_by_hand),
        cmocka_unit_test(refuses_each_wrong_pickle_in_a_sentence),
        cmocka_unit_test(limits_steps_stack_and_what_is_made_of_little),
        cmocka_unit_test(refuses_each_wrong_archive_in_a_sentence),
        cmocka_unit_test(refuses_parts_that_overlap),
        cmocka_unit_test(survives_every_truncation_and_many_mutations),
        cmocka_unit_test(survives_mutations_of_the_pickle_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
