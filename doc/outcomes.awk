# lib/outcome.def, with po/ja.po before it for Japanese, as the table of doc/outcomes.md or, with
# -v lang=ja, of doc/outcomes.ja.md: awk -f doc/outcomes.awk [-v lang=ja] po/ja.po lib/outcome.def
function unquote(line)
{
	sub(/^[^"]*"/, "", line)
	sub(/"[^"]*$/, "", line)
	return line
}

function said(line,	text)
{
	if (line !~ /N_\(/) return ""
	text = unquote(line)
	if (lang == "") return text
	if (!(text in ja)) { print "doc/outcomes.awk: no Japanese for: " text > "/dev/stderr"; failed = 1; exit 1 }
	return ja[text]
}

function head()
{
	if (lang == "ja")
		print "| コード | PAM | 何が起きたか | どうすればよいか |\n|---|---|---|---|"
	else
		print "| code | PAM | what is | what to do |\n|---|---|---|---|"
}

FNR == 1 { file++ }
file == 1 && /^msgid "/ { id = unquote($0); in_id = 1; next }
file == 1 && /^msgstr "/ { ja[id] = unquote($0); in_id = 0; next }
file == 1 && /^"/ { if (in_id) id = id unquote($0); else ja[id] = ja[id] unquote($0); next }
file == 1 { next }
/^OUTCOME\(/ {
	if (!started++) head()
	split($0, word, /[(,] */)
	code = unquote(word[3])
	pam = word[4]
	part = 1
	next
}
part == 1 { state = said($0); part = 2; next }
part == 2 { printf "| `%s` | `%s` | %s | %s |\n", code, pam, state, said($0); part = 0 }
END { exit failed }
