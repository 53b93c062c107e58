#include "postgres/credentials.hpp"
#include "postgres/registration_merge.hpp"
#include "postgres/registry_files.hpp"

#include <tallyfs/base/log.hpp>
#include <tallyfs/postgres/registry.hpp>

namespace tallyfs::postgres {

namespace {

/// How often the file is looked at, and whether the inventory is due.
constexpr std::chrono::seconds look_interval{10};

std::vector<health::registration> trusted_of(const registry_options& given) {
    auto all = given.databases;
    if (given.inventory) all.push_back(given.inventory->where);
    return all;
}

}  // namespace

std::vector<std::string> problems_of(const registry_options& given) {
    std::vector<std::string> problems;
    const credentials allowed(given.credentials, trusted_of(given), system_clock_source());
    for (const auto& one : given.credentials) {
        if (one.password_file.empty()) continue;
        if (const auto read = read_password_file(one.password_file); !read)
            problems.push_back("credential \"" + one.name + "\": " + read.error().what);
    }
    auto said = given.databases;
    if (!given.file.empty()) {
        const auto file = read_registration_file(given.file);
        said.insert(said.end(), file.entries.begin(), file.entries.end());
        problems.insert(problems.end(), file.problems.begin(), file.problems.end());
    }
    for (const auto& refused : merge(said, allowed).not_used)
        problems.push_back(sentence_of(refused));
    if (given.inventory) {
        auto where = given.inventory->where;
        if (auto problem = allowed.problem_of(where); !problem.empty())
            problems.push_back("inventory: " + problem);
    }
    bound_problems(problems);
    return problems;
}

registry::registry(parts given)
    : parts_(std::move(given)),
      credentials_(std::make_unique<credentials>(parts_.given.credentials, trusted_of(parts_.given),
                                                 parts_.clock)),
      current_(std::make_shared<const registered>()) {
    sources_[from_configuration].entries = parts_.given.databases;
}

registry::~registry() {
    stop();
}

void registry::put_in_force() {
    look_at_file();
    const std::lock_guard lock(mutex_);
    static_cast<void>(publish());
}

void registry::start() {
    looking_ = std::thread([this] { run_looks(); });
    checking_ = std::thread([this] { run_checks(); });
}

void registry::stop() {
    credentials_->stop();
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (auto* const one : in_use_) one->abandon();
    }
    wake_.notify_all();
    if (looking_.joinable()) looking_.join();
    if (checking_.joinable()) checking_.join();
}

std::shared_ptr<const registered> registry::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

outcome<endpoint> registry::endpoint_of(const health::registration& what, bool remedies) const {
    return credentials_->endpoint_of(what, remedies);
}

bool registry::publish() {
    std::vector<health::registration> said;
    auto made = std::make_shared<registered>();
    for (const auto& one : sources_) {
        said.insert(said.end(), one.entries.begin(), one.entries.end());
        made->problems.insert(made->problems.end(), one.problems.begin(), one.problems.end());
    }
    auto all = merge(said, *credentials_);
    for (const auto& refused : all.not_used) made->problems.push_back(sentence_of(refused));
    bound_problems(made->problems);
    made->databases = std::move(all.databases);
    if (made->databases == current_->databases && made->problems == current_->problems)
        return false;
    made->version = current_->version + 1;
    current_ = std::move(made);
    return true;
}

void registry::take(source from, health::registration_list said) {
    bool changed = false;
    {
        const std::lock_guard lock(mutex_);
        auto& into = sources_[from];
        const bool whole = said.problems.empty();
        if (whole || !into.was_whole) {
            into.entries = std::move(said.entries);
        } else {
            said.problems.back() += "; until it is right, what it said before holds";
        }
        into.was_whole = into.was_whole || whole;
        into.problems = std::move(said.problems);
        changed = publish();
    }
    if (changed) listener_();
}

void registry::look() {
    look_at_file();
    look_at_inventory();
}

void registry::run_looks() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        look();
        lock.lock();
        wake_.wait_for(lock, look_interval, [this] { return stopping_; });
    }
}

}  // namespace tallyfs::postgres
