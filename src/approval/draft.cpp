#include "approval/wording.hpp"

#include <tallyfs/approval/request.hpp>
#include <tallyfs/base/nearest.hpp>
#include <tallyfs/base/text.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace tallyfs::approval {

namespace {

constexpr std::array<std::string_view, 7> own_keys{"kind",        "title",    "reason",  "env",
                                                   "environment", "evidence", "callback"};

refusal bad(std::string sentence) {
    return refuse(approval_errc::bad_command, std::move(sentence));
}

/// Collects key and value, wherever they come from.
class collector {
  public:
    /// The first mistake; later ones are not looked at.
    [[nodiscard]] const std::optional<refusal>& mistake() const { return mistake_; }
    void fail(refusal why) {
        if (!mistake_) mistake_ = std::move(why);
    }
    void add(std::string_view key, std::string value) {
        const auto lower = to_lower(key);
        const auto name = lower == "env" ? "environment" : lower;
        if (std::string* const field = own_field(name)) {
            if (!seen_.insert(name).second) return fail(bad(name + " is there twice: keep one"));
            *field = std::move(value);
        } else if (name == "plan" || name == "undo") {
            fail(bad(std::string(key) + " is not for you to say: it is made from the kind and its "
                                        "parameters; call a parameter otherwise"));
        } else {
            add_parameter(key, std::move(value));
            loose_.emplace_back(key);
        }
    }
    void add_parameter(std::string_view key, std::string value) {
        if (!asked_.parameters.emplace(key, std::move(value)).second) {
            fail(bad("the parameter " + cleaned(clip_utf8(key, word_bytes_max)) +
                     " is there twice: keep one"));
        }
    }
    [[nodiscard]] outcome<draft> finish(std::span<const std::string> kinds) {
        find_typing_mistakes();
        if (mistake_) return *mistake_;
        if (asked_.kind.empty()) return bad("kind= is missing: say what you ask for" + list(kinds));
        if (!kinds.empty() && std::ranges::find(kinds, asked_.kind) == kinds.end()) {
            const auto shown = cleaned(clip_utf8(asked_.kind, word_bytes_max));
            const auto near = did_you_mean(shown, kinds);
            return bad("there is no kind " + shown + (near.empty() ? list(kinds) : near));
        }
        if (asked_.reason.empty() && asked_.title.empty()) {
            return bad("reason= is missing: say why, for those who decide");
        }
        return checked(std::move(asked_));
    }

  private:
    std::string* own_field(std::string_view name) {
        if (name == "kind") return &asked_.kind;
        if (name == "title") return &asked_.title;
        if (name == "reason") return &asked_.reason;
        if (name == "environment") return &asked_.environment;
        if (name == "evidence") return &asked_.evidence;
        if (name == "callback") return &asked_.callback;
        return nullptr;
    }
    /// A parameter that is nearly one of our keys would quietly choose another chain.
    void find_typing_mistakes() {
        for (const auto& key : loose_) {
            for (const auto own : own_keys) {
                const auto field = own == "env" ? std::string_view("environment") : own;
                const std::size_t near = own.size() < 4 ? 0 : own.size() < 6 ? 1 : 2;
                if (seen_.contains(std::string(field)) || typing_distance(key, own) > near)
                    continue;
                fail(bad("unknown key " + key + "; did you mean " + std::string(own) +
                         "? If it is a parameter, put it under \"parameters\" of a JSON object"));
            }
        }
    }
    static std::string list(std::span<const std::string> kinds) {
        if (kinds.empty()) return {};
        std::string text = "; one of ";
        for (const auto& kind : kinds) {
            if (&kind != &kinds.front()) text += ", ";
            text += kind;
        }
        return text;
    }

    draft asked_;
    std::set<std::string> seen_;
    std::vector<std::string> loose_;  ///< parameters that stand among our own keys
    std::optional<refusal> mistake_;
};

void read_lines(std::string_view text, collector& into) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;
        const auto equals = line.find('=');
        const auto key = trimmed(line.substr(0, equals));
        if (equals == std::string_view::npos || key.empty()) {
            into.fail(bad("line " + std::to_string(number) +
                          " is not key=value: write kind=..., reason=..., one a line, or one JSON "
                          "object"));
            return;
        }
        into.add(key, std::string(trimmed(line.substr(equals + 1))));
    }
}

/// The text of a value that is one; nullopt for objects, lists and null.
std::optional<std::string> scalar(const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean() || value.is_number()) return value.dump();
    return std::nullopt;
}

/// Of a name that is there twice, one reader takes the first value and another the last.
class twice_finder {
  public:
    bool operator()(int /*depth*/, nlohmann::json::parse_event_t what, nlohmann::json& parsed) {
        using kind = nlohmann::json::parse_event_t;
        if (what == kind::object_start) open_.emplace_back();
        if (what == kind::object_end && !open_.empty()) open_.pop_back();
        if (what == kind::key && !open_.empty() &&
            !open_.back().insert(parsed.get_ref<const std::string&>()).second) {
            twice = parsed.get<std::string>();
        }
        return true;
    }
    std::string twice;

  private:
    std::vector<std::set<std::string>> open_;
};

void read_object(std::string_view text, collector& into) {
    twice_finder names;
    const auto parsed = nlohmann::json::parse(text, std::ref(names), false);
    if (!parsed.is_object()) {
        into.fail(bad("this is not valid JSON: write one object, or lines of key=value"));
        return;
    }
    if (!names.twice.empty()) {
        into.fail(
            bad(cleaned(clip_utf8(names.twice, word_bytes_max)) + " is there twice: keep one"));
        return;
    }
    for (const auto& [key, value] : parsed.items()) {
        if (key == "parameters" && value.is_object()) {
            for (const auto& [name, inner] : value.items()) {
                const auto one = scalar(inner);
                if (!one) return into.fail(bad("the parameter " + name + " is no text or number"));
                into.add_parameter(name, *one);
            }
            continue;
        }
        const auto one = scalar(value);
        if (!one)
            return into.fail(bad(key + " is no text or number: only \"parameters\" is an "
                                       "object"));
        into.add(key, *one);
    }
}

}  // namespace

outcome<draft> parse_draft(std::string_view text, std::span<const std::string> kinds) {
    if (text.size() > event_bytes_max) {
        return refuse(approval_errc::too_large, "a request is at most " +
                                                    std::to_string(event_bytes_max) +
                                                    " bytes: shorten the evidence");
    }
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    text = trimmed(text);
    if (text.empty()) return bad("the request is empty: write kind=... and reason=...");
    collector found;
    if (text.front() == '{' || text.front() == '[') {
        read_object(text, found);
    } else {
        read_lines(text, found);
    }
    return found.finish(kinds);
}

}  // namespace tallyfs::approval
