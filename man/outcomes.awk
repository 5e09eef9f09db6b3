# lib/outcome.def as mdoc: the section OUTCOMES of pam_jpki(8). It reads the
# table in the form it is written in, and ends with 1 on anything else.
BEGIN { group = "Success" }

function fail(what) { print "man/outcomes.awk: line " NR ": " what > "/dev/stderr"; failed = 1; exit 1 }

# The sentence in N_("…"), or nothing for NULL.
function sentence(text)
{
	if (text == "NULL")
		return ""
	if (text !~ /^N_\("[^"\\]*"\)$/)
		fail("not a sentence: " text)
	return substr(text, 5, length(text) - 6)
}

/^\/\*/, /\*\/$/ {	# the heading of a group is a comment of one line
	if ($0 ~ /^\/\*.*\*\/$/)
		group = substr($0, 4, length($0) - 6)
	next
}
/^$/ { next }
/^OUTCOME\([A-Z_]+, "JPKI-[A-Z-]+", PAM_[A-Z_]+, LOG_[A-Z]+,$/ {
	if (wanted) fail("an entry without its end")
	split($0, word, /[(,] */)
	code = substr(word[3], 2, length(word[3]) - 2)
	pam = word[4]
	priority = tolower(substr(word[5], 5))
	wanted = 2
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
	printf ".It Li %s Pq Dv %s , No %s\n%s\n", code, pam, priority, state
	if (remedy != "") print remedy
	next
}
{ fail("not understood: " $0) }
END {
	if (failed) exit 1
	if (wanted || !listed) { print "man/outcomes.awk: the table is cut" > "/dev/stderr"; exit 1 }
	print ".El"
}
