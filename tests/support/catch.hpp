// Catch2 in whichever major version the distribution ships.
// Source: https://github.com/catchorg/Catch2 (v2 on Debian 12, v3 on Ubuntu 24.04).
#pragma once
#ifdef TALLYFS_CATCH2_V2
#include <catch2/catch.hpp>
#else
#include <catch2/catch_all.hpp>
using Catch::Approx;
#endif

#include <boost/system/result.hpp>

/// A result is shown as its error; values need not be printable.
template <class Value, class Error>
struct Catch::StringMaker<boost::system::result<Value, Error>> {
    static std::string convert(const boost::system::result<Value, Error>& r) {
        return r.has_value() ? "a value" : "error: " + r.error().message();
    }
};
