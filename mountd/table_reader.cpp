#include "mountd/table_reader.hpp"

#include <tallyfs/base/file.hpp>

#include <cstdlib>

namespace tallyfs::mountd {

namespace {

constexpr std::size_t secret_bytes_max = 4096;

}  // namespace

std::string read_secret(table_reader& reader, const std::string& name) {
    const auto file_key = name + "_file";
    const auto variable_key = name + "_env";
    std::string file;
    std::string variable;
    reader.take(file_key.c_str(), file);
    reader.take(variable_key.c_str(), variable);
    if (file.empty() && variable.empty()) return {};
    if (!file.empty() && !variable.empty()) {
        reader.wrong(file_key.c_str(), "and " + variable_key + " are both given: one of them");
    }
    std::string secret;
    if (!file.empty()) {
        auto content = read_file(file, secret_bytes_max);
        if (!content) {
            reader.wrong(file_key.c_str(),
                         "\"" + file + "\" cannot be read: " + content.error().message());
        }
        secret = *content;
    } else if (const char* set = std::getenv(variable.c_str()); set != nullptr) {
        secret = set;
    }
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.empty()) reader.wrong(file_key.c_str(), "holds no " + name);
    return secret;
}

}  // namespace tallyfs::mountd
