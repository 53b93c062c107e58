# tallyfs_module(NAME LINKS … [PRIVATE_LINKS …]): the library tallyfs_NAME of src/NAME/*.cpp.
# A library given as PRIVATE_LINKS can be included by this module's sources only.
function(tallyfs_module name)
    cmake_parse_arguments(arg "" "" "LINKS;PRIVATE_LINKS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
    set(target tallyfs_${name})
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/include
        PRIVATE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS} tallyfs_options)
    target_precompile_headers(${target} PRIVATE
        <algorithm> <atomic> <chrono> <cstdint> <deque> <filesystem> <functional> <map> <memory>
        <mutex> <optional> <span> <string> <string_view> <thread> <unordered_map> <utility>
        <vector>)
endfunction()

# tallyfs_test(NAME LINKS … [LABELS …] [TIMEOUT seconds]): one Catch2 program of tests/NAME/*.cpp.
function(tallyfs_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "LINKS;LABELS" ${ARGN})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * ${TALLYFS_TIME_FACTOR}")
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cpp)
    set(target test_${name})
    add_executable(${target} ${sources})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
    target_compile_definitions(${target} PRIVATE
        TALLYFS_FIXTURES="${CMAKE_SOURCE_DIR}/tests/fixtures"
        TALLYFS_BINARIES="${CMAKE_BINARY_DIR}")
    target_link_libraries(${target} PRIVATE ${arg_LINKS} tallyfs_test_support tallyfs_options)
    add_test(NAME ${name} COMMAND ${target})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
