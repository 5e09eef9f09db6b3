/* SPDX-License-Identifier: BSD-2-Clause */
/* The questions of jpkictl survey, a function each. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "card/apdu.h"
#include "card/commands.h"
#include "card/jpki.h"
#include "config/conf.h"
#include "flow/possession/search.h"
#include "lib/clk.h"
#include "lib/log.h"
#include "nss/certdb.h"
#include "tools/jpkictl/questions.h"

#define CARD_EXPIRY_LEN 8

/* Every word that an answer can have. The status words are those of doc/facts/jpki-card.md §2.8. */
static const char *const words[] = {
	"other", "no-answer", "not-asked",
	"9000", "6281", "6282", "6283", "6300", "6381", "63C0", "63Cx", "6400", "6581", "6700", "6881", "6882",
	"6981", "6982", "6983", "6984", "6985", "6986", "6987", "6988", "6999", "6A80", "6A81", "6A82", "6A83",
	"6A84", "6A85", "6A86", "6A87", "6A88", "6B00", "6D00", "6E00", "6F00",
	"9000-with-data", "9000-eight-digits", "9000-other-data",
	"JPKIAPICCTOKEN2", "JPKIAPICCTOKEN", "JPKIAPGPSETOKEN", "JPKIAPIOSTOKEN",
	"less-than-3808", "3808", "3809-to-4031", "4032-or-more",
	"up-to-250ms", "up-to-500ms", "up-to-1s", "up-to-2s", "more-than-2s",
	"RSA-2048", "EC-P256", "EC-P384",
};

static uint8_t
word(const char *text)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i], text) == 0)
			return (uint8_t)i;
	return 0;
}

const char *
answer_word(size_t number)
{
	return words[number < sizeof words / sizeof words[0] ? number : 0];
}

static uint8_t
word_of_status(uint16_t sw)
{
	char hex[5];

	if ((sw & 0xfff0) == 0x63c0 && sw != 0x63c0)
		return word("63Cx");
	snprintf(hex, sizeof hex, "%04X", sw);
	return word(hex);
}

void
answers_reader_name(const char *name, char ret[static TRANSPORT_NAME_MAX])
{
	size_t len = strcspn(name, "[(");

	snprintf(ret, TRANSPORT_NAME_MAX, "%.*s", (int)(len < TRANSPORT_NAME_MAX ? len : TRANSPORT_NAME_MAX - 1), name);
	log_defuse(ret);
	for (len = strlen(ret); len > 0 && strchr("0123456789 ", ret[len - 1]) != NULL; len--)
		ret[len - 1] = '\0';
}

/* --- commands ------------------------------------------------------------------------- */

/* A card that is being asked, and the certificates that it gave. */
struct asked {
	const struct flow_env *env;
	struct jpki card;
	uint8_t der[JPKI_CERT_MAX];
	size_t der_len;
	int64_t read_ms;
	struct certdb *db;
	struct cert *cert, *ca;
	bool gone;		/* the card left, or the reader: nothing more is asked */
};

/* Sends it; false without an answer. */
static bool
send_command(struct asked *a, const struct apdu *cmd, struct apdu_response *ret)
{
	struct outcome o;

	if (a->gone)
		return false;
	o = apdu_transmit(a->card.transport, cmd, ret);
	a->gone = o.status == OUTCOME_CARD_REMOVED || o.status == OUTCOME_NO_SERVICE || o.status == OUTCOME_CARD_MUTE;
	return outcome_ok(&o);
}

/* What it answers, in one word. */
static uint8_t
status_of(struct asked *a, const struct apdu *cmd)
{
	struct apdu_response r;

	return send_command(a, cmd, &r) ? word_of_status(r.sw) : word("no-answer");
}

static bool
select_file(struct asked *a, uint16_t ef)
{
	uint8_t id[2] = { (uint8_t)(ef >> 8), (uint8_t)ef };
	struct apdu select = { .ins = INS_SELECT, .p1 = 0x02, .p2 = 0x0c, .data = { id, sizeof id }, .le = APDU_NO_LE };
	struct apdu_response r;

	return send_command(a, &select, &r) && r.sw == 0x9000;
}

/* --- questions, in the order in which they are asked ------------------------------------ */

/* What a card says to its first command after power-up. */
static uint8_t
ask_first_command(struct asked *a)
{
	struct apdu select = { .ins = INS_SELECT, .p1 = 0x04, .p2 = 0x0c, .data = jpki_application(), .le = APDU_NO_LE };

	return status_of(a, &select);
}

