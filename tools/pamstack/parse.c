/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "tools/pamstack/lex.h"
#include "tools/pamstack/pamstack.h"

#define FILE_LIMIT (1024 * 1024)	/* a service file has a page or two */
#define NAMELESS "<*unknown module*>"	/* libpam's word */
#define ANY PAMSTACK_TYPES

/* State while a service is read. */
struct parse {
	const struct pamstack_source *source;
	struct pamstack *stack;
	struct pamstack_list *lists;	/* own or other */
	unsigned int depth;		/* of includes */
	bool no_memory;
};

/* One file of it. */
struct place {
	const char *path;
	unsigned int lineno;
	enum pamstack_type wanted;	/* or ANY */
	unsigned int level;
};

static const char *const type_names[PAMSTACK_TYPES] = { "auth", "account", "password", "session" };

const char *
pamstack_type_name(enum pamstack_type type)
{
	return type < PAMSTACK_TYPES ? type_names[type] : "?";
}

struct pamstack_source
pamstack_machine(void)
{
	/* The directories of Debian's libpam, as strings(1) and strace(1) show. */
	static const char *const dirs[] = { "/etc/pam.d", "/usr/lib/pam.d", NULL };
	static const char *const module_dirs[] = {
		PAMDIR, "/lib/*/security", "/lib/security", "/lib64/security", "/usr/lib/*/security",
		"/usr/lib/security", "/usr/lib64/security", NULL
	};
	bool debian = access("/etc/debian_version", F_OK) == 0;

	return (struct pamstack_source){
		.dirs = dirs, .module_dirs = module_dirs,
		.flavour = debian ? PAMSTACK_DEBIAN : PAMSTACK_UPSTREAM,
#ifdef HAVE_LIBPAM_1_6
		.lines = PAMSTACK_LINES_1_6
#else
		.lines = PAMSTACK_LINES_1_5
#endif
	};
}

/* ---- files ---- */

static char *
join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* The replacement for a path in dirs[0], or NULL. */
static const struct pamstack_file *
replacement(const struct pamstack_source *source, const char *path)
{
	size_t len = strlen(source->dirs[0]);

	if (strncmp(path, source->dirs[0], len) != 0 || path[len] != '/')
		return NULL;
	for (size_t i = 0; i < source->replaced_count; i++)
		if (strcmp(source->replaced[i].name, path + len + 1) == 0)
			return &source->replaced[i];
	return NULL;
}

static bool
read_whole(int fd, char *to, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, to + len, size - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
	}
	return true;
}

/* A directory counts as an empty file: fopen(3) opens it and fgets(3) reads nothing. */
static bool
read_file(struct parse *parse, const char *path, char **ret, size_t *ret_len)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	size_t len;

	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode) && (!S_ISREG(st.st_mode) || st.st_size > FILE_LIMIT))
		return false;
	len = S_ISDIR(st.st_mode) ? 0 : (size_t)st.st_size;
	*ret = malloc(len + 1);
	if (*ret == NULL) {
		parse->no_memory = true;
		return false;
	}
	*ret_len = len;
	if (read_whole(fd, *ret, len))
		return true;
	free(*ret);
	return false;
}

static bool
open_path(struct parse *parse, const char *path, char **ret, size_t *ret_len)
{
	const struct pamstack_file *file = replacement(parse->source, path);

	if (file == NULL)
		return read_file(parse, path, ret, ret_len);
	if (file->text == NULL)
		return false;
	*ret_len = strlen(file->text);
	*ret = strdup(file->text);
	parse->no_memory |= *ret == NULL;
	return *ret != NULL;
}

/* The first directory that has it. */
static bool
open_in_dirs(struct parse *parse, const char *name, size_t dirs, char **ret_path, char **ret,
    size_t *ret_len)
{
	for (size_t i = 0; i < dirs && parse->source->dirs[i] != NULL; i++) {
		char *path = join(parse->source->dirs[i], name);

		if (path == NULL) {
			parse->no_memory = true;
			return false;
		}
		if (open_path(parse, path, ret, ret_len)) {
			*ret_path = path;
			return true;
		}
		free(path);
	}
	return false;
}

static bool
open_include(struct parse *parse, const char *name, char **ret_path, char **ret, size_t *ret_len)
{
	if (name[0] != '/')
		return open_in_dirs(parse, name, parse->source->flavour == PAMSTACK_DEBIAN ? 1 : SIZE_MAX,
		    ret_path, ret, ret_len);
	if (!open_path(parse, name, ret, ret_len))
		return false;
	*ret_path = strdup(name);
	if (*ret_path != NULL)
		return true;
	parse->no_memory = true;
	free(*ret);
	return false;
}

