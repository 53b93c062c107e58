#include "postgres/wording.hpp"

#include <tallyfs/base/text.hpp>

#include <array>
#include <cctype>

namespace tallyfs::postgres {

namespace {

constexpr std::size_t message_bytes_max = 300;

bool is_state_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/// Where "FATAL:  28P01: …" has its SQLSTATE, in a message of libpq's verbosity VERBOSE; npos if
/// there is none. What stands before it is in the server's language.
std::size_t state_in(std::string_view said) {
    for (auto at = said.find(":  "); at != said.npos; at = said.find(":  ", at + 1)) {
        const auto state = said.substr(at + 3, 7);
        if (state.size() < 7 || state.substr(5) != ": ") continue;
        bool all = true;
        for (const char c : state.substr(0, 5)) all = all && is_state_character(c);
        if (all) return at + 3;
    }
    return said.npos;
}

/// What is between single quotes, left out: messages quote what they stumbled over.
std::string without_literals(std::string_view text) {
    std::string kept;
    bool inside = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool apostrophe = i > 0 && i + 1 < text.size() && std::isalpha(text[i - 1] & 0x7f) &&
                                std::isalpha(text[i + 1] & 0x7f);
        if (text[i] == '\'' && !apostrophe) {
            if (!inside) kept += "'?'";
            inside = !inside;
        } else if (!inside) {
            kept += text[i];
        }
    }
    return kept;
}

std::string message_at(std::string_view said, std::size_t state) {
    const auto message = said.substr(state + 7);
    return one_line(message.substr(0, message.find('\n')));
}

struct known {
    std::string_view sign;
    std::string_view text;
};

/// What to do, by SQLSTATE, {role} and {database} filled in.
constexpr std::array<known, 7> by_state{{
    {"28P01", "password refused for role {role}: is it the right one, and not expired?"},
    {"28000", "role {role} is not let in from here: see pg_hba.conf, and that the role may log in"},
    {"3D000", "there is no database {database}"},
    {"42501", "role {role} may not connect to {database}: GRANT CONNECT ON DATABASE"},
    {"53300", "the server has no connection free: see max_connections and the role's limit"},
    {"57P03", "the server is starting, stopping, or refuses sessions for now"},
    {"55000", "database {database} takes no connections"},
}};

/// The same by what libpq says when it is no server's answer.
constexpr std::array<known, 9> by_text{{
    {"onnection refused", "connection refused: does PostgreSQL run there and listen on this port?"},
    {"No such file or directory\n\tIs the server",
     "there is no such socket: does PostgreSQL run here?"},
    {"certificate verify failed",
     "TLS: its certificate is not from an authority that we trust: set tls_root_file"},
    {"does not match host name", "TLS: its certificate is for another host"},
    {"root certificate file", "TLS: the file of trusted authorities cannot be read"},
    {"does not support SSL",
     "TLS: the server does not offer it, and without it nothing is sent there: see tls"},
    {"No route to host", "no route to that host"},
    {"etwork is unreachable", "the network is unreachable"},
    {"onnection timed out", "no answer from that host"},
}};

std::string filled(std::string_view text, const endpoint& where) {
    std::string made(text);
    const auto put = [&made](std::string_view name, const std::string& value) {
        if (const auto at = made.find(name); at != made.npos) made.replace(at, name.size(), value);
    };
    put("{role}", where.role);
    put("{database}", where.database);
    return made;
}

}  // namespace

std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
        if (!blank) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return std::string(clip_utf8(line, message_bytes_max));
}

std::string place_of(const endpoint& where) {
    if (where.host.starts_with('/')) return where.host;
    const bool brackets = where.host.find(':') != std::string::npos;
    return (brackets ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
}

failure failure_of(const PGresult* answer) {
    const auto field = [answer](int code) {
        const char* const text = PQresultErrorField(answer, code);
        return std::string(text == nullptr ? "" : text);
    };
    failure why;
    why.sqlstate = field(PG_DIAG_SQLSTATE);
    // Class 22 is about values, and its messages hold them: "invalid input syntax … "4711"".
    if (why.sqlstate.starts_with("22")) {
        why.what = "a value is not as it must be (" + why.sqlstate + ")";
        return why;
    }
    why.what = one_line(without_literals(field(PG_DIAG_MESSAGE_PRIMARY)));
    if (why.what.empty()) why.what = one_line(PQresultErrorMessage(answer));
    return why;
}

failure failure_to_connect(const endpoint& where, std::string_view said) {
    failure why;
    why.connection_lost = true;
    why.what = place_of(where) + ": ";
    if (const auto at = state_in(said); at != said.npos) {
        why.sqlstate = said.substr(at, 5);
        if (why.sqlstate == "28P01" && where.password.empty()) {
            why.what += filled("role {role} needs a password, and its credential has none", where);
            return why;
        }
        for (const auto& one : by_state) {
            if (one.sign == why.sqlstate) {
                why.what += filled(one.text, where);
                return why;
            }
        }
        why.what += message_at(said, at);
        return why;
    }
    for (const auto& one : by_text) {
        if (said.find(one.sign) != said.npos) {
            why.what += filled(one.text, where);
            return why;
        }
    }
    why.what += one_line(said);
    return why;
}

failure failure_of_break(std::string_view said) {
    const auto at = state_in(said);
    if (at == said.npos) return {"", "the connection broke", true};
    return {std::string(said.substr(at, 5)),
            "the server ended the session: " + message_at(said, at), true};
}

}  // namespace tallyfs::postgres