/* Whether there is a card manager; telephones may have none. */
static uint8_t
ask_manager(struct asked *a)
{
	struct apdu select = { .ins = INS_SELECT, .p1 = 0x04, .p2 = 0x0c, .data = jpki_card_manager(), .le = APDU_NO_LE };

	return status_of(a, &select);
}

/* Whether the card gives its own expiry date, and in which form. The manager is selected. */
static uint8_t
ask_card_expiry(struct asked *a)
{
	struct apdu get = { .ins = INS_GET_DATA, .p1 = 0x00, .p2 = 0xf2, .le = APDU_LE_MAX };
	struct apdu_response r;
	size_t digits = 0;

	if (!send_command(a, &get, &r))
		return word("no-answer");
	if (r.sw != 0x9000)
		return word_of_status(r.sw);
	while (digits < r.len && r.bytes[digits] >= '0' && r.bytes[digits] <= '9')
		digits++;
	return word(digits == r.len && r.len == CARD_EXPIRY_LEN ? "9000-eight-digits" : "9000-other-data");
}

/* Whether SELECT with P2 = 00 is understood, and whether data come with it. */
static uint8_t
ask_select_with_data(struct asked *a)
{
	struct apdu select = { .ins = INS_SELECT, .p1 = 0x04, .data = jpki_application(), .le = APDU_LE_MAX };
	struct apdu_response r;

	if (!send_command(a, &select, &r))
		return word("no-answer");
	return r.sw == 0x9000 && r.len > 0 ? word("9000-with-data") : word_of_status(r.sw);
}

/* What kind of device this says it is. */
static uint8_t
ask_label(struct asked *a)
{
	struct apdu read = { .ins = INS_READ_BINARY, .le = 32 };
	struct apdu_response r;
	char label[33];
	size_t len;

	if (!select_file(a, EF_TOKEN_INFO) || !send_command(a, &read, &r) || r.sw != 0x9000)
		return word("no-answer");
	for (len = r.len < 32 ? r.len : 32; len > 0 && (r.bytes[len - 1] == ' ' || r.bytes[len - 1] == '\0'); len--)
		;
	memcpy(label, r.bytes, len);
	label[len] = '\0';
	return strncmp(label, "JPKIAP", 6) == 0 ? word(label) : word("other");
}

/* Whether a file can be named by its short id. */
static uint8_t
ask_short_id(struct asked *a)
{
	struct apdu read = { .ins = INS_READ_BINARY, .p1 = SFI(EF_AUTH_CERT), .le = 1 };

	return status_of(a, &read);
}

/* The tries left of a PIN; which word a locked one has. VERIFY without data: no try is spent. */
static uint8_t
ask_tries(struct asked *a, uint16_t pin)
{
	struct apdu query = { .ins = INS_VERIFY, .p2 = CURRENT_EF, .le = APDU_NO_LE, .exact = true };

	return select_file(a, pin) ? status_of(a, &query) : word("no-answer");
}

static uint8_t
ask_authentication_tries(struct asked *a)
{
	return ask_tries(a, EF_AUTH_PIN);
}

static uint8_t
ask_signature_tries(struct asked *a)
{
	return ask_tries(a, EF_SIGN_PIN);
}

/* What reading a file answers. The byte that comes is thrown away. */
static uint8_t
ask_read(struct asked *a, uint16_t ef)
{
	struct apdu read = { .ins = INS_READ_BINARY, .le = 1 };

	return select_file(a, ef) ? status_of(a, &read) : word("no-answer");
}

static uint8_t
ask_read_key(struct asked *a)
{
	return ask_read(a, EF_AUTH_KEY);
}

static uint8_t
ask_read_pin(struct asked *a)
{
	return ask_read(a, EF_AUTH_PIN);
}

static uint8_t
ask_read_certificate(struct asked *a)
{
	return ask_read(a, EF_AUTH_CERT);
}

static bool
has_byte_at(struct asked *a, unsigned int offset)
{
	struct apdu read = { .ins = INS_READ_BINARY, .p1 = (uint8_t)(offset >> 8), .p2 = (uint8_t)offset, .le = 1 };
	struct apdu_response r;

	return send_command(a, &read, &r) && r.sw == 0x9000 && r.len == 1;
}

/* How long the certificate's file is, between the bounds that are known. */
static uint8_t
ask_file_size(struct asked *a)
{
	if (!select_file(a, EF_AUTH_CERT) || !has_byte_at(a, 0))
		return word("not-asked");
	if (!has_byte_at(a, 3807))
		return word("less-than-3808");
	if (!has_byte_at(a, 3808))
		return word("3808");
	return word(has_byte_at(a, 4031) ? "4032-or-more" : "3809-to-4031");
}

