# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Commands of the administrator of which one allocation or one system call fails: of jpkictl's own code, in all its
# processes, or of the fetcher with all its libraries. A selection of that many of each kind (E2E_TOOL_FAULTS=all, make faults:
# each of them, up to 500).
#
# True for each: the command says what failed and changes nothing, or it has done all of its work; no signal ends it,
# nothing is left beside its files; and the same command succeeds afterwards.
# shellcheck disable=SC2034 # CARD_DIRTY is lib.sh's

: "${E2E_TOOL_FAULTS:=2}"
TOOL_FAULTS_MAX=500	# of a kind: the fetcher's libraries allocate thousands of times
FAILING=/usr/failing
PRELOADED=/usr/lib/failing.so	# where the fetcher may read it
FAILED=/run/failed
KEPT=$WORK/before-faults.tar
FLEET=/var/lib/pam_jpki/fleet
CARD=

# What the commands have written, without the moment of it. The index of registrations is only for speed.
toolfaults_files()
{
	local file

	find /etc/pam_jpki /var/lib/pam_jpki -type f ! -name '*.db' ! -name '*lock' ! -name users.index -printf '%p %m %U\n' | sort
	for file in "$USERS"/*.pem "$FLEET"/users/*.pem "$FLEET"/state /etc/pam_jpki/blocked; do
		[ ! -f "$file" ] || sed -E '/^(#|enrolled )/d; s/time=[0-9]+//g' "$file" | sha256sum
	done
	certutil -L -d "sql:$NSSDB"
}

toolfaults_restore()
{
	rm -rf /etc/pam_jpki /var/lib/pam_jpki
	tar -C / -xf "$KEPT"
	[ -z "$CARD" ] || fresh_card
}

# The command, in which that call fails (0: none, they are counted), in that program.
toolfaults_run()	# KIND NUMBER PROGRAM COMMAND…
{
	local whose=own

	[ "$3" = jpkictl ] || whose=all
	: > "$FAILED"
	chmod 0666 "$FAILED"	# of the fetcher's user as well
	printf '%s %s %s %s\n' "$1" "$2" "$3" "$whose" > "$FAILING"
	echo "$PRELOADED" > /etc/ld.so.preload
	shift 3
	run "$@"
	rm -f /etc/ld.so.preload "$FAILING"
	FAILED_CALL=$(tr -d '\0' < "$FAILED")
	[ -n "$FAILED_CALL" ] || FAILED_CALL=$(sed -n 's/.*failing: //p' <<< "$OUT")
	OUT=$(sed '/failing: /d' <<< "$OUT")
}

toolfaults_row()	# KIND NUMBER PROGRAM BEFORE AFTER COMMAND…
{
	local kind=$1 at=$2 program=$3 before=$4 after=$5 files

	shift 5
	toolfaults_restore
	toolfaults_run "$kind" "$at" "$program" "$@"
	if [ -z "$FAILED_CALL" ]; then	# fewer calls than in the run that counted them
		expect_equal 'exit status, as nothing failed' 0 "$STATUS"
		at=$((at / 2))
		toolfaults_restore
		toolfaults_run "$kind" "$at" "$program" "$@"
	fi
	[ -n "$FAILED_CALL" ] || fail 'nothing failed'
	files=$(toolfaults_files)
	# What could not be removed is left, under a name that means nothing to a login.
	[[ $FAILED_CALL != unlink* && $OUT != *'left over:'* ]] || files=$(grep -v '[./]new[-.]' <<< "$files")
	[ "$STATUS" -lt 124 ] || fail "exit $STATUS after $FAILED_CALL"
	if [ "$STATUS" = 0 ]; then
		[ "$files" = "$after" ] || fail "success after $FAILED_CALL: $(diff <(echo "$after") <(echo "$files"))"
	else
		REFUSED=$((REFUSED + 1))
		[[ $files == "$before" || $files == "$after" || $OUT == *'but for blocks'* ]] ||
			fail "files after $FAILED_CALL: $(diff <(echo "$before") <(echo "$files"))"
		printf '%s %s, %s: %s\n' "$kind" "$at" "$FAILED_CALL" "$OUT" >> "$E2E_LOGS/toolfaults.said"
		# A library may end the fetcher silently. jpkictl reports that (26-fetch.sh), but here it has shown the line of the preload.
		[[ $program$kind = jpki_fetchmemory || $OUT =~ jpkictl[a-z\ ]*:\ .{10} ]] || fail "does not say that $FAILED_CALL failed"
	fi
	[ -z "$CARD" ] || expect_card_forgot
	[ "$files" != "$after" ] || return
	run "$@"
	expect_equal "the same command after $FAILED_CALL" 0 "$STATUS"
	expect_equal "files after that and $FAILED_CALL" "$after" "$(toolfaults_files)"
}

toolfaults_count()	# WHAT KIND PROGRAM COMMAND…: CALLS, and AFTER
{
	begin "toolfaults: $1, every $2 call of $3 counted" || return
	toolfaults_restore
	toolfaults_run "$2" 0 "$3" "${@:4}"
	expect_equal 'exit status' 0 "$STATUS"
	AFTER=$(toolfaults_files)
	CALLS=${FAILED_CALL:-0}
	[ "$CALLS" -ge 3 ] || fail "only $CALLS calls"
	end
}

toolfaults()	# WHAT PROGRAM COMMAND…
{
	local what=$1 program=$2 kind at step before

	shift 2
	tar -C / -cf "$KEPT" etc/pam_jpki var/lib/pam_jpki
	before=$(toolfaults_files)
	for kind in memory system; do
		toolfaults_count "$what" "$kind" "$program" "$@" || continue
		[ "$E2E_TOOL_FAULTS" = all ] && step=$((CALLS / TOOL_FAULTS_MAX + 1)) || step=$((CALLS / E2E_TOOL_FAULTS + 1))
		ROWS=0 REFUSED=0
		for ((at = step / 2 + 1; at <= CALLS; at += step)); do
			silent_case "toolfaults: $what, $kind call $at of $program fails" \
				toolfaults_row "$kind" "$at" "$program" "$before" "$AFTER" "$@"
		done
		printf 'ok toolfaults: %s, %s of %s, %d of %d calls failed, %d commands refused\n' \
			"$what" "$kind" "$program" "$ROWS" "$CALLS" "$REFUSED"
	done
	toolfaults_restore
}

toolfaults_fetcher()
{
	mkdir -p "$WORK/web"
	cp "$PKI/crl/ca1-newer.crl" "$WORK/web/good.crl"
	python3 "$E2E_TOP/tests/e2e/webserver.py" "$WORK/web" 8080 "$WORK/web.log" >> "$E2E_LOGS/web.log" 2>&1 &
	WEB_PID=$!
	until_true 10 listens 8080 || build_die 'the web server does not start'
	toolfaults 'crl import by http' jpki_fetch jpkictl crl import http://127.0.0.1:8080/good.crl
	end_process "$WEB_PID"
}

toolfaults_entry()	# USER LEAF
{
	printf 'dn: uid=%s,ou=enrolments,ou=jpki,dc=example\nobjectClass: account\nobjectClass: pkiUser\nuid: %s\n' "$1" "$1"
	printf 'createTimestamp: 20260101000000Z\nentryCSN: 20261129030000.000000Z#000000#001#000000\n'
	printf 'userCertificate;binary:: %s\n\n' "$(base64 -w 0 "$PKI/$2.der")"
}

toolfaults_state()	# GENERATION ENROLLED BLOCKED
{
	printf 'dn: cn=state,ou=jpki,dc=example\nobjectClass: applicationProcess\ncn: state\n'
	printf 'description: generation=%s time=%s enrolled=%s blocked=%s\n\n' "$1" "$(date +%s)" "$2" "$3"
}

# A copy gets a second registration, and a block.
toolfaults_fleet()
{
	local hash

	hash=$(sha256sum "$PKI/soon.der" | cut -d' ' -f1)
	write_conf "fleet_dir = $FLEET"
	{ toolfaults_entry hanako good; toolfaults_state 1 1 0; } > "$WORK/first.ldif"
	{
		toolfaults_entry hanako good
		toolfaults_entry taro other-person
		printf 'dn: cn=%s,ou=blocked,ou=jpki,dc=example\nobjectClass: device\ncn: %s\ndescription: block lost\n' "$hash" "$hash"
		printf 'entryCSN: 20261129030500.000000Z#000000#001#000000\n\n'
		toolfaults_state 2 2 1
	} > "$WORK/second.ldif"
	jpkictl fleet import "$WORK/first.ldif" >> "$E2E_LOGS/setup.log" 2>&1
	toolfaults 'fleet import' jpkictl jpkictl fleet import "$WORK/second.ldif"
}

toolfaults_all()
{
	toolfaults 'trust add' jpkictl jpkictl trust add "$PKI/ca-other.crt"
	toolfaults 'crl import' jpkictl jpkictl crl import "$PKI/crl/ca1-newer.crl"
	toolfaults_fetcher
	toolfaults 'revoke' jpkictl jpkictl revoke hanako
	rm -f "$USERS/hanako.pem"
	toolfaults 'enroll from a file' jpkictl jpkictl enroll hanako --from-file "$PKI/good.crt"
	CARD=yes
	toolfaults 'enroll' jpkictl expect -f "$E2E_TOP/tests/e2e/pty.exp" wait:PIN "type:$PIN" -- jpkictl enroll hanako
	CARD=
	toolfaults_fleet
}

if is_wanted toolfaults; then
	cp "$E2E_BUILD/tests/faults/.libs/preload.so" "$PRELOADED"
	: > "$E2E_LOGS/toolfaults.said"
	toolfaults_all
	rm -f "$FAILED" "$PRELOADED"
	CARD_DIRTY=yes
	reset_config
fi
