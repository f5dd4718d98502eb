/* SPDX-License-Identifier: MIT */
/* The parser of the command line, and its help. GNU long options; values as "--name value" or
 * "--name=value". */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <misread/base/alloc.h>
#include <misread/base/file.h>

static const struct mr_option *find_option(const struct mr_command *command, const char *name,
                                           size_t n)
{
    for (const struct mr_option *const *group = command->groups; *group; group++)
        for (const struct mr_option *o = *group; o->name; o++)
            if (strlen(o->name) == n && !strncmp(o->name, name, n))
                return o;
    return NULL;
}

static bool takes(const struct mr_command *command, const struct mr_train_option *option)
{
    return command->takes == MR_TAKES_TRAINING ||
           (command->takes == MR_TAKES_NETWORK && option->is_of_a_network);
}

static const struct mr_train_option *find_train_option(const struct mr_command *command,
                                                       const char *name, size_t n)
{
    const struct mr_train_option *option = mr_train_option_find(name, n);

    return option && takes(command, option) ? option : NULL;
}

static uint64_t bit_of(const struct mr_train_option *option)
{
    int n;

    return (uint64_t)1 << (option - mr_train_option_table(&n));
}

bool mr_args_gave(const struct mr_args *args, const char *flag)
{
    return args->train_given & bit_of(mr_train_option_find(flag, strlen(flag)));
}

