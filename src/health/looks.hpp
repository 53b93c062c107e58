// The highest of several looks.
// Meaning of the figures: include/tallyfs/health/activity.hpp.
#pragma once

#include <tallyfs/health/activity.hpp>

namespace tallyfs::health {

template <class Number>
void raise(std::optional<Number>& highest, const std::optional<Number>& value) {
    if (value && (!highest || *value > *highest)) highest = value;
}

inline void raise_xmin(activity& shown, const count& age, std::string_view holder) {
    if (!age || (shown.oldest_xmin_age && *age <= *shown.oldest_xmin_age)) return;
    shown.oldest_xmin_age = age;
    shown.oldest_xmin_holder = *age > 0 ? holder : "";
}

}  // namespace tallyfs::health
