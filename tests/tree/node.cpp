#include "support/catch.hpp"

#include <tallyfs/tree/node.hpp>

#include <set>

using namespace tallyfs;

namespace {

tree::node text(std::uint64_t version, std::string bytes) {
    return {tree::text_file{version, [bytes] { return bytes; }}, {}};
}

std::string bytes_of(const tree::node& node) {
    return std::get<tree::text_file>(node.content).render();
}

std::shared_ptr<tree::fixed_directory> sample_tree() {
    auto usage = std::make_shared<tree::fixed_directory>();
    usage->add("today.txt", [] { return text(1, "calls 7\n"); });
    usage->add("latest", [] { return tree::node{tree::link{"today.txt"}, {}}; });
    auto root = std::make_shared<tree::fixed_directory>();
    root->add("usage", [usage] { return tree::node{usage, {}}; });
    root->add("README.md", [] { return text(1, "read me\n"); });
    return root;
}

/// Only list() is given: what find() does by itself.
class listed_directory final : public tree::directory {
  public:
    [[nodiscard]] std::vector<tree::named_node> list() const override {
        return {{"a", text(1, "first")}, {"b", text(1, "second")}};
    }
};

}  // namespace

TEST_CASE("a fixed directory lists its names sorted") {
    tree::fixed_directory directory;
    for (const char* name : {"c", "a", "b"}) {
        directory.add(name, [name] { return text(1, name); });
    }
    const auto entries = directory.list();
    REQUIRE(entries.size() == 3);
    CHECK(entries[0].name == "a");
    CHECK(entries[2].name == "c");
    CHECK(bytes_of(entries[1].node) == "b");
    CHECK_FALSE(directory.follows_journal());
}

TEST_CASE("a fixed directory makes an entry anew each time it is asked for") {
    int made = 0;
    tree::fixed_directory directory;
    directory.add("a", [&made] { return text(1, std::to_string(++made)); });
    CHECK(bytes_of(*directory.find("a")) == "1");
    CHECK(bytes_of(*directory.find("a")) == "2");
    CHECK_FALSE(directory.find("b"));
}

TEST_CASE("the first entry of a name stays") {
    tree::fixed_directory directory;
    directory.add("a", [] { return text(1, "first"); });
    directory.add("a", [] { return text(1, "second"); });
    CHECK(directory.list().size() == 1);
    CHECK(bytes_of(*directory.find("a")) == "first");
}

TEST_CASE("a directory without a find of its own looks through its list") {
    const listed_directory directory;
    CHECK(bytes_of(*directory.find("b")) == "second");
    CHECK_FALSE(directory.find("c"));
}

TEST_CASE("resolve walks from the root") {
    const auto root = sample_tree();
    CHECK(bytes_of(*tree::resolve(*root, "usage/today.txt")) == "calls 7\n");
    CHECK(bytes_of(*tree::resolve(*root, "/usage//today.txt")) == "calls 7\n");
    CHECK(bytes_of(*tree::resolve(*root, "README.md")) == "read me\n");
}

TEST_CASE("resolve of nothing is the root itself") {
    const auto root = sample_tree();
    for (const char* path : {"", "/"}) {
        const auto found = tree::resolve(*root, path);
        REQUIRE(found);
        CHECK(std::get<std::shared_ptr<const tree::directory>>(found->content).get() == root.get());
    }
}

TEST_CASE("resolve does not follow links and does not enter files") {
    const auto root = sample_tree();
    const auto found = tree::resolve(*root, "usage/latest");
    REQUIRE(found);
    CHECK(std::get<tree::link>(found->content).target == "today.txt");
    CHECK_FALSE(tree::resolve(*root, "usage/latest/more"));
    CHECK_FALSE(tree::resolve(*root, "README.md/more"));
    CHECK_FALSE(tree::resolve(*root, "nothing"));
    CHECK_FALSE(tree::resolve(*root, "nothing/more"));
}

TEST_CASE("the inode number of a path is the same in every run") {
    // Backup programs remember these numbers: if this fails, the function changed.
    CHECK(tree::inode_of("/") == 1);
    CHECK(tree::inode_of("") == 1);
    CHECK(tree::inode_of("/usage/today.txt") == tree::inode_of("usage/today.txt"));
    CHECK(tree::inode_of("/usage/today.txt") == 2420150013985740227U);
    CHECK(tree::inode_of("/status.txt") == 5621069682883794328U);
}

TEST_CASE("paths have inode numbers of their own") {
    std::set<std::uint64_t> numbers;
    for (int service = 0; service < 1000; ++service) {
        for (const char* file : {"", "/today.txt", "/today.json", "/today.csv", "/total.txt"}) {
            const auto number =
                tree::inode_of("/usage/services/s" + std::to_string(service) + file);
            CHECK(number > 1);
            CHECK(number <= INT64_MAX);
            numbers.insert(number);
        }
    }
    CHECK(numbers.size() == 5000);
}
