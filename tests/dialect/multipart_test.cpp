// A form is read in the time of its bytes, however many lines, parts and beginnings it has.
#include "support/catch.hpp"

#include <dialect/multipart.hpp>

#include <ctime>
#include <limits>
#include <string>

using namespace tallyfs;

namespace {

constexpr auto whole = std::numeric_limits<std::size_t>::max();

/// A form that is read in pieces of so many bytes.
struct reading final : dialect::form_sink {
    reading(std::string_view body, std::size_t piece_bytes) {
        dialect::form_reader reader("multipart/form-data; boundary=b", *this);
        const auto began = std::clock();
        while (!body.empty()) {
            const auto piece = body.substr(0, piece_bytes);
            reader.feed(piece);
            body.remove_prefix(piece.size());
        }
        seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
        complete = reader.complete();
    }
    void begin_part(std::string_view, bool) override { ++parts; }
    void part_piece(std::string_view bytes) override { content += bytes; }
    void end_part() override { ++ended; }

    std::size_t parts = 0;
    std::size_t ended = 0;
    std::string content;
    bool complete = false;
    double seconds = 0;  // of the processor
};

std::string repeated(std::string_view begin, std::string_view text, std::size_t bytes) {
    std::string body(begin);
    while (body.size() < bytes) body += text;
    return body;
}

/// Of as many bytes, in lines of a word.
double seconds_of_text(std::size_t bytes, std::size_t piece_bytes) {
    return reading(repeated("--b\r\n\r\n", "word\r\n", bytes), piece_bytes).seconds;
}

}  // namespace

TEST_CASE("a form of newlines, tiny parts or false delimiters takes about the time of text") {
    const std::pair<std::string_view, std::string_view> forms[] = {
        {"", "\n"}, {"--b\n", "\n--b\n"}, {"--b\r\n\r\n", "\r\n--"}, {"--b\r\n\r\n", "\r\n--bx"}};
    // What grows with the square of the size is seen at the smaller one, in seconds.
    for (const std::size_t bytes : {std::size_t{1} << 20, std::size_t{4} << 20}) {
        for (const std::size_t piece_bytes : {std::size_t{64} << 10, whole}) {
            const double text = seconds_of_text(bytes, piece_bytes);
            for (const auto& [begin, line] : forms) {
                INFO(bytes << " bytes of \"" << line << "\", " << piece_bytes << " at once");
                REQUIRE(reading(repeated(begin, line, bytes), piece_bytes).seconds <
                        40 * text + 0.05);
            }
        }
    }
}

TEST_CASE("lines that arrive byte by byte are searched once") {
    constexpr std::size_t bytes = std::size_t{256} << 10;
    const std::string blanks(16'000, ' ');
    const double text = seconds_of_text(bytes, 1);
    // A line of the preamble, of a head, and one that can still be a delimiter's.
    for (const auto& body : {repeated("", blanks + "\n", bytes),
                             repeated("--b\r\n\r\n", "\r\n--b\r\n" + blanks + "\n", bytes),
                             repeated("--b\r\n\r\n", "\r\n--b" + blanks + "x", bytes)}) {
        REQUIRE(reading(body, 1).seconds < 40 * text + 0.05);
    }
}

TEST_CASE("a form is read whole wherever the pieces of a long one end") {
    constexpr std::size_t around = std::size_t{64} << 10;
    for (std::size_t size = around - 40; size < around + 10; ++size) {
        const std::string content(size, 'x');
        const auto body =
            "--b\r\nX: y\r\n\r\n" + content + "\r\n--b\r\n\r\n--b\r\n\r\n--bz\r\n--b--\r\n";
        const reading made(body, whole);
        INFO(size);
        REQUIRE(made.complete);
        REQUIRE(made.parts == 3);
        REQUIRE(made.ended == 3);
        REQUIRE(made.content == content + "--bz");
    }
}
