#include "postgres/credentials.hpp"

#include <tallyfs/base/text.hpp>

#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace tallyfs::postgres {

namespace {

failure failed(std::string what) {
    return {"", std::move(what), false};
}

/// "*.db.example" is every name that ends in ".db.example".
bool host_matches(std::string_view pattern, std::string_view host) {
    if (!pattern.starts_with("*.")) return equal_ignoring_case(pattern, host);
    pattern.remove_prefix(1);
    return host.size() > pattern.size() &&
           equal_ignoring_case(host.substr(host.size() - pattern.size()), pattern);
}

outcome<password> first_line(std::string text, const std::string& from) {
    text.resize(std::min(text.find('\n'), text.size()));
    if (text.ends_with('\r')) text.pop_back();
    if (text.empty() || text.find('\0') != std::string::npos) {
        return failed(from + " holds no password on its first line");
    }
    return password{std::move(text)};
}

}  // namespace

outcome<password> read_password_file(const std::string& file) {
    // A pipe without a writer would wait for one.
    const auto opened = open_file(file, O_RDONLY | O_NONBLOCK);
    if (!opened) return failed(file + " cannot be read: " + opened.error().message());
    struct ::stat found {};
    if (::fstat(opened->get(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return failed(file + " is no regular file");
    }
    if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return failed(file + " is open to other users: chmod 600 " + file);
    }
    auto text = read_at(opened->get(), 0, password_bytes_max);
    if (!text) return failed(file + " cannot be read: " + text.error().message());
    return first_line(std::move(*text), file);
}

credentials::credentials(std::vector<credential> known,
                         std::span<const health::registration> trusted, const clock_source& clock)
    : known_(std::move(known)), clock_(clock), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    for (const auto& one : trusted) {
        for (const auto& name : {one.credential, one.remedies_credential}) {
            trusted_.emplace_back(name, std::pair(one.host, one.port));
        }
    }
}

const credential* credentials::find(std::string_view name) const {
    const auto place = std::ranges::find(known_, name, &credential::name);
    return place != known_.end() ? &*place : nullptr;
}

bool credentials::may_go(const credential& what, const health::registration& where) const {
    const auto place = std::pair(what.name, std::pair(where.host, where.port));
    return std::ranges::find(trusted_, place) != trusted_.end() ||
           std::ranges::any_of(what.hosts, [&](const std::string& pattern) {
               return host_matches(pattern, where.host);
           });
}

std::string credentials::problem_of(const std::string& name,
                                    const health::registration& what) const {
    const auto* const found = find(name);
    if (found == nullptr) {
        return "there is no credential \"" + name + "\": add [[credentials]] to the configuration";
    }
    if (may_go(*found, what)) return "";
    return "the credential \"" + name + "\" may not be used for " + what.host + ":" +
           std::to_string(what.port) + ": add the host to its hosts in the configuration";
}

std::string credentials::problem_of(const health::registration& what) const {
    auto problem = problem_of(what.credential, what);
    if (!problem.empty() || what.remedies_credential.empty()) return problem;
    return problem_of(what.remedies_credential, what);
}

outcome<endpoint> credentials::endpoint_of(const health::registration& what, bool remedies) {
    const auto& name = remedies ? what.remedies_credential : what.credential;
    if (name.empty()) {
        return failed("nothing can be run there: its registration has no remedies_credential");
    }
    // Asked again where it counts, whoever looked before.
    if (auto problem = problem_of(name, what); !problem.empty()) return failed(std::move(problem));
    const auto& as = *find(name);
    auto fetched = password_of(as, what);
    if (!fetched) return failed("credential \"" + name + "\": " + fetched.error().what);
    endpoint made;
    made.host = what.host;
    made.port = what.port;
    made.database = what.database;
    made.role = as.role;
    made.password = std::move(fetched->text);
    made.tls = what.tls;
    made.tls_root_file = what.tls_root_file;
    return made;
}

outcome<password> credentials::password_of(const credential& what,
                                           const health::registration& where) {
    if (!what.password_file.empty()) return read_password_file(what.password_file);
    if (!what.password_variable.empty()) {
        const char* const set = std::getenv(what.password_variable.c_str());
        return first_line(set != nullptr ? set : "",
                          "the environment variable " + what.password_variable);
    }
    if (!what.password_command.empty()) return run_once(what, where);
    return password{};
}

/// Those that ask while the command runs get what it will print: 300 databases of a server that
/// comes back do not run it 300 times.
outcome<password> credentials::run_once(const credential& what, const health::registration& where) {
    // Some tokens are for one server only.
    const auto port = std::to_string(where.port);
    const std::vector<std::string> variables{"PGHOST=" + where.host, "PGPORT=" + port,
                                             "PGUSER=" + what.role};
    const auto key = what.name + " " + where.host + " " + port;
    std::promise<outcome<password>> promise;
    std::shared_future<outcome<password>> running;
    {
        const std::lock_guard lock(mutex_);
        if (printed_.size() >= health::registrations_max) {
            std::erase_if(printed_, [](const auto& one) { return !one.second.running.valid(); });
        }
        auto& last = printed_[key];
        if (clock_.steady() < last.valid_until) return last.value;
        running = last.running;
        if (!running.valid()) last.running = promise.get_future().share();
    }
    if (running.valid()) return running.get();
    auto made =
        run_password_command(what.password_command, variables, password_command_max, stop_.get());
    if (!made) made = failed("password_command " + made.error().what);
    {
        const std::lock_guard lock(mutex_);
        auto& last = printed_[key];
        last.running = {};
        if (made && what.password_valid.count() > 0) {
            last.value = *made;
            last.valid_until = clock_.steady() + what.password_valid;
        }
    }
    promise.set_value(made);
    return made;
}

void credentials::stop() noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one) == sizeof one);
}

}  // namespace tallyfs::postgres
