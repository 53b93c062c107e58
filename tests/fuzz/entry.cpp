// libFuzzer's way into one target, TALLYFS_FUZZ_TARGET. Source: LibFuzzer's documentation.
#include "fuzz/targets.hpp"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    // What is said of broken input is said a thousand times a second here.
    spdlog::set_level(spdlog::level::off);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    tallyfs::fuzz::TALLYFS_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
    return 0;
}
