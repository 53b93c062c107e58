#include <tallyfs/tree/inbox.hpp>
#include <tallyfs/tree/make.hpp>

namespace tallyfs::tree {

namespace {

/// A request has several lines, and bash writes each by itself; JSON on one line is whole.
bool is_one_line(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (text.find('\n') != std::string_view::npos) return false;
    return !(text.starts_with('{') && text.ends_with('}'));
}

}  // namespace

std::optional<node> inbox_directory::find(std::string_view name) const {
    const auto of = [this, name = std::string(name)](const user& who) -> std::optional<node> {
        auto text = from_.answer(who.uid, name);
        if (!text) return std::nullopt;
        return file_of(who.uid, name, std::move(*text));
    };
    return node{personal{of}, from_.now()};
}

std::optional<node> inbox_directory::create(std::string_view name, const user& by) const {
    return file_of(by.uid, std::string(name), "");
}

node inbox_directory::file_of(std::uint32_t uid, std::string name, std::string text) const {
    const auto version = version_of(std::hash<std::string>()(text));
    const auto write = [ask = from_.ask, name = std::move(name)](const user& by, std::string words,
                                                                 tree::answer done) {
        ask(by, name, std::move(words), std::move(done));
    };
    return {text_file{version, [text = std::move(text)] { return text; }, write,
                      from_.is_part != nullptr ? from_.is_part : is_one_line},
            from_.now(),
            {0600, uid}};
}

}  // namespace tallyfs::tree
