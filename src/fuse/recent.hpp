// A map that keeps what was used last: it forgets the rest when the sum of what its entries
// weigh exceeds a limit. No outside format.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tallyfs::fuse {

/// Not thread-safe: its owner locks.
template <class Value>
class recent {
  public:
    explicit recent(std::size_t weight_max) : weight_max_(weight_max) {}

    /// Null if it is not there. Valid until the next call.
    [[nodiscard]] const Value* find(std::string_view key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, place->second);
        return &place->second->value;
    }

    /// Adds or replaces. The entry added last stays, however much it weighs.
    void add(std::string_view key, Value value, std::size_t weight) {
        erase(key);
        entries_.push_front({std::string(key), std::move(value), weight});
        places_.emplace(entries_.front().key, entries_.begin());
        weight_ += weight;
        while (weight_ > weight_max_ && entries_.size() > 1) erase(entries_.back().key);
    }

    void clear() {
        places_.clear();
        entries_.clear();
        weight_ = 0;
    }

    void erase(std::string_view key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return;
        const auto entry_place = place->second;
        weight_ -= entry_place->weight;
        places_.erase(place);  // before the entry: its key lies in there
        entries_.erase(entry_place);
    }

    [[nodiscard]] std::size_t weight() const noexcept { return weight_; }

  private:
    struct entry {
        std::string key;
        Value value;
        std::size_t weight;
    };

    const std::size_t weight_max_;
    std::size_t weight_ = 0;
    std::list<entry> entries_;  ///< the one used last in front
    std::unordered_map<std::string_view, typename std::list<entry>::iterator> places_;
};

}  // namespace tallyfs::fuse
