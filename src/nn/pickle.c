/* SPDX-License-Identifier: MIT */
/*
 * The machine of pickle: a stack, marks in it, a memo. Values and the nodes that list their items
 * are kept in two growing arrays and named by their place, so that nothing dangles; they are all
 * freed at once. No function here calls itself, whatever the nesting. Python's pickletools.py says
 * what each opcode does.
 */
#include "pickle.h"

#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>

#define STEPS_MAX 1000000
#define STACK_MAX 65536
#define MEMO_MAX  65536
#define DEPTH_MAX 64 /* of nesting, and of marks */

/* An item in a list of items. */
struct node {
    uint32_t value, next;
};

struct mr_pickle {
    struct mr_pickle_value *values; /* owned */
    uint32_t n_values, values_cap;
    struct node *nodes; /* owned; 0 is none */
    uint32_t n_nodes, nodes_cap;
    uint32_t root;
};

struct machine {
    struct mr_pickle *pickle;
    const unsigned char *at, *end;
    struct mr_error *err;
    uint32_t *stack; /* owned: values */
    uint32_t n_stack;
    uint32_t *memo; /* owned: value + 1, or 0 */
    uint32_t marks[DEPTH_MAX];
    int n_marks;
    bool is_over;
};

static const struct {
    const char *module, *name;
} globals[] = {
#define X(name, module, text) [MR_PICKLE_##name] = {module, text},
    MR_PICKLE_GLOBAL_LIST(X)
#undef X
};

static enum mr_status refuse(const struct machine *m, const char *why)
{
    return mr_fail(m->err, MR_E_FORMAT, "its pickle %s", why);
}

static enum mr_status refuse_short(const struct machine *m)
{
    return refuse(m, "ends in the middle");
}

static enum mr_status refuse_types(const struct machine *m)
{
    return refuse(m, "contradicts itself: an opcode finds nothing it could be for");
}

/* ---- values ---- */

static struct mr_pickle_value *value_of(const struct machine *m, uint32_t v)
{
    return &m->pickle->values[v];
}

static uint32_t add_value(struct machine *m, struct mr_pickle_value value)
{
    struct mr_pickle *p = m->pickle;

    if (p->n_values == p->values_cap) {
        p->values_cap = p->values_cap ? 2 * p->values_cap : 1024;
        p->values = mr_xrealloc(p->values, p->values_cap, sizeof *p->values);
    }
    p->values[p->n_values] = value;
    return p->n_values++;
}

static uint32_t add_node(struct machine *m, uint32_t value)
{
    struct mr_pickle *p = m->pickle;

    if (p->n_nodes == p->nodes_cap) {
        p->nodes_cap = p->nodes_cap ? 2 * p->nodes_cap : 1024;
        p->nodes = mr_xrealloc(p->nodes, p->nodes_cap, sizeof *p->nodes);
    }
    if (!p->n_nodes)
        p->nodes[p->n_nodes++] = (struct node){0}; /* 0 means none */
    p->nodes[p->n_nodes] = (struct node){.value = value};
    return p->n_nodes++;
}

static enum mr_status add_item(struct machine *m, uint32_t container, uint32_t item)
{
    uint32_t node = add_node(m, item);
    struct mr_pickle_value *c = value_of(m, container);
    int depth = value_of(m, item)->depth + 1;

    if (depth > DEPTH_MAX)
        return refuse(m, "is nested too deep");
    if (depth > c->depth)
        c->depth = depth;
    if (c->n_items++)
        m->pickle->nodes[c->last].next = node;
    else
        c->first = node;
    c->last = node;
    return MR_OK;
}

/* ---- the stack ---- */

static enum mr_status push(struct machine *m, uint32_t v)
{
    if (m->n_stack == STACK_MAX)
        return refuse(m, "needs too big a stack");
    m->stack[m->n_stack++] = v;
    return MR_OK;
}

static enum mr_status push_new(struct machine *m, struct mr_pickle_value value)
{
    return push(m, add_value(m, value));
}

/* How many lie above the last mark: only these may be taken. */
static uint32_t n_above(const struct machine *m)
{
    return m->n_stack - (m->n_marks ? m->marks[m->n_marks - 1] : 0);
}

static bool pop(struct machine *m, uint32_t *v)
{
    if (!n_above(m))
        return false;
    *v = m->stack[--m->n_stack];
    return true;
}

/* The value on top, if it is of this kind. */
static bool find_top(const struct machine *m, enum mr_pickle_kind kind, uint32_t *v)
{
    if (!n_above(m))
        return false;
    *v = m->stack[m->n_stack - 1];
    return value_of(m, *v)->kind == kind;
}