/* ---- lines ---- */

static void
line_done(struct pamstack_line *line)
{
	for (size_t i = 0; i < line->argc; i++)
		free(line->args[i]);
	free(line->args);
	free(line->control);
	free(line->path);
	free(line->module);
	free(line->file);
}

static char *
copy_text(struct parse *parse, const char *text)
{
	char *to = strdup(text);

	parse->no_memory |= to == NULL;
	return to;
}

/* The rest of the file could not be read: record the place of the first such fault. */
static bool
give_up(struct parse *parse, const struct place *at, enum pamstack_fault fault)
{
	struct pamstack *stack = parse->stack;

	if (stack->fault == PAMSTACK_SOUND) {
		stack->fault = fault;
		stack->fault_file = copy_text(parse, at->path);
		stack->fault_line = at->lineno;
	}
	return false;
}

/* "pam_unix" of "/lib/security/pam_unix.so". */
static char *
module_name(struct parse *parse, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = copy_text(parse, slash != NULL ? slash + 1 : path);
	char *dot = name != NULL ? strrchr(name, '.') : NULL;

	if (dot != NULL)
		*dot = '\0';
	return name;
}

static bool
file_is_there(const struct pamstack_source *source, const char *path)
{
	if (path[0] == '/')
		return access(path, F_OK) == 0 || strstr(path, "$ISA") != NULL;
	for (size_t i = 0; source->module_dirs[i] != NULL; i++) {
		_cleanup_(freep) char *full = join(source->module_dirs[i], path);

		glob_t found = { 0 };
		bool there = full == NULL || glob(full, GLOB_NOSORT, NULL, &found) == 0;

		globfree(&found);
		if (there)
			return true;
	}
	return false;
}

static bool
append(struct parse *parse, struct pamstack_line *line)
{
	struct pamstack_list *list = &parse->lists[line->type];
	struct pamstack_line *grown = reallocarray(list->lines, list->count + 1, sizeof *grown);

	if (grown == NULL) {
		parse->no_memory = true;
		return false;
	}
	list->lines = grown;
	list->lines[list->count++] = *line;
	return true;
}

static bool
take_args(struct parse *parse, char *rest, struct pamstack_line *line)
{
	char *word;

	while ((word = lex_word(&rest)) != NULL) {
		char **grown = reallocarray(line->args, line->argc + 2, sizeof *grown);

		if (grown == NULL) {
			parse->no_memory = true;
			return false;
		}
		line->args = grown;
		line->args[line->argc + 1] = NULL;
		line->args[line->argc] = copy_text(parse, word);
		if (line->args[line->argc] == NULL)
			return false;
		line->argc++;
	}
	return true;
}

/* Completes a line and appends it, or frees it. control, path and rest stay the caller's. */
static bool
add_line(struct parse *parse, const struct place *at, struct pamstack_line *line, const char *control,
    const char *path, char *rest)
{
	const struct pamstack_source *source = parse->source;
	bool ok;

	line->file = copy_text(parse, at->path);
	line->lineno = at->lineno;
	line->level = at->level;
	line->control = copy_text(parse, control);
	line->path = path != NULL ? copy_text(parse, path) : NULL;
	line->module = module_name(parse, path != NULL ? path : NAMELESS);
	line->missing = line->kind == PAMSTACK_MODULE && path != NULL && source->module_dirs != NULL &&
	    !file_is_there(source, path);
	ok = take_args(parse, rest, line) && !parse->no_memory;
	if (ok && (line->module[0] == '\0' || strcmp(line->module, "?") == 0)) {
		/* In an included file libpam continues with a name that is NULL, and crashes. */
		parse->stack->broken = true;
		ok = give_up(parse, at, PAMSTACK_NAMELESS);
	}
	if (!ok || !append(parse, line)) {
		line_done(line);
		return false;
	}
	return true;
}

static bool parse_text(struct parse *parse, const char *path, const char *text, size_t len,
    enum pamstack_type wanted, unsigned int level);

/* Whether all of it was read; lines before a fault are kept. */
static bool
include(struct parse *parse, const char *name, enum pamstack_type type, unsigned int level)
{
	_cleanup_(freep) char *path = NULL;
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	bool ok;

	if (name == NULL || level >= PAMSTACK_LEVELS || parse->depth >= PAMSTACK_LEVELS ||
	    !open_include(parse, name, &path, &text, &len))
		return false;
	parse->depth++;
	ok = parse_text(parse, path, text, len, type, level);
	parse->depth--;
	return ok;
}

