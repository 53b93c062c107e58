// A tree that takes commands: what a test sees of them, and answers when it likes.
// Interfaces: tallyfs/tree/node.hpp.
#pragma once

#include "support/catch.hpp"
#include "synthetic.hpp"

#include <cerrno>

namespace tallyfs::test {

/// One value that refuses "bad", files that are created by writing, and one of each user's own.
class writing_desk {
  public:
    explicit writing_desk(queue_views& views) : views_(views) {}

    struct command {
        tree::user by;
        std::string text;
    };

    void add_to(tree::fixed_directory& root) {
        auto files = std::make_shared<tree::fixed_directory>();
        files->add("value", [this] { return value_node(); })
            .add("mine", [] { return personal_node(); })
            .add("slow", [this] { return slow_node(); })
            .add("lines", [this] { return lines_node(); });
        auto inbox = std::make_shared<inbox_directory>(*this);
        root.add("desk",
                 [files] {
                     return tree::node{files, {}};
                 })
            .add("inbox", [inbox] {
                return tree::node{inbox, {}};
            });
    }
    [[nodiscard]] std::vector<command> commands() const {
        const std::lock_guard lock(mutex_);
        return commands_;
    }
    /// Answers what waits in "slow".
    void answer_slow(const error_code& error) {
        tree::answer waiting;
        {
            const std::lock_guard lock(mutex_);
            waiting = std::exchange(slow_, nullptr);
        }
        REQUIRE(waiting);
        waiting(error);
    }
    void drop_slow() {
        const std::lock_guard lock(mutex_);
        slow_ = nullptr;
    }
    [[nodiscard]] bool slow_waits() const {
        const std::lock_guard lock(mutex_);
        return slow_ != nullptr;
    }

  private:
    class inbox_directory final : public tree::directory {
      public:
        explicit inbox_directory(writing_desk& owner) : owner_(owner) {}
        [[nodiscard]] std::vector<tree::named_node> list() const override {
            const std::lock_guard lock(owner_.mutex_);
            std::vector<tree::named_node> entries;
            for (const auto& [name, text] : owner_.inbox_) {
                entries.push_back({name, owner_.inbox_node(name, text)});
            }
            return entries;
        }
        [[nodiscard]] std::optional<tree::node> create(std::string_view name,
                                                       const tree::user&) const override {
            if (name == "forbidden") return std::nullopt;
            return owner_.inbox_node(std::string(name), "");
        }

      private:
        writing_desk& owner_;
    };

    tree::node value_node() {
        const std::lock_guard lock(mutex_);
        return {tree::text_file{version_, [value = value_] { return value; },
                                [this](const tree::user& by, std::string text, tree::answer done) {
                                    done(take(by, std::move(text), nullptr));
                                }},
                {}};
    }
    tree::node inbox_node(const std::string& name, const std::string& text) {
        tree::node node{tree::text_file{std::hash<std::string>()(text), [text] { return text; },
                                        [this, name](const tree::user& by, std::string written,
                                                     tree::answer done) {
                                            done(take(by, std::move(written), &name));
                                        }},
                        {}};
        node.remove = [this, name](const tree::user&, const tree::answer& done) {
            {
                const std::lock_guard lock(mutex_);
                inbox_.erase(name);
            }
            views_.next_moment();
            done({});
        };
        return node;
    }
    /// Takes a text of several lines, however many writes it comes in.
    tree::node lines_node() {
        auto node = value_node();
        std::get<tree::text_file>(node.content).is_part = [](std::string_view text) {
            return text.find('\n') == text.size() - 1;
        };
        return node;
    }
    tree::node slow_node() {
        return {tree::text_file{1, [] { return std::string("slow\n"); },
                                [this](const tree::user&, std::string, tree::answer done) {
                                    const std::lock_guard lock(mutex_);
                                    slow_ = std::move(done);
                                }},
                {}};
    }
    static tree::node personal_node() {
        return {tree::personal{[](const tree::user& who) -> std::optional<tree::node> {
                    if (who.uid == 65533) return std::nullopt;
                    const auto text = "of " + std::to_string(who.uid) + "\n";
                    tree::node node{tree::text_file{1, [text] { return text; }, nullptr}, {}};
                    node.access = {0400, who.uid};
                    return node;
                }},
                {}};
    }
    error_code take(const tree::user& by, std::string text, const std::string* name) {
        error_code error;
        {
            const std::lock_guard lock(mutex_);
            commands_.push_back({by, text});
            if (text == "bad\n") {
                error = {EINVAL, boost::system::generic_category()};
            } else if (name != nullptr) {
                inbox_[*name] = text;
            } else {
                value_ = std::move(text);
                ++version_;
            }
        }
        views_.next_moment();
        return error;
    }

    queue_views& views_;
    mutable std::mutex mutex_;
    std::vector<command> commands_;
    std::string value_ = "first\n";
    std::uint64_t version_ = 1;
    std::map<std::string, std::string> inbox_;
    tree::answer slow_;
};

}  // namespace tallyfs::test