static const struct mr_command *find_command(const char *name)
{
    for (const struct mr_command *c = mr_commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

/* Is value one of the words of "a|b|c"? */
static bool is_choice(const char *words, const char *value)
{
    size_t n = strlen(value);

    for (const char *w = words; w; w = strchr(w, '|') ? strchr(w, '|') + 1 : NULL)
        if (n && !strncmp(w, value, n) && (w[n] == '|' || w[n] == '\0'))
            return true;
    return false;
}

static enum mr_status set_number(const struct mr_option *option, void *field, const char *value,
                                 struct mr_error *err)
{
    char *end;
    double number;

    errno = 0;
    number = strtod(value, &end);
    if (end == value || *end || errno || !(number >= option->min && number <= option->max) ||
        (option->kind == MR_OPTION_INT && number != (double)(int)number))
        return mr_fail(err, MR_E_USAGE, "cannot use '%s' for --%s: it takes %s from %g to %g",
                       value, option->name,
                       option->kind == MR_OPTION_INT ? "a whole number" : "a number", option->min,
                       option->max);
    if (option->kind == MR_OPTION_INT)
        *(int *)field = (int)number;
    else
        *(double *)field = number;
    return MR_OK;
}

/* A flag without a value is set; in the file and the environment it may say yes or no. */
static enum mr_status set_flag(const struct mr_option *option, bool *field, const char *value,
                               struct mr_error *err)
{
    if (value && !is_choice("1|0|yes|no|true|false|on|off", value))
        return mr_fail(err, MR_E_USAGE, "cannot use '%s' for %s: it is yes or no", value,
                       option->name);
    *field = !value || is_choice("1|yes|true|on", value);
    return MR_OK;
}

static enum mr_status set_option(struct mr_args *args, const struct mr_option *option,
                                 const char *value, struct mr_error *err)
{
    void *field = (char *)args + option->offset;

    switch (option->kind) {
    case MR_OPTION_FLAG:
        return set_flag(option, field, value, err);
    case MR_OPTION_CHOICE:
        if (!is_choice(option->arg, value))
            return mr_fail(err, MR_E_USAGE, "cannot use '%s' for --%s: it takes one of %s", value,
                           option->name, option->arg);
        *(const char **)field = value;
        return MR_OK;
    case MR_OPTION_TEXT:
        *(const char **)field = value;
        return MR_OK;
    case MR_OPTION_INT:
    case MR_OPTION_REAL:
        break;
    }
    return set_number(option, field, value, err);
}

static enum mr_status set_train_option(struct mr_args *args, const struct mr_train_option *option,
                                       const char *value, struct mr_error *err)
{
    args->train_given |= bit_of(option);
    return mr_train_option_read(&args->train, option, value, err);
}

/* --help and --version are asked on the command line only. */
static bool is_question(const struct mr_option *option)
{
    return !strcmp(option->name, "help") || !strcmp(option->name, "version");
}

/* "name = value" lines; a line that names an option of another command is passed over. */
static enum mr_status read_file(struct mr_args *args, const struct mr_command *command,
                                struct mr_error *err)
{
    const char *home = getenv("XDG_CONFIG_HOME");
    char *path = home && *home ? mr_xasprintf("%s/misread/config", home)
                               : mr_xasprintf("%s/.config/misread/config",
                                              getenv("HOME") ? getenv("HOME") : "");
    unsigned char *text = NULL;
    size_t n;
    enum mr_status st = MR_OK;

    if (mr_path_exists(path))
        st = mr_file_read(path, 1 << 16, &text, &n, err);
    free(path);
    if (st || !text)
        return st;
    /* Values point into text, which therefore lives as long as the program. */
    for (char *line = strtok((char *)text, "\n"); line && !st; line = strtok(NULL, "\n")) {
        char *value = strchr(line, '=');
        size_t len;
        const struct mr_option *option;
        const struct mr_train_option *train_option;

        while (isspace((unsigned char)*line))
            line++;
        if (*line == '#' || !value)
            continue;
        len = (size_t)(value - line);
        while (len && isspace((unsigned char)line[len - 1]))
            len--;
        for (value++; isspace((unsigned char)*value);)
            value++;
        for (char *end = value + strlen(value); end > value && isspace((unsigned char)end[-1]);)
            *--end = '\0';
        option = find_option(command, line, len);
        train_option = find_train_option(command, line, len);
        if (train_option)
            st = set_train_option(args, train_option, value, err);
        else if (option && !is_question(option))
            st = set_option(args, option, value, err);
    }
    return st;
}

/* MISREAD_GROUP_RE for --group-re; NULL if there is none or it is empty. */
static const char *in_environment(const char *option)
{
    char name[64] = "MISREAD_";
    size_t n = strlen(name);
    const char *value;

    for (const char *p = option; *p && n < sizeof name - 1; p++)
        name[n++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    name[n] = '\0';
    value = getenv(name);
    return value && *value ? value : NULL;
}

static enum mr_status read_environment(struct mr_args *args, const struct mr_command *command,
                                       struct mr_error *err)
{
    int n;
    const struct mr_train_option *table = mr_train_option_table(&n);
    enum mr_status st = MR_OK;

    for (const struct mr_option *const *group = command->groups; *group; group++)
        for (const struct mr_option *o = *group; o->name && !st; o++)
            if (!is_question(o) && in_environment(o->name))
                st = set_option(args, o, in_environment(o->name), err);
    for (int i = 0; i < n && !st; i++)
        if (takes(command, &table[i]) && in_environment(table[i].flag))
            st = set_train_option(args, &table[i], in_environment(table[i].flag), err);
    return st;
}

/* The value behind an option's name: after the equals sign, or the next word. NULL: there is none.
 */
static const char *value_of(int argc, char **argv, int *i, const char *equals)
{
    if (equals)
        return equals + 1;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

static enum mr_status read_option(const struct mr_command *command, struct mr_args *args, int argc,
                                  char **argv, int *i, struct mr_error *err)
{
    const char *text = argv[*i], *value;
    const char *name = text[1] == '-' ? text + 2 : !strcmp(text, "-h") ? "help" : text + 1;
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct mr_option *option = find_option(command, name, n);
    const struct mr_train_option *train_option = find_train_option(command, name, n);

    if (!option && !train_option)
        return mr_fail(err, MR_E_USAGE, "unknown option '%s': see 'misread %s%s--help'", text,
                       command == mr_commands ? "" : command->name,
                       command == mr_commands ? "" : " ");
    if (option && option->kind == MR_OPTION_FLAG)
        return equals ? mr_fail(err, MR_E_USAGE, "--%s takes no value", option->name)
                      : set_option(args, option, NULL, err);
    value = value_of(argc, argv, i, equals);
    if (!value)
        return mr_fail(err, MR_E_USAGE, "--%.*s needs a value (%s)", (int)n, name,
                       option ? option->arg : train_option->value);
    return option ? set_option(args, option, value, err)
                  : set_train_option(args, train_option, value, err);
}

/* What is taken for a data folder because it is no command, and is neither. */
static enum mr_status check_word(const struct mr_args *args, struct mr_error *err)
{
    const char *word = args->n_rest ? args->rest[0] : NULL;

    if (!word || strchr(word, '/') || mr_path_exists(word))
        return MR_OK;
    return mr_fail(err, MR_E_USAGE,
                   "there is no command and no data folder '%s': 'misread --help' lists the "
                   "commands",
                   word);
}

static enum mr_status refuse_extra(const struct mr_command *command, const struct mr_args *args,
                                   const char *extra, struct mr_error *err)
{
    enum mr_status st = command == mr_commands ? check_word(args, err) : MR_OK;

    if (st)
        return st;
    return mr_fail(err, MR_E_USAGE, "'%s' is one argument too many: see 'misread %s--help'", extra,
                   command == mr_commands ? "" : "COMMAND ");
}

enum mr_status mr_cli_parse(int argc, char **argv, const struct mr_command **command,
                            struct mr_args *args, struct mr_error *err)
{
    const struct mr_command *c = argc > 1 ? find_command(argv[1]) : NULL;
    int i = c && c != mr_commands ? 2 : 1;
    bool only_rest = false;
    enum mr_status st;

    if (!c || c == mr_commands)
        c = mr_commands;
    *command = c;
    args->train = mr_train_defaults();
    st = read_file(args, c, err);
    if (!st)
        st = read_environment(args, c, err);
    for (; i < argc && !st; i++) {
        if (!only_rest && !strcmp(argv[i], "--"))
            only_rest = true;
        else if (!only_rest && argv[i][0] == '-' && argv[i][1])
            st = read_option(c, args, argc, argv, &i, err);
        else if (args->n_rest >= c->max_rest || args->n_rest >= MR_ARGS_MAX_REST)
            st = refuse_extra(c, args, argv[i], err);
        else
            args->rest[args->n_rest++] = argv[i];
    }
    if (!st && c == mr_commands && !args->help && !args->version)
        st = check_word(args, err);
    if (!st && args->n_rest < c->min_rest && !args->help && !args->version)
        st = mr_fail(err, MR_E_USAGE, "'misread %s' needs %s: see 'misread %s --help'", c->name,
                     c->rest, c->name);
    return st;
}

/* What an option is taken to be where it is not given; nothing if that takes words. */
static void print_default(FILE *out, const struct mr_option *option, const struct mr_args *args)
{
    const void *field = (const char *)args + option->offset;

    switch (option->kind) {
    case MR_OPTION_FLAG:
        break;
    case MR_OPTION_INT:
        if (*(const int *)field >= option->min)
            fprintf(out, " (%d)", *(const int *)field);
        break;
    case MR_OPTION_REAL:
        if (*(const double *)field >= option->min)
            fprintf(out, " (%g)", *(const double *)field);
        break;
    case MR_OPTION_TEXT:
    case MR_OPTION_CHOICE:
        if (*(const char *const *)field)
            fprintf(out, " (%s)", *(const char *const *)field);
        break;
    }
}

/* A line of the help up to where its default would stand. */
static void print_option(FILE *out, const char *name, const char *value, const char *help)
{
    char left[96];

    snprintf(left, sizeof left, "--%s%s%s", name, value ? " " : "", value ? value : "");
    fprintf(out, strlen(left) <= 26 ? "  %-26s %s" : "  %s\n                             %s", left,
            help);
}

static void print_train_options(FILE *out, const struct mr_command *command,
                                const struct mr_args *defaults)
{
    int n;
    const struct mr_train_option *table = mr_train_option_table(&n);
    char text[sizeof defaults->train.weights];

    for (int i = 0; i < n; i++) {
        if (!takes(command, &table[i]))
            continue;
        print_option(out, table[i].flag, table[i].value, table[i].help);
        mr_train_option_write(text, sizeof text, &defaults->train, &table[i]);
        if (*text && command->takes == MR_TAKES_TRAINING)
            fprintf(out, " (%s)", text);
        fputc('\n', out);
    }
}

static void print_options(FILE *out, const struct mr_command *command)
{
    struct mr_args defaults = {.train = mr_train_defaults()};

    if (command->fill_in)
        command->fill_in(&defaults);
    fprintf(out, "\noptions:\n");
    print_train_options(out, command, &defaults);
    for (const struct mr_option *const *group = command->groups; *group; group++) {
        for (const struct mr_option *o = *group; o->name; o++) {
            print_option(out, o->name, o->arg, o->help);
            print_default(out, o, &defaults);
            fputc('\n', out);
        }
    }
}

void mr_cli_help(FILE *out, const struct mr_command *command)
{
    bool is_explorer = command == mr_commands;

    fprintf(out, "usage: misread %s%s[options] %s\n\n%s\n", is_explorer ? "" : command->name,
            is_explorer ? "" : " ", command->rest, command->summary);
    if (command->details)
        fprintf(out, "\n%s", command->details);
    if (is_explorer) {
        fprintf(out, "\ncommands (each has its own --help):\n");
        for (const struct mr_command *c = mr_commands + 1; c->name; c++)
            fprintf(out, "  %-8s %s\n", c->name, c->summary);
    }
    print_options(out, command);
    fprintf(out, "\nexamples:\n%s", command->examples);
    if (is_explorer)
        fprintf(out, "\nFor research and education, not for diagnosis.\n");
}
