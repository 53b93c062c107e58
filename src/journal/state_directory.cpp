#include <tallyfs/base/day.hpp>
#include <tallyfs/base/error.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/state_directory.hpp>

#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::journal {

namespace {

constexpr std::size_t key_bytes = 32;        // the block that HMAC-SHA-256 reduces longer keys to
constexpr std::size_t text_bytes_max = 256;  // of the small files here: a number, a zone's name

std::string without_newline(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

/// Mode 0700 for every level that has to be made: the names of what others do are in here.
void make_directories(const std::filesystem::path& path) {
    std::filesystem::path level;
    for (const auto& name : std::filesystem::absolute(path)) {
        level /= name;
        if (name.empty() || ::mkdir(level.c_str(), 0700) == 0 || errno == EEXIST) continue;
        const error_code failure = last_system_error();
        // A level above may be on a read-only or foreign file system, and exist.
        std::error_code unknown;
        if (std::filesystem::is_directory(level, unknown)) continue;
        throw startup_error("cannot create the state directory " + path.string() + ": " +
                            failure.message() + "; choose another with --state");
    }
    std::error_code unknown;
    if (!std::filesystem::is_directory(path, unknown)) {
        throw startup_error("the state directory " + path.string() +
                            " is not a directory; choose another with --state");
    }
}

void keep(const std::filesystem::path& file, std::string_view content) {
    if (auto kept = replace_file(file, content); !kept) {
        throw startup_error("cannot write " + file.string() + ": " + kept.error().message());
    }
}

/// The content of a small file; nullopt if there is none.
std::optional<std::string> read_if_there(const std::filesystem::path& file) {
    auto content = read_file(file, text_bytes_max);
    if (content) return std::move(*content);
    if (content.error() == boost::system::errc::no_such_file_or_directory) return std::nullopt;
    throw startup_error("cannot read " + file.string() + ": " + content.error().message());
}

/// Made anew where there is none; `otherwise` is what that means for what was made with the old.
std::string key_in(const std::filesystem::path& file, const std::string& otherwise) {
    if (auto key = read_if_there(file)) {
        if (key->size() == key_bytes) return std::move(*key);
        throw startup_error(file.string() + " has " + std::to_string(key->size()) + " bytes, not " +
                            std::to_string(key_bytes) +
                            ": restore it, or delete it to begin with a new key (" + otherwise +
                            ")");
    }
    std::string key(key_bytes, '\0');
    if (::getrandom(key.data(), key.size(), 0) != static_cast<::ssize_t>(key.size())) {
        throw startup_error("cannot make a random key: " + last_system_error().message());
    }
    keep(file, key);
    return key;
}

}  // namespace

state_directory::state_directory(std::filesystem::path path) : path_(std::move(path)) {
    make_directories(path_);
    take_lock();
    check_format();
}

void state_directory::take_lock() {
    const auto file = path_ / "lock";
    auto fd = open_file(file, O_RDWR | O_CREAT);
    if (!fd) {
        throw startup_error("cannot open " + file.string() + ": " + fd.error().message() +
                            "; the state directory must belong to who runs tallyfs");
    }
    lock_ = std::move(*fd);
    int refused = 0;
    do {
        refused = ::flock(lock_.get(), LOCK_EX | LOCK_NB);
    } while (refused != 0 && errno == EINTR);
    if (refused != 0 && errno == EWOULDBLOCK) {
        const auto content = read_at(lock_.get(), 0, text_bytes_max);
        const std::string pid = content ? without_newline(*content) : std::string();
        const std::string who = pid.empty() ? "another process" : "process " + pid;
        const std::string stop = pid.empty() ? "Stop it" : "Stop it (kill " + pid + ")";
        throw startup_error("the state directory " + path_.string() + " is in use by " + who +
                            ". " + stop + " or choose another with --state");
    }
    if (refused != 0) {
        throw startup_error("cannot lock " + file.string() + ": " + last_system_error().message());
    }
    // The lock holds without the pid as well, so a full disk is no reason to stop here.
    const std::string pid = std::to_string(::getpid()) + '\n';
    const bool emptied = ::ftruncate(lock_.get(), 0) == 0;
    if (auto written = write_all(lock_.get(), pid); !emptied || !written) {
        spdlog::warn("cannot write the process id into {}", file.string());
    }
}

void state_directory::check_format() const {
    const auto file = path_ / "FORMAT";
    const auto content = read_if_there(file);
    if (!content) return keep(file, std::to_string(format_version) + '\n');
    const std::string text = without_newline(*content);
    int found = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
    if (error != std::errc() || end != text.data() + text.size() || found < 1) {
        throw startup_error(file.string() +
                            " does not hold the number of a format, so what is in " +
                            path_.string() + " is unknown; choose another directory with --state");
    }
    if (found > format_version) {
        throw startup_error("the state directory " + path_.string() + " has format " + text +
                            ", this tallyfs knows formats up to " + std::to_string(format_version) +
                            ": run the newer tallyfs that wrote it, or choose another directory "
                            "with --state");
    }
}

std::string state_directory::prompt_hash_key() const {
    return key_in(path_ / "prompt-hash.key",
                  "repeated prompts are then not recognised across the change");
}

std::string state_directory::answers_key() const {
    return key_in(path_ / "answers.key", "links in messages that were sent are then worthless");
}

std::string state_directory::day_zone(const std::string& configured) const {
    const auto file = path_ / "day_zone";
    const auto content = read_if_there(file);
    const std::string remembered = content ? without_newline(*content) : std::string();
    std::string name = configured;
    if (name.empty()) name = remembered.empty() ? zone::host_name() : remembered;
    if (name != remembered) keep(file, name + '\n');
    return name;
}

}  // namespace tallyfs::journal