/* How long it takes to read the certificate. */
static uint8_t
ask_reading_time(struct asked *a)
{
	if (a->der_len == 0)
		return word("not-asked");
	return word(a->read_ms <= 250 ? "up-to-250ms" : a->read_ms <= 500 ? "up-to-500ms" :
	    a->read_ms <= 1000 ? "up-to-1s" : a->read_ms <= 2000 ? "up-to-2s" : "more-than-2s");
}

/* Which key signs. */
static uint8_t
ask_key(struct asked *a)
{
	static const struct { const char *name, *word; } keys[] = {
		{ "RSA-2048", "RSA-2048" }, { "EC P-256", "EC-P256" }, { "EC P-384", "EC-P384" },
	};

	if (a->cert == NULL)
		return word("not-asked");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcmp(cert_key_name(a->cert), keys[i].name) == 0)
			return word(keys[i].word);
	return word("other");
}

static const struct {
	const char *name;
	uint8_t (*ask)(struct asked *a);
} questions[] = {
	{ "first-command", ask_first_command },
	{ "manager", ask_manager },
	{ "card-expiry", ask_card_expiry },
	{ "select-with-data", ask_select_with_data },
	{ "label", ask_label },
	{ "short-id", ask_short_id },
	{ "authentication-tries", ask_authentication_tries },
	{ "signature-tries", ask_signature_tries },
	{ "read-key", ask_read_key },
	{ "read-pin", ask_read_pin },
	{ "read-certificate", ask_read_certificate },
	{ "file-size", ask_file_size },
	{ "reading-time", ask_reading_time },
	{ "key", ask_key },
};

_Static_assert(sizeof questions / sizeof questions[0] <= QUESTIONS_MAX, "an answer has a place");

const char *
question_name(size_t number)
{
	return number < sizeof questions / sizeof questions[0] ? questions[number].name : NULL;
}

/* --- all of them --------------------------------------------------------------------- */

static struct cert *
decode(struct asked *a, const uint8_t *der, size_t len)
{
	struct cert *cert = NULL;
	struct outcome o = cert_from_der(a->db, (struct view){ der, len }, &cert);

	return outcome_ok(&o) ? cert : NULL;
}

/* Both certificates, for the later questions. */
static void
read_certificates(struct asked *a, struct answers *answers)
{
	int64_t start = clk_mono_ms(a->env->clk);
	struct outcome o = jpki_read_auth_cert(&a->card, a->der, &a->der_len);
	uint8_t ca[JPKI_CERT_MAX];
	size_t ca_len = 0;

	a->read_ms = clk_mono_ms(a->env->clk) - start;
	if (outcome_ok(&o))
		a->cert = decode(a, a->der, a->der_len);
	else
		a->der_len = 0;
	o = jpki_read_auth_ca(&a->card, ca, &ca_len);
	if (outcome_ok(&o))
		a->ca = decode(a, ca, ca_len);
	if (a->ca != NULL)
		memcpy(answers->ca, cert_fingerprint(a->ca), sizeof answers->ca);
	answers->has_certificate = a->cert != NULL;
	if (a->cert != NULL)
		certform_of(a->cert, a->ca, &answers->form);
}

/* The first command is part of the answers, so it comes before anything else. */
static struct outcome
ask_open_card(struct asked *a, struct answers *answers)
{
	struct outcome o = a->card.transport->ops->power_cycle(a->card.transport->ctx);

	if (!outcome_ok(&o))
		return o;
	answers->words[0] = questions[0].ask(a);
	o = jpki_select(&a->card);
	if (outcome_ok(&o))
		read_certificates(a, answers);
	for (size_t i = 1; outcome_ok(&o) && question_name(i) != NULL; i++)
		answers->words[i] = questions[i].ask(a);
	if (outcome_ok(&o) && a->gone)
		o = outcome_of(OUTCOME_CARD_REMOVED);
	return o;
}

struct outcome
questions_ask(const struct flow_env *env, struct answers *answers)
{
	static struct asked a;
	const struct transport *t = env->transport;
	struct outcome o;

	a = (struct asked){ .env = env, .card = { .transport = env->transport, .classic = true } };
	o = certdb_open_none(env->log, &a.db);
	if (!outcome_ok(&o))
		return o;
	o = t->ops->open(t->ctx, answers->reader, SEARCH_BUSY_MS);
	if (outcome_ok(&o)) {
		o = ask_open_card(&a, answers);
		(void)t->ops->close(t->ctx, TRANSPORT_LEAVE);
	}
	cert_free(a.cert);
	cert_free(a.ca);
	(void)certdb_close(a.db);
	return o;
}
