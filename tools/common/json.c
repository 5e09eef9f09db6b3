/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "tools/common/json.h"

/* One process, one answer. */
static bool memory_ended;

void
json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		memory_ended = true;
}

void
json_add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		memory_ended = true;
}

json_t *
json_text(const char *text)
{
	_cleanup_(freep) char *ascii = NULL;
	json_t *value = json_string(text);

	if (value != NULL)
		return value;
	ascii = strdup(text);
	for (char *p = ascii; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return json_string(ascii);
}

json_t *
json_time(int64_t seconds)
{
	char text[CLK_UTC_MAX];

	return clk_utc_text(seconds, text) ? json_string(text) : json_null();
}

json_t *
json_hex(struct view bytes)
{
	_cleanup_(freep) char *text = malloc(2 * bytes.len + 1);

	if (text == NULL)
		return NULL;
	view_hex(bytes, text);
	return json_string(text);
}

int
json_print(const struct tool *t, json_t *value)
{
	_cleanup_(freep) char *text = NULL;

	if (value != NULL && !memory_ended)
		text = json_dumps(value, JSON_INDENT(2));
	json_decref(value);
	if (text == NULL) {
		tool_complain(t, "%s", strerror(ENOMEM));
		return TOOL_FAILED;
	}
	printf("%s\n", text);
	return TOOL_OK;
}
