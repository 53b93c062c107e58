#include "trail/delivery_json.hpp"

#include <tallyfs/base/error.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <vector>

namespace tallyfs::trail {

namespace {

namespace json = boost::json;

/// The deepest format has a message at 3; what services put beside it is hardly deeper.
constexpr std::size_t depth_max = 32;
/// Longer than any key that means something here.
constexpr std::size_t key_bytes_max = 24;

bool names_a_list(std::string_view key) {
    return key == "events" || key == "logEvents" || key == "records";
}

/// What an object says that can be a message.
struct element {
    std::string id;
    std::string message;
    std::string data;
    bool has_message = false;
    bool has_data = false;
    bool has_severity = false;  ///< no log service writes it, and every entry of jsonlog has it
};

/// The names and signatures of on_… are those that basic_parser asks for.
class message_finder {
  public:
    using text_view = json::string_view;
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    explicit message_finder(const delivery_sink& sink) : sink_(sink) {}

    [[nodiscard]] bool is_log_entry() const noexcept { return top_.has_severity; }
    [[nodiscard]] std::uint64_t empty_elements() const noexcept { return empty_elements_; }

    bool on_document_begin(error_code&) {
        levels_.clear();
        top_ = {};
        message_type_.clear();
        request_id_.clear();
        saw_list_ = false;
        inner_depth_ = 0;
        return true;
    }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) {
        const bool listed = levels_.size() == 1
                                ? !levels_[0].is_object
                                : levels_.size() == 2 && levels_[0].is_object &&
                                      !levels_[1].is_object && names_a_list(levels_[0].key);
        forget_value();
        levels_.push_back({true, {}});
        if (listed) {
            inner_ = {};
            inner_depth_ = levels_.size();
        }
        return true;
    }
    bool on_object_end(std::size_t, error_code&) {
        if (levels_.size() == inner_depth_) {
            inner_depth_ = 0;
            give(inner_);
        } else if (levels_.size() == 1) {
            if (!request_id_.empty()) sink_.request_id(request_id_);
            if (!top_.has_severity && (top_.has_message || !saw_list_)) give(top_);
        }
        levels_.pop_back();
        return true;
    }
    bool on_array_begin(error_code&) {
        saw_list_ = saw_list_ || levels_.empty() ||
                    (levels_.size() == 1 && levels_[0].is_object && names_a_list(levels_[0].key));
        forget_value();
        levels_.push_back({false, {}});
        return true;
    }
    bool on_array_end(std::size_t, error_code&) {
        levels_.pop_back();
        return true;
    }
    bool on_key_part(text_view piece, std::size_t, error_code&) { return add_to_key(piece); }
    bool on_key(text_view piece, std::size_t, error_code&) {
        add_to_key(piece);
        levels_.back().key.swap(key_);
        key_.clear();
        choose_value();
        return true;
    }
    bool on_string_part(text_view piece, std::size_t, error_code&) {
        if (into_ != nullptr) into_->append(piece.data(), piece.size());
        return true;
    }
    bool on_string(text_view piece, std::size_t, error_code&) {
        if (into_ != nullptr) into_->append(piece.data(), piece.size());
        if (found_ != nullptr) *found_ = true;
        forget_value();
        return true;
    }
    bool on_number_part(text_view, error_code&) { return true; }
    bool on_int64(std::int64_t, text_view, error_code&) { return forget_value(); }
    bool on_uint64(std::uint64_t, text_view, error_code&) { return forget_value(); }
    bool on_double(double, text_view, error_code&) { return forget_value(); }
    bool on_bool(bool, error_code&) { return forget_value(); }
    bool on_null(error_code&) { return forget_value(); }
    bool on_comment_part(text_view, error_code&) { return true; }
    bool on_comment(text_view, error_code&) { return true; }

  private:
    struct level {
        bool is_object;
        std::string key;  ///< the one whose value is read
    };

    bool add_to_key(text_view piece) {
        const auto room = key_bytes_max - key_.size();
        key_.append(piece.data(), std::min(room, piece.size()));
        return true;
    }
    bool forget_value() {
        into_ = nullptr;
        found_ = nullptr;
        return true;
    }
    /// Where the value of the key that was read belongs.
    void choose_value() {
        forget_value();
        const auto depth = levels_.size();
        const std::string_view key = levels_.back().key;
        if (depth != inner_depth_ && depth != 1) return;
        auto& of = depth == inner_depth_ ? inner_ : top_;
        if (key == "error_severity") of.has_severity = true;
        if (key == "message") choose(of.message, &of.has_message);
        if (key == "id" || key == "eventId") choose(of.id, nullptr);
        if (key == "data") choose(of.data, &of.has_data);
        if (depth != 1) return;
        if (key == "requestId") choose(request_id_, nullptr);
        if (key == "messageType") choose(message_type_, nullptr);
    }
    void choose(std::string& into, bool* found) {
        into.clear();
        into_ = &into;
        found_ = found;
    }
    void give(const element& one) {
        if (one.has_message && !one.has_severity) {
            // The service asks with it whether anybody is there.
            const bool asks = message_type_ == "CONTROL_MESSAGE" ||
                              (one.id.empty() && one.message.starts_with("CWL CONTROL MESSAGE:"));
            if (!asks) sink_.message(one.id, one.message);
        } else if (one.has_data && !one.has_severity) {
            sink_.data(one.data);
        } else {
            ++empty_elements_;
        }
    }

    const delivery_sink& sink_;
    std::vector<level> levels_;
    element top_;
    element inner_;
    std::size_t inner_depth_ = 0;  ///< 0: none is open
    std::string key_;
    std::string message_type_;
    std::string request_id_;
    std::string* into_ = nullptr;
    bool* found_ = nullptr;
    bool saw_list_ = false;
    std::uint64_t empty_elements_ = 0;
};

std::string_view without_blanks(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

}  // namespace

delivery_reading read_delivery_json(std::string_view text, const delivery_sink& sink) {
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;  // a log has what its clients sent
    json::basic_parser<message_finder> parser(options, sink);
    const auto& finder = parser.handler();
    delivery_reading reading;
    const auto whole = without_blanks(text).size();
    for (auto rest = without_blanks(text); !rest.empty(); rest = without_blanks(rest)) {
        const bool is_first = rest.size() == whole;
        error_code error;
        parser.reset();
        const auto read = parser.write_some(false, rest.data(), rest.size(), error);
        if (error) {
            reading.problem = "is not JSON behind byte " +
                              std::to_string(text.size() - rest.size() + read) + ": " +
                              error.message();
            return reading;
        }
        if (is_first && finder.is_log_entry()) {
            reading.is_log_entry = true;
            return reading;
        }
        if (finder.is_log_entry()) {
            reading.problem = "has entries of jsonlog among messages";
            return reading;
        }
        rest.remove_prefix(read);
    }
    if (finder.empty_elements() > 0)
        reading.problem =
            "has elements without a message: " + std::to_string(finder.empty_elements());
    return reading;
}

}  // namespace tallyfs::trail
