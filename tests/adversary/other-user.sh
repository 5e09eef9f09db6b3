# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# taro, who may talk to pcscd as every local user may, and wants hanako not to log in.

HOLDER=

# taro_holds HOW MS: the card, from now on.
taro_holds()
{
	"${TARO[@]}" scprobe "$1" "$2" > "$WORK/held" 2>&1 &
	HOLDER=$!
	until_true 10 grep -q held "$WORK/held" || fail 'taro does not get the card'
}

taro_lets_go()
{
	kill "$HOLDER" 2>/dev/null
	wait "$HOLDER" 2>/dev/null
}

# login_within SECONDS SCRIPT…: for so long the module may keep hanako waiting.
login_within()
{
	run pamdrive --service e2e --user hanako --time "${@:2}" auth
	no_login
	[ "$(took_ms)" -le $(($1 * 1000)) ] || broken "the login took $(took_ms) ms"
}

took_ms()
{
	transcript 'time = ' | cut -d. -f1
}

# The line of the README, and sudo; what is typed here is the password.
password_within()	# SECONDS
{
	local start

	stack_of sudo 'auth [success=done default=ignore] pam_jpki.so
@include common-auth'
	start=$(now_ms)
	RUN_LIMIT=90 on_tty 'wait:password for hanako' "type:$PASSWORD" -- "${HANAKO[@]}" sudo -k id
	[ $(($(now_ms) - start)) -le $(($1 * 1000)) ] || broken "hanako was in after $(($(now_ms) - start)) ms"
	expect_has 'the screen' 'uid=0(root)' "$OUT"
	expect_has 'the screen' 'Another program is using the card in the reader' "$OUT"
}

card_held_before_sudo()	# HOW
{
	taro_holds "$1" 120000
	password_within 8
	taro_lets_go
}
# Promise: Another user's program that uses the card exclusively delays a login at most by about three seconds (or `wait`, if longer) before the PIN prompt, and by half of `timeout` after it.
# Letter: it does what pcscd lets every local user do, and begins a transaction that it does not end.
# Seen to succeed: 1e570f7: 30 seconds until the password prompt of sudo
adversary card-held-in-a-transaction card_held_before_sudo hold
# Promise: Another user's program that uses the card exclusively delays a login at most by about three seconds (or `wait`, if longer) before the PIN prompt, and by half of `timeout` after it.
# Letter: it connects before hanako comes, and shares it with no other program.
# Seen to succeed: 1e570f7: 15 seconds until the password prompt of sudo
adversary card-held-exclusively card_held_before_sudo exclusive

# Where the card is needed, taro can keep hanako out for as long as he likes; but each time she knows
# soon, and why. What she waits for is what the administrator set.
card_held_where_it_is_needed()
{
	install_pam_service e2e "$(stack wait=5)"
	taro_holds hold 120000
	login_within 8 "pin=$PIN"
	taro_lets_go
	expect_has 'what is shown' 'Another program is using the card in the reader' "$OUT"
	install_pam_service e2e "$(stack)"
}
# Promise: Another user's program that uses the card exclusively delays a login at most by about three seconds (or `wait`, if longer) before the PIN prompt, and by half of `timeout` after it.
# Letter: the card is the only way in, and he has it.
# Seen to succeed: 1e570f7: 35 seconds
adversary card-held-where-it-is-needed card_held_where_it_is_needed

card_taken_at_the_prompt()
{
	install_pam_service e2e "$(stack timeout=20)"
	login_within 12 \
		"exec=rm -f $WORK/held; ${TARO[*]} scprobe hold 120000 > $WORK/held 2>&1 & until grep -qs held $WORK/held; do sleep 0.1; done" \
		"pin=$PIN"
	pkill -u taro scprobe
	expect_equal 'PINs sent' 0 "$(stat_of verifies)"
	install_pam_service e2e "$(stack)"
}
# Promise: Another user's program that uses the card exclusively delays a login at most by about three seconds (or `wait`, if longer) before the PIN prompt, and by half of `timeout` after it.
# Letter: it lets hanako be asked for the PIN, and takes the card while she types.
# Seen to succeed: 1e570f7: 20 seconds with timeout = 20, and 20 more for the drop of a state that was none
adversary card-taken-at-the-prompt card_taken_at_the_prompt

# It answers until it has the PIN, and then never again: not to those either who would have it forget.
card_that_falls_silent()
{
	install_pam_service e2e "$(stack timeout=10)"
	sim_commands 'fault at 3 hang 4000; fault ins 2A hang forever'
	login_within 13 "pin=$PIN"
	expect_logged 'may be left with its PIN verified'
	install_pam_service e2e "$(stack)"
}
# Promise: `timeout` limits a whole login, including the time to drop the card's verified state, whatever card and reader do.
# Letter: each of its answers comes in time but the one to the signature, and no more after that.
# Seen to succeed: 1e570f7: 24 seconds with timeout = 10
adversary card-that-falls-silent card_that_falls_silent
