// Patterns with * and ? for the names of callers, models and routes.
// Format: docs/policies.md, "Names".
#pragma once

#include <boost/container/small_vector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tallyfs::policy {

/// `*` stands for any characters or none, `?` for one; everything else for itself.
class glob {
  public:
    explicit glob(std::string_view pattern);
    /// The whole of `name`, with case. At most name times pattern steps, no allocation.
    [[nodiscard]] bool matches(std::string_view name) const noexcept {
        // Almost every comparison ends with one character: in line, for the rules' sake.
        if (kind_ == kind::exact) {
            return name.size() == text_.size() && name.back() == edge_ && name == text_;
        }
        if (kind_ == kind::begins && !name.empty() && name.front() != edge_) return false;
        if (kind_ == kind::ends && !name.empty() && name.back() != edge_) return false;
        return matches_wild(name);
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool is_exact() const noexcept { return kind_ == kind::exact; }

  private:
    enum class kind : std::uint8_t { exact, begins, ends, general };
    [[nodiscard]] bool matches_wild(std::string_view name) const noexcept;

    std::string text_;  ///< as written, never empty
    kind kind_;
    char edge_;  ///< first of what begins, else last: names differ in their ends ("uid:1001")
};

/// A principal under both of its names: a unit that user 1000 runs is named by that user, and so
/// counts as `uid:1000` (docs/who-called.md).
class principal_name {
  public:
    /// `principal` must outlive it.
    explicit principal_name(std::string_view principal) noexcept;
    [[nodiscard]] std::string_view written() const noexcept { return written_; }
    /// "uid:1000" for "unit:user@1000.service/n8n.service"; else as written.
    [[nodiscard]] std::string_view who() const noexcept {
        return size_ == 0 ? written_ : std::string_view(user_.data(), size_);
    }
    [[nodiscard]] bool is_unit_of_user() const noexcept { return size_ > 0; }

  private:
    std::string_view written_;
    std::array<char, 16> user_{};  ///< "uid:" and at most ten digits
    std::size_t size_ = 0;
};

class principal_pattern {
  public:
    explicit principal_pattern(std::string_view pattern);
    /// A unit of a user is reached as `uid:…`, and under its own name only by patterns that begin
    /// with `unit:user@`: else anyone could meet `unit:*n8n.service` by naming a unit so.
    [[nodiscard]] bool matches(const principal_name& name) const noexcept {
        if (pattern_.matches(name.who())) return true;
        return names_users_ && name.is_unit_of_user() && pattern_.matches(name.written());
    }
    [[nodiscard]] const std::string& text() const noexcept { return pattern_.text(); }

  private:
    glob pattern_;
    bool names_users_;
};

/// A model's name as Ollama resolves it: lower case, without `registry.ollama.ai/library/` and
/// `:local`, with the tag `latest` where none is given; `x:8b:cloud` as `x:8b-cloud`.
class model_name {
  public:
    explicit model_name(std::string_view model);
    /// "qwen3:latest"; "" where no model was named.
    [[nodiscard]] std::string_view full() const noexcept { return {text_.data(), text_.size()}; }
    /// Without the tag, where that is `latest`; else as full().
    [[nodiscard]] std::string_view shortened() const noexcept { return full().substr(0, short_); }

  private:
    boost::container::small_vector<char, 96> text_;
    std::size_t short_ = 0;
};

class model_pattern {
  public:
    explicit model_pattern(std::string_view pattern);
    [[nodiscard]] bool matches(const model_name& name) const noexcept {
        if (pattern_.matches(name.full())) return true;
        return name.shortened().size() != name.full().size() && pattern_.matches(name.shortened());
    }
    [[nodiscard]] const std::string& text() const noexcept { return pattern_.text(); }

  private:
    glob pattern_;
};

}  // namespace tallyfs::policy