/* Takes n from the top into the container, in the order in which they were pushed. */
static enum mr_status move_items(struct machine *m, uint32_t container, uint32_t n)
{
    enum mr_status st = MR_OK;

    for (uint32_t i = m->n_stack - n; i < m->n_stack && !st; i++)
        st = add_item(m, container, m->stack[i]);
    m->n_stack -= n;
    return st;
}

/* Removes the last mark: *n lie above it. */
static bool pop_mark(struct machine *m, uint32_t *n)
{
    if (!m->n_marks)
        return false;
    *n = n_above(m);
    m->n_marks--;
    return true;
}

/* ---- arguments ---- */

/* The next n bytes, or NULL. */
static const unsigned char *take(struct machine *m, size_t n)
{
    const unsigned char *p = m->at;

    if ((size_t)(m->end - p) < n)
        return NULL;
    m->at += n;
    return p;
}

/* A number of n bytes, the lowest first. */
static bool take_number(struct machine *m, size_t n, uint64_t *number)
{
    const unsigned char *p = take(m, n);

    *number = 0;
    for (size_t i = 0; p && i < n; i++)
        *number |= (uint64_t)p[i] << 8 * i;
    return p;
}

/* A line without its newline, or NULL. */
static const unsigned char *take_line(struct machine *m, size_t *n)
{
    const unsigned char *line = m->at;
    const unsigned char *newline = memchr(line, '\n', (size_t)(m->end - line));

    if (!newline)
        return NULL;
    *n = (size_t)(newline - line);
    m->at = newline + 1;
    return line;
}

/* ---- opcodes; arg is the table's ---- */

static enum mr_status run_proto(struct machine *m, int arg)
{
    uint64_t protocol;

    if (!take_number(m, 1, &protocol))
        return refuse_short(m);
    return protocol == 2 ? MR_OK : refuse(m, "is not of protocol 2, which torch.save writes");
}

static enum mr_status run_stop(struct machine *m, int arg)
{
    if (m->n_marks || m->n_stack != 1)
        return refuse_types(m);
    if (m->at != m->end)
        return refuse(m, "is followed by something");
    m->pickle->root = m->stack[0];
    m->is_over = true;
    return MR_OK;
}

static enum mr_status run_mark(struct machine *m, int arg)
{
    if (m->n_marks == DEPTH_MAX)
        return refuse(m, "is nested too deep");
    m->marks[m->n_marks++] = m->n_stack;
    return MR_OK;
}

/* Something empty, of kind arg. */
static enum mr_status run_empty(struct machine *m, int arg)
{
    return push_new(m, (struct mr_pickle_value){.kind = (enum mr_pickle_kind)arg});
}

static enum mr_status run_bool(struct machine *m, int arg)
{
    return push_new(m, (struct mr_pickle_value){.kind = MR_PICKLE_BOOL, .number = arg});
}

/* An unsigned integer of arg bytes; 4 bytes are signed. */
static enum mr_status run_int(struct machine *m, int arg)
{
    uint64_t number;

    if (!take_number(m, (size_t)arg, &number))
        return refuse_short(m);
    return push_new(m, (struct mr_pickle_value){.kind = MR_PICKLE_INT,
                                                .number = arg == 4 ? (int32_t)(uint32_t)number
                                                                   : (int64_t)number});
}

/* A length of one byte, and a signed integer of so many. */
static enum mr_status run_long(struct machine *m, int arg)
{
    uint64_t n, number;

    if (!take_number(m, 1, &n))
        return refuse_short(m);
    if (n > 8)
        return take(m, n) ? run_empty(m, MR_PICKLE_REAL) : refuse_short(m);
    if (!take_number(m, n, &number))
        return refuse_short(m);
    if (n && n < 8 && number >> (8 * n - 1))
        number |= UINT64_MAX << 8 * n;
    return push_new(m, (struct mr_pickle_value){.kind = MR_PICKLE_INT, .number = (int64_t)number});
}

static enum mr_status run_real(struct machine *m, int arg)
{
    return take(m, 8) ? run_empty(m, MR_PICKLE_REAL) : refuse_short(m);
}

static enum mr_status run_text(struct machine *m, int arg)
{
    struct mr_pickle_value value = {.kind = MR_PICKLE_TEXT};
    uint64_t n;

    if (!take_number(m, 4, &n) || !(value.text = take(m, n)))
        return refuse_short(m);
    value.n_text = n;
    return push_new(m, value);
}

/* arg of the topmost as a tuple. */
static enum mr_status make_tuple(struct machine *m, uint32_t n)
{
    uint32_t tuple;
    enum mr_status st;

