/* SPDX-License-Identifier: BSD-2-Clause */
/* --json: output of subcommands for programs, by jansson. */
#ifndef JPKI_TOOLS_COMMON_JSON_H
#define JPKI_TOOLS_COMMON_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "tools/common/tool.h"

/*
 * Adds a member to an object; takes ownership of `value`. jansson returns NULL if out of memory; this is
 * remembered, so that only json_print() needs a check.
 */
void json_put(json_t *object, const char *key, json_t *value);

/* The same for an array. */
void json_add(json_t *array, json_t *value);

/* A string; bytes that are no UTF-8 become '?'. A new reference, NULL if out of memory. */
json_t *json_text(const char *text);

/* "2026-11-23T05:40:00Z" from seconds since 1970 UTC; a new reference, JSON null if out of range. */
json_t *json_time(int64_t seconds);

/* Lower-case hex digits; a new reference. */
json_t *json_hex(struct view bytes);

/*
 * Prints the value on standard output, indented, with a newline, and releases it. TOOL_OK, or TOOL_FAILED,
 * reported, if memory ran out at any point: then nothing was printed, because half an answer would be
 * wrong.
 */
int json_print(const struct tool *t, json_t *value) MUST_CHECK;

#endif
