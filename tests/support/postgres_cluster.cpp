#include "support/postgres_cluster.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace tallyfs::test {

namespace fs = std::filesystem;
using std::chrono::seconds;
using steady = std::chrono::steady_clock;

namespace {

/// The newest that is installed, of the versions that tallyfs supports; "" if there is none.
std::string binaries() {
    for (int version = 17; version >= 12; --version) {
        const std::string found = "/usr/lib/postgresql/" + std::to_string(version) + "/bin/";
        if (fs::exists(found + "postgres") && fs::exists(found + "initdb")) return found;
    }
    return "";
}

/// As far as it can be read: a file below /proc ends with its process.
std::string text_of(const fs::path& file) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string must(const std::vector<std::string>& command) {
    auto done = run_to_end(command, ordinary_user());
    if (done.exit_code != 0) throw std::runtime_error(command.front() + ": " + done.output);
    return std::move(done.output);
}

void give_to_ordinary_user(const fs::path& path) {
    const auto user = ordinary_user();
    if (::geteuid() == 0 && ::chown(path.c_str(), user.uid, user.gid) != 0) {
        throw std::runtime_error("chown of " + path.string() + " failed");
    }
}

std::uint16_t free_port() {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    const bool bound =
        ::bind(probe, generic, length) == 0 && ::getsockname(probe, generic, &length) == 0;
    ::close(probe);
    if (!bound) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

/// The data directory that all of this run are copies of: initdb takes seconds.
const fs::path& first_data_directory() {
    static const temporary_directory directory;
    static const fs::path data = [] {
        give_to_ordinary_user(directory.path());
        const auto made = directory.path() / "data";
        must({binaries() + "initdb", "-D", made, "-U", "postgres", "-A", "trust", "-E", "UTF8",
              "--locale=C.UTF-8", "-N"});
        // In its file, where ALTER SYSTEM outranks it.
        std::ofstream(made / "postgresql.conf", std::ios::app)
            << "logging_collector = off\nlog_destination = stderr\n";
        return made;
    }();
    return data;
}

}  // namespace

std::string postgres_cluster::why_not() {
    if (binaries().empty()) return "PostgreSQL 12 to 17 is not in /usr/lib/postgresql";
    return "";
}

std::string postgres_cluster::why_not_pgaudit() {
    if (auto why = why_not(); !why.empty()) return why;
    const auto library = fs::path(binaries()).parent_path().parent_path() / "lib" / "pgaudit.so";
    return fs::exists(library) ? "" : "pgAudit is not installed: " + library.string();
}

postgres_cluster::postgres_cluster(std::vector<std::string> settings,
                                   std::vector<std::string> access) {
    prepare_directory(std::move(settings));
    must({"/bin/cp", "-a", first_data_directory(), data_directory()});
    const fs::path rules = fs::path(data_directory()) / "pg_hba.conf";
    std::string text;
    for (const auto& line : access) text += line + "\n";
    text += text_of(rules);
    std::ofstream(rules) << text;
    launch();
}

postgres_cluster::postgres_cluster(made_of_a_backup, std::vector<std::string> settings) {
    prepare_directory(std::move(settings));
}

postgres_cluster::~postgres_cluster() {
    if (!server_) return;
    thaw();
    // At once: sessions and checkpoints do not matter any more.
    server_->signal(SIGQUIT);
    static_cast<void>(server_->wait(seconds(10)));
}

void postgres_cluster::prepare_directory(std::vector<std::string> settings) {
    settings_ = std::move(settings);
    give_to_ordinary_user(directory_.path());
    port_ = free_port();
}

std::unique_ptr<postgres_cluster> postgres_cluster::standby(
    const std::string& slot, std::vector<std::string> settings) const {
    std::unique_ptr<postgres_cluster> made(
        new postgres_cluster(made_of_a_backup(*this), std::move(settings)));
    std::vector<std::string> command{
        binaries() + "pg_basebackup",
        "-D",
        made->data_directory(),
        "-R",
        "--no-sync",
        "-X",
        "stream",
        "-c",
        "fast",
        "-d",
        "host=" + socket_directory() + " port=" + std::to_string(port_) +
            " user=postgres application_name=standby_" + std::to_string(made->port_)};
    if (!slot.empty()) command.insert(command.end(), {"-C", "-S", slot});
    must(command);
    made->launch();
    return made;
}

void postgres_cluster::launch() {
    std::vector<std::string> command{binaries() + "postgres", "-D", data_directory()};
    std::vector<std::string> all{
        "listen_addresses=127.0.0.1",    "unix_socket_directories=" + socket_directory(),
        "port=" + std::to_string(port_), "fsync=off",
        "shared_buffers=16MB",           "max_connections=60",
        "max_prepared_transactions=10"};
    all.insert(all.end(), settings_.begin(), settings_.end());
    for (const auto& setting : all) command.insert(command.end(), {"-c", setting});
    // Through a shell, which becomes the server: a pipe that nobody reads would fill up.
    const fs::path log_file = directory_.path() / "log";
    command.insert(command.begin(), {"/bin/sh", "-c", R"(log=$1; shift; exec "$@" >>"$log" 2>&1)",
                                     "sh", log_file.string()});
    server_ = std::make_unique<child_process>(command, ordinary_user(), SIGQUIT);
    const auto deadline = steady::now() + seconds(30);
    // Line 8 of its lock file: https://www.postgresql.org/docs/15/storage-file-layout.html
    while (text_of(fs::path(data_directory()) / "postmaster.pid").find("\nready") ==
           std::string::npos) {
        if (server_->wait(std::chrono::milliseconds(20)) || steady::now() > deadline) {
            throw std::runtime_error("the server does not start: " + log());
        }
    }
}

void postgres_cluster::start() {
    if (!server_) launch();
}

void postgres_cluster::stop() {
    server_->signal(SIGINT);
    if (!server_->wait(seconds(30))) throw std::runtime_error("the server does not stop: " + log());
    server_.reset();
}

std::string postgres_cluster::log() const {
    return text_of(directory_.path() / "log");
}

std::vector<std::string> postgres_cluster::psql_command(const std::string& database,
                                                        const std::string& role) const {
    return {binaries() + "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            socket_directory(),
            "-p",
            std::to_string(port_),
            "-U",
            role,
            "-d",
            database};
}

std::string postgres_cluster::psql(const std::string& sql, const std::string& database,
                                   const std::string& role) const {
    auto command = psql_command(database, role);
    // From its input it takes statements one by one; all of -c would be one transaction.
    child_process program(command, ordinary_user(), SIGKILL);
    program.write_input(sql);
    program.close_input();
    std::string output;
    const auto deadline = steady::now() + seconds(120);
    for (;;) {
        const auto more = program.read_output(seconds(1));
        if (more && more->empty()) break;
        if (more) output += *more;
        if (steady::now() > deadline) throw std::runtime_error("psql does not end");
    }
    while (!output.empty() && output.back() == '\n') output.pop_back();
    if (program.wait(seconds(10)) != 0) throw std::runtime_error("psql: " + output);
    return output;
}

void postgres_cluster::wait_until(const std::string& sql, const std::string& expected,
                                  const std::string& database) const {
    const auto deadline = steady::now() + seconds(10);
    for (;;) {
        const auto now = psql(sql, database);
        if (now == expected) return;
        if (steady::now() > deadline) throw std::runtime_error("in vain: " + sql + " is " + now);
        ::usleep(20'000);
    }
}

std::vector<pid_t> postgres_cluster::processes() const {
    std::vector<pid_t> all{server_->pid()};
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto stat = text_of(entry.path() / "stat");
        std::istringstream rest(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
        std::string state;
        pid_t parent = 0;
        if (rest >> state >> parent && parent == server_->pid()) all.push_back(std::stoi(name));
    }
    return all;
}

void postgres_cluster::freeze() const {
    const auto all = processes();
    // A signal reaches who is stopped when he goes on: should this test be killed now, the end of
    // its input has the shell let them go on, to the SIGQUIT that is waiting for them.
    std::vector<std::string> command{"/bin/sh", "-c", R"(read -r _; kill -CONT "$@")", "sh"};
    for (const auto pid : all) command.push_back(std::to_string(pid));
    thawer_ = std::make_unique<child_process>(command, ordinary_user(), 0);
    for (const auto pid : all) ::kill(pid, SIGSTOP);
}

void postgres_cluster::thaw() const {
    thawer_.reset();
    for (const auto pid : processes()) ::kill(pid, SIGCONT);
}

std::chrono::milliseconds postgres_cluster::processor_time() const {
    long ticks = 0;
    for (const auto pid : processes()) {
        const auto stat = text_of(fs::path("/proc") / std::to_string(pid) / "stat");
        std::istringstream rest(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
        std::string skipped;
        for (int field = 3; field < 14; ++field) rest >> skipped;
        long user = 0;
        long system = 0;
        if (rest >> user >> system) ticks += user + system;
    }
    return std::chrono::milliseconds(ticks * 1000 / ::sysconf(_SC_CLK_TCK));
}

}  // namespace tallyfs::test
