// Runs fuzz targets over files, without clang: the checked-in corpora as an ordinary test, or
// single findings. Usage: fuzz_corpus CORPUS, or fuzz_corpus TARGET FILE…
#include "fuzz/targets.hpp"

#include <tallyfs/base/file.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using tallyfs::fuzz::target;

void run(const target& chosen, const fs::path& file) {
    // Said before, and at once: who crashes says nothing afterwards.
    std::cout << file.string() << std::endl;
    const auto content = tallyfs::read_file(file, std::size_t{1} << 24);
    if (!content) throw std::runtime_error(file.string() + ": " + content.error().message());
    chosen.run(*content);
}

int run_corpus(const fs::path& corpus) {
    int empty = 0;
    for (const auto& each : tallyfs::fuzz::targets) {
        std::vector<fs::path> files;
        const auto directory = corpus / each.name;
        if (fs::is_directory(directory))
            for (const auto& entry : fs::directory_iterator(directory))
                files.push_back(entry.path());
        std::ranges::sort(files);
        for (const auto& file : files) run(each, file);
        std::cout << each.name << ": " << files.size() << " inputs" << std::endl;
        if (files.empty()) ++empty;
    }
    if (empty > 0) std::cerr << empty << " targets have no corpus below " << corpus << '\n';
    return empty > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    spdlog::set_level(spdlog::level::off);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    try {
        if (arguments.size() == 1) return run_corpus(arguments.front());
        const auto named = [&](const target& each) { return each.name == arguments.front(); };
        const auto& targets = tallyfs::fuzz::targets;
        const auto* const chosen =
            arguments.size() < 2 ? targets.end() : std::ranges::find_if(targets, named);
        if (chosen == targets.end()) {
            std::cerr << "usage: fuzz_corpus CORPUS, or fuzz_corpus TARGET FILE...\n";
            return 2;
        }
        for (std::size_t i = 1; i < arguments.size(); ++i) run(*chosen, arguments[i]);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
