#include <tallyfs/tree/node.hpp>

namespace tallyfs::tree {

namespace {

class grouped_directory final : public directory {
  public:
    grouped_directory(std::shared_ptr<const directory> all,
                      std::map<std::string, std::uint32_t, std::less<>> groups)
        : all_(std::move(all)), groups_(std::move(groups)) {}

    [[nodiscard]] std::vector<named_node> list() const override {
        auto entries = all_->list();
        for (auto& entry : entries) restrict(entry.name, entry.node);
        return entries;
    }
    [[nodiscard]] std::optional<node> find(std::string_view name) const override {
        auto found = all_->find(name);
        if (found) restrict(name, *found);
        return found;
    }
    [[nodiscard]] bool follows_journal() const override { return all_->follows_journal(); }
    [[nodiscard]] std::optional<node> create(std::string_view name, const user& by) const override {
        return all_->create(name, by);
    }

  private:
    void restrict(std::string_view name, node& to) const {
        const auto place = groups_.find(name);
        if (place == groups_.end()) return;
        const bool is_directory =
            std::holds_alternative<std::shared_ptr<const directory>>(to.content);
        to.access.mode = is_directory ? 0550 : 0440;
        to.access.group = place->second;
    }

    const std::shared_ptr<const directory> all_;
    const std::map<std::string, std::uint32_t, std::less<>> groups_;
};

}  // namespace

std::shared_ptr<const directory> for_groups(
    std::shared_ptr<const directory> root,
    std::map<std::string, std::uint32_t, std::less<>> groups) {
    if (groups.empty()) return root;
    return std::make_shared<grouped_directory>(std::move(root), std::move(groups));
}

}  // namespace tallyfs::tree
