/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/memstream.h"
#include "tools/pamstack/pamstack.h"

/* The width of the first two columns. */
struct widths {
	int type;
	int control;
};

static int
larger(int a, size_t b)
{
	return b > (size_t)a ? (int)b : a;
}

static size_t
type_width(const struct pamstack_line *line)
{
	return 2 * (size_t)line->level + line->quiet + strlen(pamstack_type_name(line->type));
}

static void
widen(struct widths *widths, const struct pamstack_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		widths->type = larger(widths->type, type_width(&list->lines[i]));
		widths->control = larger(widths->control, strlen(list->lines[i].control));
	}
}

/* Quotes an argument as in a service file: brackets if it has a blank, a backslash before a bracket. */
static void
print_arg(FILE *to, const char *arg)
{
	bool plain = arg[0] != '\0' && arg[0] != '[' && strpbrk(arg, " \t\n") == NULL;

	fputs(plain ? " " : " [", to);
	for (; *arg != '\0'; arg++) {
		if (*arg == ']' && !plain)
			fputc('\\', to);
		fputc(*arg, to);
	}
	if (!plain)
		fputc(']', to);
}

static void
print_line(FILE *to, const struct pamstack_line *line, const struct widths *widths)
{
	int indent = 2 * (int)line->level;

	fprintf(to, "%*s%s%-*s  %-*s  %s", indent, "", line->quiet ? "-" : "",
	    widths->type - indent - line->quiet, pamstack_type_name(line->type),
	    widths->control, line->control, line->path != NULL ? line->path : "");
	for (size_t i = 0; i < line->argc; i++)
		print_arg(to, line->args[i]);
}

/* The printed lines of a list. */
static void
free_rows(char ***rows)
{
	for (size_t i = 0; *rows != NULL && (*rows)[i] != NULL; i++)
		free((*rows)[i]);
	free(*rows);
	*rows = NULL;
}

static char *
row_of(const struct pamstack_line *line, const struct widths *widths)
{
	char *row = NULL;
	size_t len;
	FILE *to = open_memstream(&row, &len);

	if (to == NULL)
		return NULL;
	print_line(to, line, widths);
	return memstream_close(to, &row);
}

static char **
rows_of(const struct pamstack_list *list, const struct widths *widths)
{
	char **rows = calloc(list->count + 1, sizeof *rows);

	for (size_t i = 0; rows != NULL && i < list->count; i++) {
		rows[i] = row_of(&list->lines[i], widths);
		if (rows[i] == NULL)
			free_rows(&rows);
	}
	return rows;
}

/* The length of the longest common subsequence after each pair of rows, in a table (n + 1) × (m + 1). */
static unsigned int *
common(char **a, size_t n, char **b, size_t m)
{
	unsigned int *table = calloc((n + 1) * (m + 1), sizeof *table);

	for (size_t i = n; table != NULL && i-- > 0;) {
		for (size_t j = m; j-- > 0;) {
			unsigned int down = table[(i + 1) * (m + 1) + j];
			unsigned int right = table[i * (m + 1) + j + 1];

			table[i * (m + 1) + j] = strcmp(a[i], b[j]) == 0 ?
			    table[(i + 1) * (m + 1) + j + 1] + 1 : down >= right ? down : right;
		}
	}
	return table;
}

/* Whether nothing changes. Removed lines are printed above the new ones. */
static bool
print_rows(FILE *to, char **a, size_t n, char **b, size_t m, const unsigned int *table)
{
	bool same = true;

	for (size_t i = 0, j = 0; i < n || j < m;) {
		if (i < n && j < m && strcmp(a[i], b[j]) == 0) {
			fprintf(to, "  %s\n", a[i]);
			i++;
			j++;
			continue;
		}
		same = false;
		if (i < n && (j == m || table[(i + 1) * (m + 1) + j] >= table[i * (m + 1) + j + 1]))
			fprintf(to, "- %s\n", a[i++]);
		else
			fprintf(to, "+ %s\n", b[j++]);
	}
	return same;
}

bool
pamstack_print_change(FILE *to, const struct pamstack_list *before,
    const struct pamstack_list *after, bool *ret_same)
{
	struct widths widths = { 0 };
	_cleanup_(free_rows) char **a = NULL;
	_cleanup_(free_rows) char **b = NULL;
	_cleanup_(freep) unsigned int *table = NULL;

	widen(&widths, before);
	widen(&widths, after);
	a = rows_of(before, &widths);
	b = rows_of(after, &widths);
	if (a == NULL || b == NULL)
		return false;
	table = common(a, before->count, b, after->count);
	if (table == NULL)
		return false;
	*ret_same = print_rows(to, a, before->count, b, after->count, table);
	return ferror(to) == 0;
}
