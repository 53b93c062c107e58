#include "audit/format_reader.hpp"
#include "audit/text_group.hpp"

#include <algorithm>

namespace tallyfs::audit {

namespace {

using kind = prefix_pattern::line;

/// An entry is its first line, lines that begin with a tab, and, with a prefix of their own, what
/// the server writes along with it: DETAIL, HINT, STATEMENT.
class text_reader final : public format_reader {
  public:
    explicit text_reader(const text_prefix& prefix)
        : pattern_(prefix.format()), has_names_(!prefix.is_guarded()) {
        texts_.trust = has_names_ ? trust::text : trust::guarded_text;
        texts_.names_user = pattern_.has('u');
        texts_.names_sqlstate = pattern_.has('e');
    }

    reading_step next(std::string_view bytes, bool is_end, log_entry& entry) override {
        while (line_ < bytes.size()) {
            const auto found = bytes.find('\n', searched_);
            const bool has_end = found != bytes.npos;
            searched_ = has_end ? found + 1 : bytes.size();
            if (!has_end && !is_end) return {};
            if (!add(bytes.substr(line_, searched_ - line_))) {
                if (group_.is_empty()) return stray(bytes.substr(0, searched_), entry);
                return whole(bytes.substr(0, line_), entry);
            }
            line_ = searched_;
        }
        return is_end && !group_.is_empty() ? whole(bytes, entry) : reading_step{};
    }

    reading_step cut(std::string_view bytes, log_entry& entry) override {
        const auto rest = bytes.substr(line_);
        if (group_.is_empty() || rest.starts_with('\t') || rest.empty()) {
            if (!rest.empty() && !add(rest)) {
                take(bytes.size());
                return {reading_step::found::unreadable, bytes.size()};
            }
            const auto step = whole(bytes, entry);
            entry.cut = true;
            return step;
        }
        // Where the last line begins with a prefix it is another entry.
        return whole(bytes.substr(0, line_), entry);
    }

    void forget() override {
        group_.clear();
        is_torn_ = false;
        searched_ = line_ = 0;
    }
    [[nodiscard]] bool begins_entry(std::string_view line) override {
        prefix_fields fields;
        return !line.starts_with('\t') &&
               pattern_.read(without_line_end(line), fields) != kind::other;
    }
    [[nodiscard]] std::size_t whole_bytes(std::string_view bytes) const override {
        const auto end = bytes.rfind('\n');
        if (end == bytes.npos || bytes.substr(end + 1).starts_with('\t')) return 0;
        return end + 1;
    }

  private:
    [[nodiscard]] std::uint64_t here() const { return position_ + line_; }

    /// Whether the line belongs to the group, or begins it.
    bool add(std::string_view line) {
        const auto text = without_line_end(line);
        if (text.empty() || text.front() == '\t') {
            if (group_.is_empty()) return false;
            group_.go_on(line_ + line.size(), !text.empty());
            return true;
        }
        prefix_fields fields;
        const auto what = pattern_.read(text, fields);
        const bool within = here() < forged_until_;
        if (what == kind::torn && has_names_) return begin_torn(text, fields);
        if (what == kind::whole || what == kind::ambiguous)
            return add_prefixed(text, fields, what == kind::ambiguous || within);
        // In a forged entry this is the rest of what the server wrote itself.
        return group_.is_forged() && within;
    }

    /// A name that holds the end of a line: what comes as far behind as it can reach is not
    /// believed, whatever it looks like.
    bool begin_torn(std::string_view text, prefix_fields& fields) {
        if (!group_.is_empty()) return false;
        forged_until_ = std::max(forged_until_, here() + fields.names_begin + pattern_.reach());
        fields.message = fields.names_begin;
        group_.begin(text, fields, line_, true);
        is_torn_ = true;
        return true;
    }

    bool add_prefixed(std::string_view text, const prefix_fields& fields, bool forged) {
        const bool follows = is_attached(fields.severity);
        if (is_torn_ && here() < forged_until_) {
            // What the torn line was meant to hide, and what it looks like.
            group_.begin(text, fields, line_, true);
            is_torn_ = false;
            return true;
        }
        if (follows && group_.takes(fields)) {
            group_.attach(text, fields, line_);
            return true;
        }
        if (!group_.is_empty() || follows) return false;
        group_.begin(text, fields, line_, forged);
        names_until_ = here() + fields.names_begin + pattern_.reach();
        return true;
    }

    reading_step whole(std::string_view bytes, log_entry& entry) {
        const bool read = group_.fill(bytes, texts_, entry);
        take(bytes.size());
        return {read ? reading_step::found::entry : reading_step::found::unreadable, bytes.size()};
    }

    /// A line that is part of nothing. If it looks like the end of one that a name has broken, the
    /// lines before it are what that name made up: they are not held back for it, but people are
    /// told.
    reading_step stray(std::string_view line, log_entry& entry) {
        const bool broken = has_names_ && here() < names_until_ && has_severity(line);
        if (broken) group_.fill_stray(without_line_end(line), texts_, entry);
        take(line.size());
        return {broken ? reading_step::found::entry : reading_step::found::unreadable, line.size()};
    }

    void take(std::size_t bytes) {
        position_ += bytes;
        forget();
    }

    prefix_pattern pattern_;
    bool has_names_;
    text_group group_;
    text_context texts_;
    bool is_torn_ = false;  ///< the group is nothing but a line that is torn
    std::size_t searched_ = 0;
    std::size_t line_ = 0;            ///< where the line begins that comes next
    std::uint64_t position_ = 0;      ///< of the group
    std::uint64_t forged_until_ = 0;  ///< what begins before can be part of a name
    std::uint64_t names_until_ = 0;   ///< how far the names of the last entry can reach
};

}  // namespace

std::unique_ptr<format_reader> make_text_reader(const text_prefix& prefix) {
    return std::make_unique<text_reader>(prefix);
}

}  // namespace tallyfs::audit
