# Everything comes from the distribution's packages: scripts/lib/packages lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(fuse3 REQUIRED IMPORTED_TARGET fuse3>=3.14)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)

# Warnings, sanitizers and hardening: for our targets only, never for what they include.
# GCC 12 warns of libstdc++'s string and of coroutine frames where nothing is wrong
# (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105329): those stay off.
add_library(tallyfs_options INTERFACE)
target_compile_options(tallyfs_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
    -Woverloaded-virtual -Wcast-align
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
    $<$<BOOL:${TALLYFS_WERROR}>:-Werror>
    -fstack-protector-strong)
if(TALLYFS_SANITIZE)
    target_compile_options(tallyfs_options INTERFACE
        -fsanitize=${TALLYFS_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(tallyfs_options INTERFACE -fsanitize=${TALLYFS_SANITIZE})
    if(TALLYFS_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # Asio's fences stand beside mutexes and system calls that the sanitizer does see.
        target_compile_options(tallyfs_options INTERFACE -Wno-tsan)
    endif()
endif()
if(TALLYFS_FUZZ)
    target_compile_options(tallyfs_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_link_libraries(tallyfs_options INTERFACE Threads::Threads)

# Asio and Beast are compiled once, here, and their headers once for every user.
add_library(tallyfs_net STATIC ${CMAKE_SOURCE_DIR}/cmake/net.cpp)
target_compile_definitions(tallyfs_net PUBLIC
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
    BOOST_ASIO_NO_DEPRECATED
    # Coroutine frames are kept for the next call: as many as one exchange has open at once.
    BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)
target_link_libraries(tallyfs_net PUBLIC Boost::headers PRIVATE tallyfs_options)
target_precompile_headers(tallyfs_net PUBLIC
    <boost/asio.hpp> <boost/beast/core.hpp> <boost/beast/http.hpp>)
