// A form: read the same however it arrives, and one that is written in the plain way is read as
// it was meant. Format: RFC 7578.
#include "fuzz/fuzz.hpp"
#include "fuzz/targets.hpp"

#include <dialect/multipart.hpp>

namespace tallyfs::fuzz {

namespace {

struct part {
    std::string name;
    bool is_file = false;
    std::string content;
    bool ended = false;
    bool operator==(const part&) const = default;
};

class recorder final : public dialect::form_sink {
  public:
    std::vector<part> parts;
    void begin_part(std::string_view name, bool is_file) override {
        require(parts.empty() || parts.back().ended, "a part begins after the one before");
        parts.push_back({std::string(name), is_file, {}, false});
    }
    void part_piece(std::string_view bytes) override {
        require(!parts.empty() && !parts.back().ended, "content belongs to a part");
        parts.back().content += bytes;
    }
    void end_part() override {
        require(!parts.empty() && !parts.back().ended, "a part ends once");
        parts.back().ended = true;
    }
};

struct form {
    std::vector<part> parts;
    bool complete = false;
    bool operator==(const form&) const = default;
};

form read(std::string_view content_type, std::string_view body, int cutting) {
    recorder sink;
    dialect::form_reader reader(content_type, sink);
    in_pieces(body, cutting, [&](std::string_view piece) { reader.feed(piece); });
    form read{std::move(sink.parts), reader.complete()};
    // Of a part that has not ended, how much is known depends on the cuts.
    if (!read.parts.empty() && !read.parts.back().ended) read.parts.back().content.clear();
    return read;
}

std::string without(std::string text, std::string_view unwanted) {
    std::erase_if(text, [&](char c) { return unwanted.find(c) != unwanted.npos; });
    return text;
}

/// A form with what the input holds, written as a client writes it.
void check_written(std::string_view input) {
    constexpr std::string_view boundary = "----8d1f0c2a7e";
    std::vector<part> meant;
    while (!input.empty()) {
        const auto name = without(std::string(take_until(input, '\n')), "\r\n");
        const auto content = take_until(input, '\x1e');
        if (content.find(boundary) != content.npos) return;
        meant.push_back({name, name.size() % 2 == 1, std::string(content), true});
    }
    if (meant.empty()) return;
    std::string body;
    for (const auto& each : meant) {
        std::string quoted;
        for (const char c : each.name) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        body.append("--").append(boundary).append("\r\n");
        body.append("Content-Disposition: form-data; name=\"").append(quoted).append("\"");
        if (each.is_file) body.append("; filename=\"a file\"\r\nContent-Type: audio/wav");
        body.append("\r\n\r\n").append(each.content).append("\r\n");
    }
    body.append("--").append(boundary).append("--\r\n");
    const auto type = "multipart/form-data; boundary=" + std::string(boundary);
    for (int cutting = 0; cutting < cuttings; ++cutting) {
        const auto form = read(type, body, cutting);
        require(form.complete && form.parts == meant, "a form is read as it was written");
    }
}

}  // namespace

void multipart(std::string_view input) {
    check_written(input);
    const std::string content_type(take_until(input, '\n'));
    const auto whole = read(content_type, input, 0);
    for (int cutting = 1; cutting < cuttings; ++cutting)
        require(read(content_type, input, cutting) == whole, "cuts do not change a form");
}

}  // namespace tallyfs::fuzz