static void
faulty(struct pamstack_line *line, enum pamstack_fault fault)
{
	line->kind = PAMSTACK_FAULTY;
	if (line->fault == PAMSTACK_SOUND)
		line->fault = fault;
}

/* Whether the word is "@include"; otherwise stores its type in the line. */
static bool
is_include(const struct parse *parse, const struct place *at, const char *word,
    struct pamstack_line *line)
{
	if (word != NULL && word[0] == '-') {
		line->quiet = true;
		word++;
	}
	if (word != NULL && strcasecmp(word, "@include") == 0 &&
	    parse->source->flavour == PAMSTACK_DEBIAN) {
		line->type = at->wanted;
		return true;
	}
	for (line->type = 0; line->type < PAMSTACK_TYPES; line->type++)
		if (word != NULL && strcasecmp(word, type_names[line->type]) == 0)
			return false;
	line->type = at->wanted == ANY ? PAMSTACK_AUTH : at->wanted;	/* where it matters most */
	faulty(line, PAMSTACK_NO_TYPE);
	return false;
}

/* Adds the lines of another file, or one that refuses in their place. */
static bool
take_include(struct parse *parse, const struct place *at, struct pamstack_line *line,
    const char *control, const char *name)
{
	bool substack = strcasecmp(control, "substack") == 0;

	for (int i = 0; i < PAMSTACK_CODES; i++)
		line->action[i] = PAMSTACK_BAD;
	if (name == NULL && parse->source->flavour == PAMSTACK_DEBIAN) {
		parse->stack->broken = true;
		return give_up(parse, at, PAMSTACK_CRASH);
	}
	if (substack) {
		struct pamstack_line head = { .type = line->type, .kind = PAMSTACK_SUBSTACK };

		if (!add_line(parse, at, &head, control, name, NULL))
			return false;
	}
	if (include(parse, name, line->type, at->level + substack))
		return true;
	if (parse->no_memory || parse->stack->broken)
		return false;
	if (line->type == ANY)	/* libpam cannot assign the refusal to a type */
		return give_up(parse, at, PAMSTACK_NO_INCLUDE);
	line->fault = PAMSTACK_SOUND;	/* this one matters more than an unknown type */
	faulty(line, PAMSTACK_NO_INCLUDE);
	return add_line(parse, at, line, control, name, NULL);
}

/* The word as written in the line, with its brackets. */
static char *
as_written(struct parse *parse, const char *line, const char *word)
{
	char *text;

	if (word == NULL)
		return copy_text(parse, "");
	if (word == line || word[-1] != '[')
		return copy_text(parse, word);
	if (asprintf(&text, "[%s]", word) >= 0)
		return text;
	parse->no_memory = true;
	return NULL;
}

static bool
parse_line(struct parse *parse, const struct place *at, char *text)
{
	struct pamstack_line line = { .kind = PAMSTACK_MODULE };
	_cleanup_(freep) char *control = NULL;
	char *rest = text, *word, *path;

	if (is_include(parse, at, lex_word(&rest), &line))
		return take_include(parse, at, &line, "@include", lex_word(&rest));
	if (at->wanted != ANY && line.type != at->wanted)
		return true;
	word = lex_word(&rest);
	control = as_written(parse, text, word);
	if (control == NULL)
		return false;
	path = lex_word(&rest);
	if (word != NULL && (strcasecmp(word, "include") == 0 || strcasecmp(word, "substack") == 0))
		return take_include(parse, at, &line, word, path);
	if (!lex_control(word != NULL ? word : "", line.action) && line.fault == PAMSTACK_SOUND)
		line.fault = PAMSTACK_BAD_CONTROL;
	if (word == NULL)
		faulty(&line, PAMSTACK_NO_CONTROL);
	else if (path == NULL)
		faulty(&line, PAMSTACK_NO_MODULE);
	return add_line(parse, at, &line, control, path, rest);
}

static bool
parse_text(struct parse *parse, const char *path, const char *text, size_t len,
    enum pamstack_type wanted, unsigned int level)
{
	struct lex_text left = { .p = text, .left = len, .lineno = 1, .rule = parse->source->lines };
	struct place at = { .path = path, .wanted = wanted, .level = level };
	_cleanup_(freep) char *line = malloc(lex_line_size(&left));
	int more;

	if (line == NULL) {
		parse->no_memory = true;
		return false;
	}
	while ((more = lex_line(&left, line, &at.lineno)) > 0)
		if (!parse_line(parse, &at, line))
			return false;
	if (more == 0)
		return true;
	at.lineno = left.lineno;
	return give_up(parse, &at, PAMSTACK_UNREADABLE);
}

