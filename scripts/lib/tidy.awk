# The rules of scripts/tidy that a line or two can show. Prints file:line: what is wrong.

function report(line, text) { print FILENAME ":" line ": " text }

# The module a path belongs to, and its level: includes go downwards only.
function module_of(path,   parts) {
    if (path ~ /^mountd\//) return "mountd"
    if (path ~ /^include\/tallyfs\//) { split(path, parts, "/"); return parts[3] }
    if (path ~ /^src\//) { split(path, parts, "/"); return parts[2] }
    return ""
}

BEGIN {
    level["base"] = 0
    level["record"] = 1; level["http"] = 1; level["dialect"] = 1; level["tree"] = 1
    level["approval"] = 1
    level["policy"] = 1; level["health"] = 1; level["audit"] = 1
    level["journal"] = 2; level["ledger"] = 2; level["state"] = 2; level["capture"] = 2
    level["retention"] = 2
    level["proxy"] = 3; level["fuse"] = 3; level["admin"] = 3; level["views"] = 3
    level["notify"] = 3; level["postgres"] = 3; level["trail"] = 3
    level["mountd"] = 4
    # The events that it makes and judges are lines of a stream.
    may["audit record"] = 1
    # A view is built from the journal through the ledger.
    may["ledger journal"] = 1
    # What people decide is in force when it stands in the journal.
    may["state journal"] = 1
    # What is kept of a call is a setting, and deleting it is something people approve.
    may["capture state"] = 1
    # Calls are deleted from the journal once the ledger has kept their sums; how long is a setting.
    may["retention journal"] = 1; may["retention ledger"] = 1; may["retention state"] = 1
}

function end_of_file() {
    if (file == "") return
    if (lines >= 300 && counted) print file ":" lines ": " lines " lines, fewer than 300 are allowed"
    if (file ~ /\.hpp$/ && !once) print file ":1: no #pragma once"
}

FNR == 1 {
    end_of_file()
    file = FILENAME
    counted = 1
    own = module_of(FILENAME)
    ours = (FILENAME ~ /^(src|include|mountd|tests)\//)
    once = 0
    opened = 0
}

{ lines = FNR }

FNR <= 2 && FILENAME ~ /\.hpp$/ && $0 !~ /^\/\/ / {
    report(FNR, "a header begins with two comment lines: what it is, where its format is documented")
}

/^#pragma once/ { once = 1 }

{
    text = $0
    # A letter of several bytes is one column.
    gsub(/[\200-\277]/, "", text)
    if (length(text) > 100) report(FNR, length(text) " columns, 100 are allowed")
}

/\t/ { report(FNR, "a tab") }
/[ \t]$/ { report(FNR, "a blank at the end of the line") }

/(^|[^A-Za-z_])(TODO|FIXME|XXX)([^A-Za-z_X]|$)/ { report(FNR, "unfinished work is not left in") }

# Tests may pace a loop with usleep; nothing waits for a condition with a sleep.
ours && /sleep_for|sleep_until/ { report(FNR, "a sleep in place of a condition") }
/(^|[^a-z_])u?sleep\(/ && FILENAME !~ /^tests\// { report(FNR, "a sleep in place of a condition") }

/^#include/ {
    included = $2
    gsub(/[<>"]/, "", included)
    if (included ~ /^sqlite3/ && FILENAME !~ /^src\/ledger\//) report(FNR, "only src/ledger may include " included)
    if (included ~ /^fuse(3\/|_|\.h)/ && FILENAME !~ /^src\/fuse\//) report(FNR, "only src/fuse may include " included)
    if (included ~ /^(pqxx|libpq)/ && FILENAME !~ /^src\/postgres\//) report(FNR, "only src/postgres may include " included)
    other = ""
    if (included ~ /^tallyfs\//) { split(included, parts, "/"); other = parts[2] }
    else if (included ~ /\// && $2 ~ /^["<]/) { split(included, parts, "/"); if (parts[1] in level) other = parts[1] }
    if (own != "" && other != "" && other != own && (other in level)) {
        if (!(own in level)) report(FNR, "unknown module " own)
        else if (level[other] >= level[own] && !((own " " other) in may)) {
            report(FNR, own " (level " level[own] ") may not include " other " (level " level[other] ")")
        }
    }
}

# A function: a line at the margin, or one step in, that opens a body and is no type, namespace
# or initialiser; it ends at the closing brace of the same indentation.
{
    indentation = match($0, /[^ ]/) - 1
    if (opened) {
        if (indentation == margin && $0 ~ /^ *}/) {
            if (FNR - opened + 1 >= 70 && $0 !~ /;$/) {
                print FILENAME ":" opened ": a function of " (FNR - opened + 1) " lines, fewer than 70 are allowed"
            }
            opened = 0
        }
    } else if ((indentation == 0 || indentation == 4) && $0 ~ /\) ?(const|noexcept|override|final|mutable|->[^;]*| )*\{$/ \
               && $0 !~ /^ *(namespace|struct|class|enum|union|if|for|while|switch|else|\}|extern|TEST_CASE|SECTION)/) {
        opened = FNR
        margin = indentation
    }
}

END { end_of_file() }
