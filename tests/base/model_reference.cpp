#include "support/catch.hpp"

#include <tallyfs/base/model_reference.hpp>

using tallyfs::read_model_reference;

TEST_CASE("a model's name says where it runs as Ollama reads it") {
    struct row {
        std::string_view written, base, tag;
        bool cloud;
    };
    for (const auto& [written, base, tag, cloud] : std::initializer_list<row>{
             {"qwen3:8b", "qwen3:8b", "", false},
             {"qwen3", "qwen3", "", false},
             {" \tqwen3:8b\n", "qwen3:8b", "", false},
             {"\xc2\xa0qwen3:8b\xe3\x80\x80", "qwen3:8b", "", false},
             {"qwen3:8b:local", "qwen3:8b", "", false},
             {"qwen3:8b: LOCAL ", "qwen3:8b", "", false},
             {"x:cloud", "x", "", true},
             {"x: Cloud", "x", "", true},
             {"x:8b:cloud", "x:8b", "", true},
             {"gpt-oss:120b-cloud\t", "gpt-oss", "120b", true},
             {"gpt-oss:\xe2\x80\x83"
              "120b-CLOUD",
              "gpt-oss", "120b", true},
             {"x:-cloud", "x", "", true},
             {"host:80/x-cloud", "host:80/x-cloud", "", false},
             {"x:local:cloud", "x:local", "", true},
             {"cloud", "cloud", "", false},
             {"", "", "", false},
             {" ", "", "", false},
             {":", ":", "", false},
         }) {
        INFO(written);
        const auto read = read_model_reference(written);
        CHECK(read.base == base);
        CHECK(read.tag == tag);
        CHECK(read.cloud == cloud);
    }
}