    if (n > n_above(m))
        return refuse_types(m);
    tuple = add_value(m, (struct mr_pickle_value){.kind = MR_PICKLE_TUPLE});
    st = move_items(m, tuple, n);
    return st ? st : push(m, tuple);
}

static enum mr_status run_tuple_of(struct machine *m, int arg)
{
    return make_tuple(m, (uint32_t)arg);
}

static enum mr_status run_tuple(struct machine *m, int arg)
{
    uint32_t n;

    return pop_mark(m, &n) ? make_tuple(m, n) : refuse_types(m);
}

/* A list or dictionary, of kind arg & 15, takes the topmost arg >> 4, or all above the mark. */
#define ONE_ITEM  (1 << 4)
#define TWO_ITEMS (2 << 4)
static enum mr_status run_append(struct machine *m, int arg)
{
    enum mr_pickle_kind kind = (enum mr_pickle_kind)(arg & 15);
    uint32_t n = (uint32_t)arg >> 4, container;

    if (!n && !pop_mark(m, &n))
        return refuse_types(m);
    if (n >= n_above(m))
        return refuse_types(m);
    container = m->stack[m->n_stack - n - 1];
    if (value_of(m, container)->kind != kind || (kind == MR_PICKLE_DICT && n % 2))
        return refuse_types(m);
    return move_items(m, container, n);
}

/* Arguments of memo opcodes have arg bytes. */
static enum mr_status run_put(struct machine *m, int arg)
{
    uint64_t place;

    if (!take_number(m, (size_t)arg, &place))
        return refuse_short(m);
    if (place >= MEMO_MAX)
        return refuse(m, "remembers too much");
    if (!n_above(m))
        return refuse_types(m);
    m->memo[place] = m->stack[m->n_stack - 1] + 1;
    return MR_OK;
}

static enum mr_status run_get(struct machine *m, int arg)
{
    uint64_t place;

    if (!take_number(m, (size_t)arg, &place))
        return refuse_short(m);
    if (place >= MEMO_MAX || !m->memo[place])
        return refuse(m, "recalls what it never remembered");
    return push(m, m->memo[place] - 1);
}

static bool is_word(const char *word, const unsigned char *text, size_t n)
{
    return strlen(word) == n && !memcmp(word, text, n);
}

/* A name from outside in a sentence: as much as is bearable, and nothing that is not printable. */
static void make_shown(char out[64], const unsigned char *text, size_t n)
{
    size_t i = 0;

    for (; i < n && i < 63; i++)
        out[i] = text[i] >= 0x20 && text[i] < 0x7f ? (char)text[i] : '?';
    out[i] = '\0';
}

static enum mr_status run_global(struct machine *m, int arg)
{
    size_t n_module, n_name;
    const unsigned char *module = take_line(m, &n_module);
    const unsigned char *name = module ? take_line(m, &n_name) : NULL;
    char shown[2][64];

    if (!name)
        return refuse_short(m);
    for (int i = 0; i < MR_N_PICKLE_GLOBAL; i++)
        if (is_word(globals[i].module, module, n_module) && is_word(globals[i].name, name, n_name))
            return push_new(m, (struct mr_pickle_value){.kind = MR_PICKLE_GLOBAL, .number = i});
    make_shown(shown[0], module, n_module);
    make_shown(shown[1], name, n_name);
    return mr_fail(m->err, MR_E_FORMAT,
                   "it holds '%s.%s', which is not weights; write them alone with "
                   "torch.save(model.state_dict(), 'weights.pth')",
                   shown[0], shown[1]);
}

/* f(*args), with both on the stack. An ordered dictionary is a dictionary; all other calls are
 * kept as they are. */
static enum mr_status run_reduce(struct machine *m, int arg)
{
    uint32_t args, f;
    struct mr_pickle_value call;

    if (!find_top(m, MR_PICKLE_TUPLE, &args) || !pop(m, &args) ||
        !find_top(m, MR_PICKLE_GLOBAL, &f) || !pop(m, &f))
        return refuse_types(m);
    call = *value_of(m, args);
    call.number = value_of(m, f)->number;
    call.kind = call.number == MR_PICKLE_ORDERED_DICT ? MR_PICKLE_DICT : MR_PICKLE_CALL;
    if (call.kind == MR_PICKLE_DICT && call.n_items)
        return refuse_types(m);
    return push_new(m, call);
}

/* The attributes of a dictionary (torch keeps versions there) are dropped. */
static enum mr_status run_build(struct machine *m, int arg)
{
    uint32_t state, object;