/* ---- services ---- */

/*
 * Reads one service into its lists; *ret_found: there is a file. False: libpam gives up, or out of memory.
 */
static bool
parse_service(struct parse *parse, const char *service, char **ret_file)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;

	if (!open_in_dirs(parse, service, SIZE_MAX, ret_file, &text, &len))
		return !parse->no_memory;
	return parse_text(parse, *ret_file, text, len, ANY, 0);
}

/* Both files count: libpam also gives up if only "other" is faulty, or if neither exists. */
static bool
parse_both(struct parse *parse, struct pamstack *stack)
{
	_cleanup_(freep) char *other = NULL;

	/* "other" itself is read twice, and all of its lines appear twice. */
	parse->lists = strcmp(stack->service, "other") == 0 ? stack->other : stack->own;
	if (!parse_service(parse, stack->service, &stack->file))
		return false;
	parse->lists = stack->other;
	if (!parse_service(parse, "other", &other))
		return false;
	return stack->file != NULL || other != NULL;
}

bool
pamstack_load(const struct pamstack_source *source, const char *service, struct pamstack *ret)
{
	const char *slash = strrchr(service, '/');
	struct pamstack stack = { 0 };
	struct parse parse = { .source = source, .stack = &stack };

	*ret = (struct pamstack){ 0 };
	stack.service = copy_text(&parse, slash != NULL ? slash + 1 : service);
	if (stack.service == NULL)
		return false;
	for (char *p = stack.service; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	stack.broken = !parse_both(&parse, &stack) || stack.broken;
	if (parse.no_memory) {
		pamstack_done(&stack);
		return false;
	}
	*ret = stack;
	return true;
}

static void
list_done(struct pamstack_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		line_done(&list->lines[i]);
	free(list->lines);
}

void
pamstack_done(struct pamstack *stack)
{
	for (int type = 0; type < PAMSTACK_TYPES; type++) {
		list_done(&stack->own[type]);
		list_done(&stack->other[type]);
	}
	free(stack->service);
	free(stack->file);
	free(stack->fault_file);
	*stack = (struct pamstack){ 0 };
}

const struct pamstack_list *
pamstack_list(const struct pamstack *stack, enum pamstack_type type)
{
	return stack->own[type].count > 0 ? &stack->own[type] : &stack->other[type];
}

bool
pamstack_has_arg(const struct pamstack_line *line, const char *arg)
{
	for (size_t i = 0; i < line->argc; i++)
		if (strcmp(line->args[i], arg) == 0)
			return true;
	return false;
}

/* ---- the services of a machine ---- */

struct names {
	char **v;
	size_t count;
};

static bool
add_name(struct names *names, const char *name)
{
	char **grown;

	if (strpbrk(name, ".~#") != NULL)
		return true;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	grown = reallocarray(names->v, names->count + 2, sizeof *grown);
	if (grown == NULL)
		return false;
	names->v = grown;
	names->v[names->count] = strdup(name);
	if (names->v[names->count] == NULL)
		return false;
	names->v[++names->count] = NULL;
	return true;
}

/* A file that is replaced by nothing does not exist. */
static bool
is_gone(const struct pamstack_source *source, const char *dir, const char *name)
{
	if (dir != source->dirs[0])
		return false;
	for (size_t i = 0; i < source->replaced_count; i++)
		if (strcmp(source->replaced[i].name, name) == 0)
			return source->replaced[i].text == NULL;
	return false;
}

static bool
add_directory(const struct pamstack_source *source, const char *path, struct names *names)
{
	_cleanup_(closedirp) DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT;
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0)
		if (!is_gone(source, path, entry->d_name) && !add_name(names, entry->d_name))
			return false;
	return errno == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **
pamstack_services(const struct pamstack_source *source)
{
	struct names names = { .v = calloc(1, sizeof *names.v) };
	bool ok = names.v != NULL;

	for (size_t i = 0; ok && source->dirs[i] != NULL; i++)
		ok = add_directory(source, source->dirs[i], &names);
	for (size_t i = 0; ok && i < source->replaced_count; i++)
		if (source->replaced[i].text != NULL)
			ok = add_name(&names, source->replaced[i].name);
	if (!ok) {
		pamstack_services_free(names.v);
		return NULL;
	}
	qsort(names.v, names.count, sizeof *names.v, by_name);
	return names.v;
}

void
pamstack_services_free(char **services)
{
	for (size_t i = 0; services != NULL && services[i] != NULL; i++)
		free(services[i]);
	free(services);
}
