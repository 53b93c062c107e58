#include "views/captures_directory.hpp"

#include <tallyfs/tree/make.hpp>

#include <sys/stat.h>

#include <array>

namespace tallyfs::views {

namespace {

using capture::shelf;

constexpr std::size_t ids_shown_max = 10'000;
constexpr tree::access own_file{0400, std::nullopt};
constexpr tree::access own_directory{0500, std::nullopt};
constexpr std::array names{"about.json", "prompt.txt", "request.json", "response.json",
                           "response.txt"};

wall_time changed_on_disk(const struct ::stat& status) {
    return wall_time(std::chrono::seconds(status.st_mtim.tv_sec) +
                     std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::nanoseconds(status.st_mtim.tv_nsec)));
}

wall_time changed_at(const std::filesystem::path& path) {
    struct ::stat status {};
    return ::stat(path.c_str(), &status) == 0 ? changed_on_disk(status) : wall_time();
}

void add_files(tree::fixed_directory& to, const std::filesystem::path& capture) {
    for (const auto* name : names) {
        const auto path = capture / name;
        struct ::stat status {};
        if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
        const auto bytes = static_cast<std::uint64_t>(status.st_size);
        const tree::node node{tree::log_file{path, [bytes] { return bytes; }, true},
                              changed_on_disk(status), own_file};
        to.add(name, [node] { return node; });
    }
}

class call_directory final : public tree::directory {
  public:
    explicit call_directory(const std::filesystem::path& capture) { add_files(files_, capture); }
    [[nodiscard]] std::vector<tree::named_node> list() const override { return files_.list(); }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        return files_.find(name);
    }

  private:
    tree::fixed_directory files_;
};

tree::node own_node(std::shared_ptr<const tree::directory> directory, wall_time changed) {
    return {std::move(directory), changed, own_directory};
}

/// One day: the newest 10,000 calls are listed, all of them resolve.
class day_directory final : public tree::directory {
  public:
    day_directory(const std::filesystem::path& place, day date) : captures_(place), date_(date) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto& id : captures_.ids(date_, ids_shown_max)) {
            const auto name = id.to_string();
            entries.push_back({name, node_of(captures_.path_of(date_) / name)});
        }
        return entries;
    }
    [[nodiscard]] std::optional<tree::node> find(std::string_view name) const override {
        const auto id = uuid::parse(name);
        if (!id) return std::nullopt;
        const auto path = captures_.path_of(date_) / id->to_string();
        std::error_code failure;
        if (!std::filesystem::is_directory(path, failure)) return std::nullopt;
        return node_of(path);
    }

  private:
    [[nodiscard]] static tree::node node_of(const std::filesystem::path& path) {
        return own_node(std::make_shared<call_directory>(path), changed_at(path));
    }

    const shelf captures_;
    const day date_;
};

class captures_directory final : public tree::directory {
  public:
    explicit captures_directory(const std::filesystem::path& place)
        : directory_(place), captures_(place) {}

    [[nodiscard]] std::vector<tree::named_node> list() const override {
        std::vector<tree::named_node> entries;
        for (const auto date : captures_.days()) {
            entries.push_back({date.to_string(), node_of(date)});
        }
        return entries;
    }

  private:
    [[nodiscard]] tree::node node_of(day date) const {
        return own_node(std::make_shared<day_directory>(directory_, date),
                        changed_at(captures_.path_of(date)));
    }

    const std::filesystem::path directory_;
    const shelf captures_;
};

}  // namespace

std::shared_ptr<const tree::directory> make_captures_directory(
    const std::filesystem::path& directory) {
    return std::make_shared<captures_directory>(directory);
}

void add_capture(tree::fixed_directory& to, const std::filesystem::path& directory,
                 const uuid& id) {
    if (const auto capture = shelf(directory).find(id)) add_files(to, *capture);
}

}  // namespace tallyfs::views