    if (!find_top(m, MR_PICKLE_DICT, &state) || !pop(m, &state) ||
        !find_top(m, MR_PICKLE_DICT, &object))
        return refuse_types(m);
    return MR_OK;
}

static enum mr_status run_persistent(struct machine *m, int arg)
{
    struct mr_pickle_value value;
    uint32_t id;

    if (!find_top(m, MR_PICKLE_TUPLE, &id) || !pop(m, &id))
        return refuse_types(m);
    value = *value_of(m, id);
    value.kind = MR_PICKLE_PERSISTENT;
    return push_new(m, value);
}

static const struct {
    enum mr_status (*run)(struct machine *m, int arg);
    int arg;
} opcodes[256] = {
    [0x80] = {run_proto, 0},
    ['.'] = {run_stop, 0},
    ['('] = {run_mark, 0},
    ['N'] = {run_empty, MR_PICKLE_NONE},
    [0x88] = {run_bool, 1},
    [0x89] = {run_bool, 0},
    ['K'] = {run_int, 1},
    ['M'] = {run_int, 2},
    ['J'] = {run_int, 4},
    [0x8a] = {run_long, 0},
    ['G'] = {run_real, 0},
    ['X'] = {run_text, 0},
    [')'] = {run_empty, MR_PICKLE_TUPLE},
    [0x85] = {run_tuple_of, 1},
    [0x86] = {run_tuple_of, 2},
    [0x87] = {run_tuple_of, 3},
    ['t'] = {run_tuple, 0},
    [']'] = {run_empty, MR_PICKLE_LIST},
    ['a'] = {run_append, MR_PICKLE_LIST | ONE_ITEM},
    ['e'] = {run_append, MR_PICKLE_LIST},
    ['}'] = {run_empty, MR_PICKLE_DICT},
    ['s'] = {run_append, MR_PICKLE_DICT | TWO_ITEMS},
    ['u'] = {run_append, MR_PICKLE_DICT},
    ['q'] = {run_put, 1},
    ['r'] = {run_put, 4},
    ['h'] = {run_get, 1},
    ['j'] = {run_get, 4},
    ['c'] = {run_global, 0},
    ['R'] = {run_reduce, 0},
    ['b'] = {run_build, 0},
    ['Q'] = {run_persistent, 0},
};

static enum mr_status run(struct machine *m)
{
    for (int step = 0; !m->is_over; step++) {
        const unsigned char *code = take(m, 1);
        enum mr_status st;

        if (!code)
            return refuse_short(m);
        if (step == STEPS_MAX)
            return refuse(m, "takes too many steps");
        if (!opcodes[*code].run)
            return mr_fail(m->err, MR_E_FORMAT,
                           "its pickle uses opcode 0x%02x, which weights do not need; write them "
                           "alone with torch.save(model.state_dict(), 'weights.pth')",
                           *code);
        st = opcodes[*code].run(m, opcodes[*code].arg);
        if (st)
            return st;
    }
    return MR_OK;
}

enum mr_status mr_pickle_parse(struct mr_pickle **pickle, const unsigned char *data, size_t n,
                               struct mr_error *err)
{
    struct mr_pickle *made = mr_xalloc(1, sizeof *made);
    struct machine m = {.pickle = made, .at = data, .end = data + n, .err = err};
    enum mr_status st;

    m.stack = mr_xalloc(STACK_MAX, sizeof *m.stack);
    m.memo = mr_xalloc(MEMO_MAX, sizeof *m.memo);
    st = run(&m);
    free(m.stack);
    free(m.memo);
    if (st)
        mr_pickle_destroy(made);
    else
        *pickle = made;
    return st;
}

void mr_pickle_destroy(struct mr_pickle *pickle)
{
    if (!pickle)
        return;
    free(pickle->values);
    free(pickle->nodes);
    free(pickle);
}

const struct mr_pickle_value *mr_pickle_root(const struct mr_pickle *pickle)
{
    return &pickle->values[pickle->root];
}

struct mr_pickle_items mr_pickle_items(const struct mr_pickle_value *value)
{
    return (struct mr_pickle_items){value->first};
}

const struct mr_pickle_value *mr_pickle_next(const struct mr_pickle *pickle,
                                             struct mr_pickle_items *items)
{
    const struct node *node;

    if (!items->node)
        return NULL;
    node = &pickle->nodes[items->node];
    items->node = node->next;
    return &pickle->values[node->value];
}

bool mr_pickle_is_text(const struct mr_pickle_value *value, const char *text)
{
    return value->kind == MR_PICKLE_TEXT && is_word(text, value->text, value->n_text);
}
