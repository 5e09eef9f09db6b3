# shellcheck shell=bash
# Somebody with a false card: it says whatever it likes.

# counterfeit: on the reader, a card with the enrolled certificate, which is public, and a key of
# its own; it takes any PIN.
counterfeit()
{
	local dir=$WORK/counterfeit

	[ -e "$dir" ] || cp -r "$(card_dir good)" "$dir"
	cp "$PKI/other-person.key" "$dir/auth.key"
	sim_commands "swap $dir; fault ins 20:* accept-any-pin"
}

the_card_that_says_yes()
{
	counterfeit
	run pamdrive --service e2e --user hanako pin=0000 auth
	expect_equal 'signatures given' 1 "$(stat_of signs)"
	no_login
}
# Promise: Only a signature over our own challenge, verified with the enrolled key, lets anybody in.
# Letter: it has the enrolled certificate, takes any PIN, and signs the challenge well, with a key of its own.
# Seen to succeed: mutant the-card-has-signed-our-challenge
adversary card-that-says-yes the_card_that_says_yes
