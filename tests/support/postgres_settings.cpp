#include "support/postgres_cluster.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>

namespace tallyfs::test {

namespace fs = std::filesystem;

void postgres_cluster::restart() {
    stop();
    start();
}

void postgres_cluster::reload() const {
    const auto before = psql("SELECT pg_conf_load_time()");
    server_->signal(SIGHUP);
    wait_until("SELECT pg_conf_load_time() > '" + before + "'", "t");
}

std::string postgres_cluster::collected_log(const std::string& ending) const {
    const auto directory = fs::path(data_directory()) / "log";
    if (!fs::exists(directory)) return "";
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory)) {
        if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
    }
    std::ranges::sort(files);  // their names begin with the time
    std::ostringstream text;
    for (const auto& file : files) {
        std::ifstream in(file);
        if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
    }
    return text.str();
}

}  // namespace tallyfs::test
