#include "proxy/process_names.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace tallyfs::proxy {
namespace {

/// TASK_COMM_LEN of the kernel is 16 with its NUL.
constexpr std::size_t comm_bytes_max = 15;

using words = std::span<const std::string_view>;

/// How one interpreter's command line leads to what it runs.
struct interpreter {
    std::string_view name;
    words with_value;    ///< options whose value is the next argument
    words runs_next;     ///< options whose value is what runs: a module, an archive, a file
    words without_file;  ///< options after which there is no file: code on the command line
};

constexpr std::array<std::string_view, 3> python_value{"-W", "-X", "--check-hash-based-pycs"};
constexpr std::array<std::string_view, 6> python_next{"-m", "-um", "-Im", "-Bm", "-Om", "-sm"};
constexpr std::array<std::string_view, 4> python_none{"-c", "-uc", "-Ic", "-"};
constexpr std::array<std::string_view, 8> node_value{
    "-r", "--require",    "--import", "--loader", "--experimental-loader",
    "-C", "--conditions", "--title"};
constexpr std::array<std::string_view, 2> node_next{"run", "--test"};
constexpr std::array<std::string_view, 6> node_none{"-e", "--eval", "-p", "--print", "-pe", "-"};
constexpr std::array<std::string_view, 10> java_value{
    "-cp",           "-classpath",  "--class-path",  "-p",          "--module-path",
    "--add-modules", "--add-opens", "--add-exports", "--add-reads", "--upgrade-module-path"};
constexpr std::array<std::string_view, 3> java_next{"-jar", "-m", "--module"};
constexpr std::array<std::string_view, 3> ruby_value{"-I", "-r", "-C"};
constexpr std::array<std::string_view, 2> code_none{"-e", "-"};
constexpr std::array<std::string_view, 3> php_value{"-c", "-d", "-z"};
constexpr std::array<std::string_view, 1> php_next{"-f"};
constexpr std::array<std::string_view, 2> php_none{"-r", "-S"};
constexpr std::array<std::string_view, 1> perl_value{"-I"};
constexpr std::array<std::string_view, 3> perl_none{"-e", "-E", "-"};
constexpr std::array<std::string_view, 3> shell_value{"-o", "+o", "--rcfile"};
constexpr std::array<std::string_view, 4> shell_none{"-c", "-s", "-lc", "-ec"};

constexpr std::array<interpreter, 14> interpreters{{
    {"python", python_value, python_next, python_none},
    {"pypy", python_value, python_next, python_none},
    {"node", node_value, node_next, node_none},
    {"nodejs", node_value, node_next, node_none},
    {"deno", node_value, node_next, node_none},
    {"bun", node_value, node_next, node_none},
    {"java", java_value, java_next, {}},
    {"ruby", ruby_value, {}, code_none},
    {"php", php_value, php_next, php_none},
    {"perl", perl_value, {}, perl_none},
    {"sh", shell_value, {}, shell_none},
    {"dash", shell_value, {}, shell_none},
    {"bash", shell_value, {}, shell_none},
    {"zsh", shell_value, {}, shell_none},
}};

bool contains(words list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

std::string_view file_name(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0: the whole text
}

/// "python3.11" is python; "-bash" a login shell.
const interpreter* find_interpreter(std::string_view program) {
    while (!program.empty() &&
           (program.back() == '.' || (program.back() >= '0' && program.back() <= '9')))
        program.remove_suffix(1);
    if (program.starts_with('-')) program.remove_prefix(1);
    for (const auto& known : interpreters)
        if (known.name == program) return &known;
    return nullptr;
}

/// What the interpreter was told to run, or "".
std::string_view script_argument(const interpreter& program,
                                 const std::vector<std::string>& arguments) {
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (contains(program.without_file, argument)) return {};
        if (argument == "--" || contains(program.runs_next, argument)) {
            if (i + 1 == arguments.size() || arguments[i + 1].starts_with('-')) continue;
            return arguments[i + 1];
        }
        if (contains(program.with_value, argument))
            ++i;
        else if (!argument.empty() && argument.front() != '-' && argument.front() != '+')
            return argument;
    }
    return {};
}

/// "/srv/agent.py" is agent.py. Files that are called the same in every program say nothing, so
/// their directory does: "/srv/summary/__main__.py" is summary.
std::string_view script_name(const interpreter& program, std::string_view script) {
    if (program.name == "java" && script.find('/') == std::string_view::npos &&
        !script.ends_with(".jar") && !script.ends_with(".java"))
        return script.substr(script.rfind('.') + 1);  // com.example.Agent
    const std::string_view file = file_name(script);
    const std::string_view stem = file.substr(0, file.find('.'));
    const std::size_t slash = script.rfind('/');
    if ((stem == "__main__" || stem == "index") && slash != std::string_view::npos && slash > 0)
        return file_name(script.substr(0, slash));
    return file;
}

bool is_hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_decimal(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Which engine makes cgroups that end in a container's id after `prefix`; "" if none does.
std::string_view container_kind(std::string_view prefix, std::string_view parent) {
    if (prefix == "docker-" || (prefix.empty() && parent == "docker")) return "docker";
    if (prefix == "libpod-" || (prefix.empty() && parent == "libpod_parent")) return "podman";
    if (prefix == "cri-containerd-" || prefix.ends_with(":cri-containerd:")) return "containerd";
    if (prefix == "crio-") return "crio";
    if (prefix.empty()) return "container";
    return {};
}

std::string container_identity(std::string_view component, std::string_view parent) {
    constexpr std::size_t id_digits = 64;
    constexpr std::size_t shown_digits = 12;  // as `docker ps` shows it
    constexpr std::string_view scope = ".scope";
    constexpr std::string_view lxc = "lxc.payload.";
    if (component.ends_with(scope)) component.remove_suffix(scope.size());
    if (component.starts_with(lxc)) return "lxc:" + std::string(component.substr(lxc.size()));
    if (parent == "lxc") return "lxc:" + std::string(component);
    if (component.size() < id_digits) return {};
    const std::string_view id = component.substr(component.size() - id_digits);
    if (!is_hexadecimal(id)) return {};
    component.remove_suffix(id_digits);
    const std::string_view kind = container_kind(component, parent);
    if (kind.empty()) return {};
    return std::string(kind) + ':' + std::string(id.substr(0, shown_digits));
}

/// Units whose names are made up for one run tell nothing: "run-r3f….service" of systemd-run,
/// "app-…@….service" of desktops.
bool names_a_service(std::string_view unit) {
    if (!unit.ends_with(".service")) return false;
    if (unit.starts_with("app-") && unit.find('@') != std::string_view::npos) return false;
    if (!unit.starts_with("run-") || unit.size() < 6) return true;
    const std::string_view rest = unit.substr(5, unit.size() - 5 - 8);
    switch (unit[4]) {
        case 'r':
            return !is_hexadecimal(rest);
        case 'u':
            return !is_decimal(rest);
        case 'p':
            return !is_decimal(rest.substr(0, rest.find('-')));
        default:
            return true;
    }
}

bool is_user_manager(std::string_view unit) {
    constexpr std::string_view prefix = "user@";
    constexpr std::string_view suffix = ".service";
    return unit.size() > prefix.size() + suffix.size() && unit.starts_with(prefix) &&
           unit.ends_with(suffix) &&
           is_decimal(unit.substr(prefix.size(), unit.size() - prefix.size() - suffix.size()));
}

}  // namespace

std::string process_name(std::string_view comm, std::string_view executable,
                         const std::vector<std::string>& arguments) {
    const std::string_view program =
        arguments.empty() ? std::string_view{} : file_name(arguments.front());
    const interpreter* known = find_interpreter(executable);
    if (known == nullptr) known = find_interpreter(program);
    if (known != nullptr) {
        const std::string_view script = script_argument(*known, arguments);
        if (!script.empty()) return std::string(script_name(*known, script));
        // Newer versions of Node.js call their main thread so, which says nothing.
        if (comm == "MainThread" || comm == "node-MainThread")
            return std::string(executable.empty() ? program : executable);
    }
    if (comm.size() == comm_bytes_max && program.starts_with(comm)) return std::string(program);
    return std::string(comm);
}

std::string cgroup_identity(std::string_view path) {
    std::string owner;
    std::string_view parent;
    bool of_users = false;
    for (bool first = true; !path.empty(); first = false) {
        const std::size_t start = path.find_first_not_of('/');
        if (start == std::string_view::npos) break;
        path.remove_prefix(start);
        const std::string_view component = path.substr(0, path.find('/'));
        path.remove_prefix(component.size());
        // Below these, users create cgroups under any name that they like.
        if (first && (component == "user.slice" || component == "user")) of_users = true;
        if (owner.empty() && of_users) {
            if (is_user_manager(component)) owner = std::string(component) + '/';
            parent = component;
            continue;
        }
        if (auto container = container_identity(component, parent); !container.empty())
            return owner + container;
        if (names_a_service(component)) return owner + std::string(component);
        parent = component;
    }
    return {};
}

std::string identity_of_cgroup_lines(std::string_view lines) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(line.size() + 1, lines.size()));
        const std::size_t first = line.find(':');
        if (first == std::string_view::npos) continue;
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        if (auto identity = cgroup_identity(line.substr(second + 1)); !identity.empty())
            return identity;
    }
    return {};
}

}  // namespace tallyfs::proxy
