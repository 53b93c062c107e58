#include "proxy/process_names.hpp"

#include "support/catch.hpp"

using tallyfs::proxy::cgroup_identity;
using tallyfs::proxy::identity_of_cgroup_lines;
using tallyfs::proxy::process_name;

namespace {

const std::string id = "3f2a91c7e0b2d4567890abcdef1234567890abcdef1234567890abcdef123456";

}  // namespace

TEST_CASE("a program has its own name") {
    CHECK(process_name("ollama-runner", "ollama-runner", {"/opt/ollama-runner", "-x"}) ==
          "ollama-runner");
    CHECK(process_name("n8n", "", {}) == "n8n");
    CHECK(process_name("", "", {}).empty());
}

TEST_CASE("a name that the kernel cut is completed from the command line") {
    CHECK(process_name("document-summar", "document-summariser",
                       {"/usr/bin/document-summariser"}) == "document-summariser");
    CHECK(process_name("document-summar", "document-summariser", {"other"}) == "document-summar");
}

TEST_CASE("an interpreter has the name of what it runs") {
    struct example {
        const char* executable;
        std::vector<std::string> arguments;
        const char* name;
    };
    const std::vector<example> examples{
        {"python3.11", {"python3", "/srv/agent.py", "--port", "1"}, "agent.py"},
        {"python3.11", {"python3", "-u", "-W", "ignore", "agent.py"}, "agent.py"},
        {"python3.11", {"python3", "-m", "uvicorn", "app:main"}, "uvicorn"},
        {"python3.11", {"python3", "-um", "http.server"}, "http.server"},
        {"python3.11", {"python3", "/srv/summary/__main__.py"}, "summary"},
        {"python3.11", {"/usr/bin/python3", "/usr/local/bin/celery", "worker"}, "celery"},
        {"node", {"node", "--max-old-space-size=4096", "-r", "dotenv", "/app/n8n.js"}, "n8n.js"},
        {"node", {"node", "/srv/chat/index.js"}, "chat"},
        {"deno", {"deno", "run", "bot.ts"}, "bot.ts"},
        {"java", {"java", "-Xmx1g", "-cp", "/a:/b", "com.example.Agent", "x"}, "Agent"},
        {"java", {"java", "-jar", "/opt/search-agent.jar"}, "search-agent.jar"},
        {"ruby3.1", {"ruby", "-I", "lib", "worker.rb"}, "worker.rb"},
        {"php8.2", {"php", "-d", "x=1", "-f", "/srv/mail.php"}, "mail.php"},
        {"perl", {"perl", "-w", "report.pl"}, "report.pl"},
        {"bash", {"-bash", "nightly.sh"}, "nightly.sh"},
        {"", {"/usr/bin/python3", "/srv/agent.py"}, "agent.py"},
    };
    for (const auto& [executable, arguments, name] : examples) {
        INFO(arguments.back());
        CHECK(process_name("interpreter", executable, arguments) == name);
    }
}

TEST_CASE("an interpreter without a file keeps its own name") {
    CHECK(process_name("python3", "python3.11", {"python3", "-c", "import x"}) == "python3");
    CHECK(process_name("python3", "python3.11", {"python3"}) == "python3");
    CHECK(process_name("python3", "python3.11", {"python3", "-m"}) == "python3");
    CHECK(process_name("MainThread", "node", {"node", "-e", "1"}) == "node");
    CHECK(process_name("bash", "bash", {"bash", "-c", "x", "/srv/a.sh"}) == "bash");
    CHECK(process_name("gunicorn: worke", "python3.11", {"gunicorn: worker [app]"}) ==
          "gunicorn: worker [app]");
}

TEST_CASE("a unit of the host is known by its cgroup") {
    CHECK(cgroup_identity("/system.slice/n8n.service") == "n8n.service");
    CHECK(cgroup_identity("/system.slice/system-n8n.slice/n8n@blue.service") == "n8n@blue.service");
    CHECK(cgroup_identity("/system.slice/ci.service/inner/other.service") == "ci.service");
    CHECK(cgroup_identity("/system.slice/run-tools.service") == "run-tools.service");
}

TEST_CASE("what has no name that lasts has no identity") {
    for (const char* path :
         {"", "/", "//", "/init.scope", "/system.slice",
          "/user.slice/user-1000.slice/session-3.scope",
          "/user.slice/user-1000.slice/user@1000.service/init.scope",
          "/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope",
          "/user.slice/user-1000.slice/user@1000.service/app.slice/app-kate@1f.service",
          "/system.slice/run-u123.service", "/system.slice/run-r0a1b2c.service",
          "/system.slice/run-p12-i34.service", "/process_api/b41a1fc00078b7b776efe3c48d24d2ba"}) {
        INFO(path);
        CHECK(cgroup_identity(path).empty());
    }
}

TEST_CASE("a container is known by its engine and the first 12 digits of its id") {
    const std::vector<std::pair<std::string, std::string>> examples{
        {"/system.slice/docker-" + id + ".scope", "docker:3f2a91c7e0b2"},
        {"/docker/" + id, "docker:3f2a91c7e0b2"},
        {"/docker/" + id + "/docker/" + std::string(64, 'a'), "docker:3f2a91c7e0b2"},
        {"/system.slice/docker-" + id + ".scope/system.slice/n8n.service", "docker:3f2a91c7e0b2"},
        {"/machine.slice/libpod-" + id + ".scope/container", "podman:3f2a91c7e0b2"},
        {"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope",
         "containerd:3f2a91c7e0b2"},
        {"/kubepods.slice/kubepods-pod1.slice/crio-" + id + ".scope", "crio:3f2a91c7e0b2"},
        {"/kubepods/burstable/pod1/" + id, "container:3f2a91c7e0b2"},
        {"/lxc.payload.mail/init.scope", "lxc:mail"},
        {"/lxc/mail", "lxc:mail"},
        {"/machine.slice/libpod-conmon-" + id + ".scope", ""},
    };
    for (const auto& [path, identity] : examples) {
        INFO(path);
        CHECK(cgroup_identity(path) == identity);
    }
}

TEST_CASE("what users name themselves is never taken for something of the host") {
    const std::string user = "/user.slice/user-1000.slice/user@1000.service";
    CHECK(cgroup_identity(user + "/app.slice/n8n.service") == "user@1000.service/n8n.service");
    CHECK(cgroup_identity(user + "/user.slice/libpod-" + id + ".scope/container") ==
          "user@1000.service/podman:3f2a91c7e0b2");
    CHECK(cgroup_identity(user + "/system.slice/docker-" + id + ".scope") ==
          "user@1000.service/docker:3f2a91c7e0b2");
    CHECK(cgroup_identity("/user/bob/0/docker/" + id).empty());
    CHECK(cgroup_identity("/user.slice/n8n.service").empty());
    CHECK(cgroup_identity("/user.slice/user@x.service/n8n.service").empty());
}

TEST_CASE("the lines of all hierarchies are read") {
    CHECK(identity_of_cgroup_lines("9:name=systemd:/\n4:memory:/docker/" + id + "\n0::/\n") ==
          "docker:3f2a91c7e0b2");
    CHECK(identity_of_cgroup_lines("0::/system.slice/n8n.service\n") == "n8n.service");
    CHECK(identity_of_cgroup_lines("0::/system.slice/a:b.service") == "a:b.service");
    CHECK(identity_of_cgroup_lines("\n:\nnonsense").empty());
    CHECK(identity_of_cgroup_lines("").empty());
}
