#include "audit/shown_name.hpp"

#include "audit/words.hpp"

#include <tallyfs/base/digest.hpp>
#include <tallyfs/base/masked_sql.hpp>
#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::audit {

namespace {

constexpr std::size_t user_bytes_max = 255;  // of PostgreSQL: 63; of a name in a directory: 255
constexpr std::size_t session_bytes_max = 32;
constexpr std::size_t object_bytes_max = 100;
constexpr std::size_t ticket_bytes_max = 48;
constexpr std::size_t text_bytes_max = 200;

std::string readable(std::string_view text, std::size_t bytes_max) {
    std::string made;
    for (std::size_t at = 0; at < text.size() && made.size() < bytes_max;) {
        const auto length = std::max<std::size_t>(utf8_length(text, at), 1);
        const auto character = text.substr(at, length);
        made += is_readable_line(character) ? character : std::string_view("?");
        at += length;
    }
    return std::string(clip_utf8(made, bytes_max));
}

}  // namespace

std::string shown_user(std::string_view user) {
    const bool plain = user.size() <= user_bytes_max && is_readable_line(user);
    return plain ? std::string(user) : encode_name(user);
}

std::string shown_session(std::string_view session) {
    const bool plain =
        session.size() <= session_bytes_max && std::ranges::all_of(session, [](char c) {
            return c > ' ' && c < 0x7f && c != '"' && c != '\\';
        });
    return plain ? std::string(session) : sha256_hex(session).substr(0, session_bytes_max);
}

std::string shown_object(std::string_view object) {
    return readable(object, object_bytes_max);
}
std::string shown_ticket(std::string_view ticket) {
    return readable(ticket, ticket_bytes_max);
}

std::string shown_text(const record::audit_event& event) {
    std::string made;
    const auto add = [&made](std::string_view text) {
        if (!text.empty()) made.append(made.empty() ? "" : " ").append(text);
    };
    if (event.kind == "statement") {
        add(event.command.empty() ? event.class_name : event.command);
        add(event.object.empty() ? masked(event.statement, text_bytes_max) : event.object);
    } else {
        if (event.sqlstate != "00000") add(event.sqlstate);
        add(event.message);
    }
    return readable(made, text_bytes_max);
}

}  // namespace tallyfs::audit
