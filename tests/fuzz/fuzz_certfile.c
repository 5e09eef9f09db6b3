/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with certificates and lists as any user may have written them: tools/common/certfile, nss/crl/copy. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/der.h"
#include "nss/cert.h"
#include "nss/certdb.h"
#include "nss/crl/copy.h"
#include "tests/fuzz/fuzz.h"
#include "tools/common/certfile.h"

static struct certdb *db;
static unsigned int complaints;

void
tool_complain(const struct tool *t, const char *format, ...)
{
	char text[4096];
	va_list ap;

	(void)t;
	va_start(ap, format);
	CHECK(vsnprintf(text, sizeof text, format, ap) > 0);
	va_end(ap);
	CHECK(strncmp(text, "FILE", 4) == 0);
	complaints++;
}

int
tool_finish(const struct tool *t, const struct outcome *o)
{
	(void)t;
	(void)o;
	return TOOL_FAILED;
}

static void
close_db(void)
{
	CHECK(certdb_close(db));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct outcome o = certdb_open_none(&fuzz_log, &db);

	CHECK(outcome_ok(&o) && atexit(close_db) == 0);
	return 0;
}

/* The callback gets one element of DER, without the text around it. */
static struct outcome
look_at(void *ctx, struct view der)
{
	struct cert *cert = NULL;
	struct outcome o;
	size_t size;

	CHECK(der_sequence_size(der.data, der.len, &size) && size == der.len);
	++*(unsigned int *)ctx;
	o = cert_from_der(db, der, &cert);
	cert_free(cert);
	return o;
}

static void
certificates(struct view text)
{
	static const struct tool t = { .command = "trust" };
	unsigned int count = 0;
	struct outcome o;

	complaints = 0;
	o = certfile_each(&t, "FILE", text, look_at, &count);
	CHECK(outcome_ok(&o) || o.status == OUTCOME_CERT_BAD || o.status == OUTCOME_NO_MEMORY);
	CHECK(complaints == (o.status == OUTCOME_CERT_BAD));
	CHECK(!outcome_ok(&o) || count > 0);
}

/* A list that is copied is one element of DER, and its copy is the same again. */
static void
list(struct view text)
{
	int from = fuzz_file(text.data, text.len), to = fuzz_file("", 0), again = fuzz_file("", 0);
	enum crl_fault f = crlcopy(from, to, &fuzz_log);
	uint8_t head[6];
	ssize_t n = pread(to, head, sizeof head, 0);
	off_t end = lseek(to, 0, SEEK_END);
	size_t size;

	CHECK(f < CRL_FAULT_COUNT && f != CRL_SAME && f != CRL_INTERNAL && n >= 0);
	if (f == CRL_OK) {
		CHECK(der_sequence_size(head, (size_t)n, &size) && (off_t)size == end);
		CHECK(lseek(to, 0, SEEK_SET) == 0 && crlcopy(to, again, &fuzz_log) == CRL_OK);
		CHECK(lseek(again, 0, SEEK_END) == end);
	}
	(void)close(from);
	(void)close(to);
	(void)close(again);
}

/* The first byte says what the rest is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor in = cursor_of(data, size);
	uint8_t kind = fuzz_u8(&in);

	if (kind % 2 == 0)
		certificates(fuzz_bytes(&in, in.left));
	else
		list(fuzz_bytes(&in, in.left));
	return 0;
}
