// What was said in a call: messages with their roles, and a stream joined into the text that its
// reader saw. Pure. Source of the forms: Ollama's api/types.go and openai/, at v0.33.
#pragma once

#include <tallyfs/dialect/route.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace tallyfs::dialect {

enum class speech : unsigned char { text, thinking, tool_call, tool_result, other };

/// One thing that somebody said. Of a tool's call `text` is the arguments, of `other` what stands
/// in for it ("[2 images]").
struct utterance {
    std::string role;  ///< "user"
    speech kind = speech::text;
    std::string name;  ///< of the tool
    std::string text;

    bool operator==(const utterance&) const = default;
};
using transcript = std::vector<utterance>;

/// A document's first value, as Ollama reads it: what follows is ignored. nullopt for what is no
/// JSON, is nested deeper than 200 levels, or is not UTF-8.
[[nodiscard]] std::optional<boost::json::value> parse_document(std::string_view text);

/// What a request says to the model. Keys are matched as Go matches them: without case.
[[nodiscard]] transcript read_request(operation op, const boost::json::value& body);

/// Collects what a reply says: from one document, or from the events of a stream in their order.
class reply_joiner {
  public:
    explicit reply_joiner(operation op) : op_(op) {}
    /// A whole reply, a line of a stream, or the data of an event.
    void add(const boost::json::value& document);

    [[nodiscard]] const transcript& said() const noexcept { return said_; }
    [[nodiscard]] const std::string& model() const noexcept { return model_; }
    /// done_reason, finish_reason, stop_reason or status; "" if none was told.
    [[nodiscard]] const std::string& finish() const noexcept { return finish_; }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }

  private:
    /// Choice or block, part in it, kind: what further pieces are added to.
    using place = std::tuple<std::int64_t, std::int64_t, speech>;

    utterance& at(const place& where);
    void append(const place& where, std::string_view text);
    void add_native(const boost::json::object& event);
    void add_openai(const boost::json::object& event);
    void add_responses(const boost::json::object& event);
    void add_output_item(std::int64_t index, const boost::json::object& item);
    void add_messages(const boost::json::object& event);
    void add_block(std::int64_t index, const boost::json::object& block);
    void add_tool_calls(std::int64_t choice, const boost::json::object& message);
    void note_error(const boost::json::object& event);

    operation op_;
    transcript said_;
    std::map<place, std::size_t> places_;
    std::int64_t native_calls_ = 0;
    std::string model_;
    std::string finish_;
    std::string error_;
};

/// A stream's bytes, joined.
struct joined_reply {
    reply_joiner reply;
    std::size_t events = 0;      ///< that could be read
    std::size_t unreadable = 0;  ///< … and that could not: the last one of a stream that was cut
};
/// `events`: server-sent events; otherwise a line each.
[[nodiscard]] joined_reply join_stream(operation op, bool events, std::string_view bytes);

/// For people: a heading for each utterance, then its text without control characters.
[[nodiscard]] std::string to_text(const transcript& said);
// For programs: [{"role","kind","name"?,"text"}], and back; what is not of this form is left out.
[[nodiscard]] boost::json::array to_json(const transcript& said);
[[nodiscard]] transcript from_json(const boost::json::value& said);

}  // namespace tallyfs::dialect
