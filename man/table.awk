# SPDX-License-Identifier: BSD-2-Clause
# lib/outcome.def, lib/place.def and tools/doctor/findings.def as mdoc: the sections OUTCOMES and
# PLACES of pam_jpki(8) and FINDINGS of jpkictl-doctor(8). It reads the tables in the form they
# are written in, and ends with 1 on anything else.
BEGIN { group = "Success" }

function fail(what) { print "man/table.awk: line " NR ": " what > "/dev/stderr"; failed = 1; exit 1 }

# The sentence in N_("…"), or nothing for NULL.
function sentence(text)
{
	if (text == "NULL")
		return ""
	if (text !~ /^N_\("[^"\\]*"\)$/)
		fail("not a sentence: " text)
	return substr(text, 5, length(text) - 6)
}

# An entry; its words, and its code without quotes.
function begin()
{
	if (wanted) fail("an entry without its end")
	split($0, word, /[(,] */)
	code = substr(word[3], 2, length(word[3]) - 2)
	wanted = 2
}

/^\/\*/, /\*\/$/ {	# the heading of a group is a comment of one line
	if ($0 ~ /^\/\*.*\*\/$/)
		group = substr($0, 4, length($0) - 6)
	next
}
/^$/ { next }
/^OUTCOME\([A-Z_]+, "JPKI-[A-Z-]+", PAM_[A-Z_]+, LOG_[A-Z]+,$/ {
	begin()
	head = code " Pq Dv " word[4] " , No " tolower(substr(word[5], 5))
	next
}
/^FINDING\([A-Z_]+, "D[0-9]+", (OK|WARNING|ERROR),$/ {
	begin()
	head = code " Pq " tolower(word[4])
	next
}
/^REASON\([A-Z_]+, [A-Z]+, "[a-z-]+",$/ {
	if (wanted) fail("an entry without its end")
	split($0, word, /[(,] */)
	head = substr(word[4], 2, length(word[4]) - 2)
	state = ""
	wanted = 1
	next
}
wanted == 2 && /,$/ {
	line = $0
	sub(/^\t/, "", line)
	state = sentence(substr(line, 1, length(line) - 1))
	wanted = 1
	next
}
wanted == 1 && /\)$/ {
	line = $0
	sub(/^\t/, "", line)
	remedy = sentence(substr(line, 1, length(line) - 1))
	wanted = 0
	if (group != "") {
		if (listed) print ".El"
		print ".Ss " group
		print ".Bl -tag -width Ds"
		group = ""
		listed = 1
	}
	printf ".It Li %s\n", head
	if (state != "") print state
	# Apart, so that each is one sentence of po/ja.po.
	if (remedy != "") print (state != "" ? ".br\n" : "") remedy
	next
}
{ fail("not understood: " $0) }
END {
	if (failed) exit 1
	if (wanted || !listed) { print "man/table.awk: the table is cut" > "/dev/stderr"; exit 1 }
	print ".El"
}
