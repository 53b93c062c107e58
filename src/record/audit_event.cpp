#include "record/audit_fields.hpp"
#include "record/field_writer.hpp"

#include <tallyfs/base/text.hpp>

#include <algorithm>

namespace tallyfs::record {

namespace {

constexpr std::string_view cut_mark = "...";
/// The longest escape that a byte can become: six characters.
constexpr std::size_t escape_bytes_max = 6;

/// Appends `text` as a JSON string of at most `bytes_max` bytes between its quotes; what is longer
/// ends in "...".
void append_cut_string(std::string& out, std::string_view text, std::size_t bytes_max) {
    const auto start = out.size();
    if (text.size() <= bytes_max) {
        append_json_string(out, text);
        if (out.size() - start <= bytes_max + 2) return;
    }
    const auto room = bytes_max - std::min(bytes_max, cut_mark.size());
    auto kept = clip_utf8(text, room);
    for (;;) {
        out.resize(start);
        append_json_string(out, kept);
        const auto bytes = out.size() - start - 2;
        if (bytes <= room) break;
        // Each byte that is left out takes at most six with it.
        const auto excess = (bytes - room + escape_bytes_max - 1) / escape_bytes_max;
        const auto fitting = kept.size() * room / bytes;
        kept = clip_utf8(kept, std::min(kept.size() - excess, std::max<std::size_t>(fitting, 1)));
    }
    out.insert(out.size() - 1, cut_mark.substr(0, bytes_max));
}

class audit_writer : field_writer {
  public:
    using field_writer::field_writer;

    template <class Field>
    void operator()(std::string_view name, const Field& field) {
        begin(name);
        put(field);
    }

  private:
    using field_writer::put;
    void put(const cut_text<const std::string>& field) {
        // No room but for dots: as if it were not there.
        if (field.text.empty() || left_ <= cut_mark.size()) {
            out_ += "null";
            return;
        }
        const auto start = out_.size();
        append_cut_string(out_, field.text, std::min(field.bytes_max, left_));
        left_ -= std::min(left_, out_.size() - start);
    }
    void put(const std::vector<std::string>& rules) {
        out_ += '[';
        const auto count = std::min(rules.size(), audit_rules_max);
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) out_ += ',';
            append_bounded_string(out_, rules[i], audit_rule_bytes_max);
        }
        out_ += ']';
    }

    std::size_t left_ = audit_texts_bytes_max;
};

}  // namespace

void append_line(std::string& out, const audit_event& e) {
    append_chain_link(out, {e.time, e.number, e.previous});
    visit_audit_fields(e, audit_writer(out));
    out += "}\n";
}

}  // namespace tallyfs::record
