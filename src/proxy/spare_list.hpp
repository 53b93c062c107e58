// Objects that are dear to make, kept for the next user.
// Rules: docs/architecture.md, "Proxy".
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace tallyfs::proxy {

/// Belongs to one thread. As many are kept as are of use at the same moment in ordinary traffic;
/// what a burst needed beyond them is freed.
template <class T>
class spare_list {
  public:
    [[nodiscard]] std::optional<T> take() {
        if (spares_.empty()) return std::nullopt;
        std::optional<T> taken(std::move(spares_.back()));
        spares_.pop_back();
        return taken;
    }
    /// Leaves `given` empty.
    void give_back(std::optional<T>& given) {
        if (given && spares_.size() < spares_max) spares_.push_back(std::move(*given));
        given.reset();
    }

  private:
    static constexpr std::size_t spares_max = 32;
    std::vector<T> spares_;
};

}  // namespace tallyfs::proxy
