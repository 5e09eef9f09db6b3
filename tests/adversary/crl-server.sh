# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A server of CRLs, or an attacker on the network path to it; one who watches, and one who kills the fetching process.

WEB=$WORK/web
WEB_LOG=$WORK/web.log
SOURCES=/etc/pam_jpki/crl-sources
HTTP=http://127.0.0.1:8080

web()
{
	mkdir -p "$WEB"
	cp "$PKI/crl/ca1.crl" "$WEB/good.crl"
	: > "$WEB_LOG"
	[ -z "${WEB_PID-}" ] || return 0
	python3 "$E2E_TOP/tests/e2e/webserver.py" "$WEB" 8080 "$WEB_LOG" >> "$E2E_LOGS/web.log" 2>&1 &
	WEB_PID=$!
	until_true 10 listens 8080 || build_die 'the web server does not start'
}

# The fetcher has been taken over and is another program now; an administrator sits at the terminal.
the_typist()
{
	local fetch=${HELPER%/*}/jpki_fetch

	cp -p "$fetch" "$WORK/jpki_fetch"
	cp "$E2E_BUILD/tests/adversary/typist" "$fetch"
	chmod 0755 "$fetch"
	# shellcheck disable=SC2016 # for the shell there
	on_tty -- bash -c 'jpkictl crl import http://127.0.0.1:9/x; read -rt 2 line; echo "the shell reads: <$line>"'
	cp -p "$WORK/jpki_fetch" "$fetch"
	expect_has 'the screen' 'typist begins' "$OUT"
	[[ $OUT != *'reads: <typed-by-the-fetcher>'* ]] || broken "typed at root's terminal"
	[[ $OUT != *$'\033]0;owned'* ]] || broken "wrote escape sequences to root's terminal"
}
# Promise: A server that gains control of the fetcher controls a process without terminal, files, card and other programs, of a user with no other job.
# Letter: it opens no terminal that is not its own: it has root's, by the session, and its standard error.
# Seen to succeed: 1e570f7: TIOCSTI, and the terminal as standard error
adversary fetcher-types-at-terminal the_typist

the_one_who_looks_round()
{
	local library=/usr/lib/takeover.so

	web
	cp "$E2E_BUILD/tests/adversary/.libs/takeover.so" "$library"
	printf '%s\n' "$library" > /etc/ld.so.preload
	run jpkictl crl import "$HTTP/good.crl"
	rm -f /etc/ld.so.preload "$library"
	expect_has 'what it says' 'taken over' "$OUT"
	[[ $OUT != *'got a'* ]] || broken "$(grep -o 'got a.*' <<< "$OUT" | sort -u | paste -sd,)"
	[[ $OUT != *'got the card'* ]] || broken 'a connection to pcscd'
	reset_config
}
# Promise: A server that gains control of the fetcher controls a process without terminal, files, card and other programs, of a user with no other job.
# Letter: it has no rights: it reads what everybody can read, and talks to what lets everybody in.
# Seen to succeed: 1e570f7: files, the socket of pcscd, a process of its own
adversary fetcher-reads-files the_one_who_looks_round

the_blind_get()
{
	web
	run jpkictl crl import "$HTTP/redirect-to/http://localhost:8080/inside?delete=all"
	expect_has 'requests' /redirect-to/ "$(cat "$WEB_LOG")"
	! grep -q ' /inside' "$WEB_LOG" || broken 'this machine asked what only it can reach'
	reset_config
}
# Promise: A download comes only from the host that the administrator named, cannot fill the disk, and reveals no password.
# Letter: three redirections are allowed, to http: one is enough.
# Seen to succeed: 1e570f7
adversary redirection-to-another-host the_blind_get

# A user of the machine looks at all command lines, files and messages meanwhile.
the_onlooker()
{
	local update files

	web
	write_conf 'crl_timeout = 3'
	printf '%s\n' 'http://verifier:S3cret%40Ours@127.0.0.1:8080/guarded/good.crl' \
		'http://verifier:S3cret%40Ours@127.0.0.1:8080/silent' > "$SOURCES"
	chmod 0600 "$SOURCES"
	: > "$WORK/seen"
	jpkictl crl update > "$WORK/update" 2>&1 &
	update=$!
	until_true 20 grep -q /silent "$WEB_LOG" || fail 'nothing is fetched'
	"${HANAKO[@]}" sh -c 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ' 2>/dev/null | tr '\0' '\n' > "$WORK/seen"
	grep -q jpkictl "$WORK/seen" || fail 'the onlooker sees no jpkictl'
	wait "$update"
	! grep -q S3cret "$WORK/seen" || broken 'the password, in a command line'
	# In a container /run has what the cases before have left.
	files=$("${HANAKO[@]}" find /var/lib/pam_jpki /etc/pam_jpki /run /tmp/e2e/update -type f -newer "$SOURCES" \
		-exec grep -ls S3cret {} + 2>/dev/null)
	[ -z "$files" ] || broken "the password, in a file: $files"
	! grep -q S3cret "$WORK/update" || broken 'the password, in a message'
	! syslog_matches S3cret || broken 'the password, in the log'
	grep -q ' /guarded/good.crl 200' "$WEB_LOG" || fail 'the password did not get to the server'
	rm -f "$SOURCES"
	reset_config
}
# Promise: A download comes only from the host that the administrator named, cannot fill the disk, and reveals no password.
# Letter: the file of the sources, which it cannot read, is all that is closed to it.
# Seen to succeed: 1e570f7: argv of jpki_fetch, .fetched, messages
adversary password-in-process-list the_onlooker

# The administrator's jpkictl is killed while a server keeps its fetcher waiting.
fetcher_left_alone()
{
	local tool fetcher

	web
	jpkictl crl import "$HTTP/silent" >> "$LOG" 2>&1 &
	tool=$!
	until_true 20 grep -q /silent "$WEB_LOG" || fail 'nothing is fetched'
	fetcher=$(pgrep -x jpki_fetch)
	kill -KILL "$(ps -o ppid= -p "$fetcher")"
	wait "$tool" 2>/dev/null
	until_true 3 process_gone "$fetcher" || broken 'the fetcher goes on without its parent'
	kill -KILL "$fetcher" 2>/dev/null
}
# Promise: Such a child exits with its parent, except the cleaner of a card that has the PIN (below).
# Letter: no descriptor of the child ends with the parent: it reads from a server, and writes when something comes.
# Seen to succeed: mutant ends-with-its-parent
adversary fetcher-outlives-its-parent fetcher_left_alone

waits_with_a_child()	# PID
{
	local child

	child=$(pgrep -P "$1") && grep -qs '^State:.S' "/proc/$child/status"
}

# The child looks its groups up before it is bound to its parent. With a slow directory that takes as long as he
# needs: here /etc/group is a pipe, which nothing has open at its other end.
killed_before_the_bond()
{
	local tool pipe=$WORK/group-pipe

	needs mounts || return
	web
	rm -f "$pipe"
	mkfifo -m 0644 "$pipe"
	mount --bind "$pipe" /etc/group
	jpkictl crl import "$HTTP/good.crl" >> "$LOG" 2>&1 &
	tool=$!
	until_true 20 waits_with_a_child "$tool" || fail 'the child does not wait'
	kill -KILL "$tool"
	wait "$tool" 2>/dev/null
	[ ! -s "$WEB_LOG" ] || fail 'it came too late'
	: <> "$pipe"	# now the child goes on
	umount /etc/group
	until_true 5 none_runs jpkictl || fail 'the child is still where it was'
	until_true 10 none_runs jpki_fetch || fail 'the fetcher does not end'
	[ ! -s "$WEB_LOG" ] || broken 'a fetcher without parent asked the server'
}
# Promise: Such a child exits with its parent, except the cleaner of a card that has the PIN (below).
# Letter: the parent ends before the child can ask for a signal at its end, so there is nothing to be signalled by.
# Seen to succeed: mutant parent-gone-before
adversary parent-killed-at-once killed_before_the_bond
