#include "support/catch.hpp"

#include <tallyfs/dialect/route.hpp>

using tallyfs::dialect::is_cloud_name;

TEST_CASE("a name says that a model is served remotely, or says nothing") {
    for (const char* name : {"gpt-oss:120b-cloud", "x:cloud", "X:Cloud", "x:8b-CLOUD", "x:cloud  ",
                             "a:b:cloud", "host/space/x:cloud", "x: cloud", "x:8b-cloud\t"}) {
        INFO(name);
        CHECK(is_cloud_name(name));
    }
    for (const char* name : {"", "x", "cloud", "x-cloud", "x:latest", "x:cloudy", "x:8b",
                             "my.host:80/cloud", "x:cloud-8b"}) {
        INFO(name);
        CHECK_FALSE(is_cloud_name(name));
    }
}
