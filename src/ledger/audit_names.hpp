// The names in events of the audit as small numbers: what rows of its index hold in their place.
// Format: docs/formats.md, "Audit index", table names.
#pragma once

#include <tallyfs/ledger/audit_index.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tallyfs::ledger {

enum class audit_name : std::uint8_t {
    cluster,
    user,
    database,
    object,
    class_name,
    command,
    kind,
    rule,
};
inline constexpr std::size_t audit_name_kinds = 8;

/// Below audit_name_kinds: the names of that kind for which there is no room, "(other)".
using audit_name_id = std::uint32_t;

/// Calls visit(kind, text) for each name of an event.
template <class Visitor>
void visit_audit_names(const record::audit_event& e, Visitor&& visit) {
    visit(audit_name::cluster, std::string_view(e.cluster));
    visit(audit_name::user, std::string_view(e.user));
    visit(audit_name::database, std::string_view(e.database));
    visit(audit_name::object, std::string_view(e.object));
    visit(audit_name::class_name, std::string_view(e.class_name));
    visit(audit_name::command, std::string_view(e.command));
    visit(audit_name::kind, std::string_view(e.kind));
    for (const auto& rule : e.rules) visit(audit_name::rule, std::string_view(rule));
}

/// Whether a name stands in its line as it is: printable, nothing to be escaped, not too long.
[[nodiscard]] bool is_plain_name(std::string_view text) noexcept;

/// Knows names by a hash of 64 bits: two that share one share a number, which costs a reader some
/// lines and never an event. Not thread-safe.
class audit_names {
  public:
    struct numbered {
        audit_name_id id = 0;
        std::int64_t block = -1;  ///< the last one that has the name; for who fills blocks
    };
    struct added {
        audit_name_id id = 0;
        audit_name kind = audit_name::cluster;
        std::string text;
    };

    explicit audit_names(std::size_t names_max) : names_max_(names_max) { clear(); }

    /// A new name is entered, or is one of the others. The reference stays valid until clear().
    [[nodiscard]] numbered& enter(audit_name kind, std::string_view text);
    /// Under which number a name's blocks are.
    [[nodiscard]] audit_name_id find(audit_name kind, std::string_view text) const;
    /// As read from the file. False for a number that is not one.
    [[nodiscard]] bool restore(audit_name_id id, audit_name kind, std::string_view text);
    void clear();

    /// Entered since the last forget_unsaved(): not in the file yet.
    [[nodiscard]] const std::vector<added>& unsaved() const noexcept { return unsaved_; }
    void forget_unsaved() { unsaved_.clear(); }
    [[nodiscard]] std::size_t count() const noexcept { return ids_.size(); }

  private:
    /// The hash is one already.
    struct as_it_is {
        std::size_t operator()(std::uint64_t hash) const noexcept { return hash; }
    };
    struct recent {
        std::string text;
        numbered* entry = nullptr;
    };

    std::size_t names_max_;
    audit_name_id next_ = audit_name_kinds;
    std::unordered_map<std::uint64_t, numbered, as_it_is> ids_;
    std::array<numbered, audit_name_kinds> others_;
    std::array<recent, audit_name_kinds> recent_;  ///< most events name what the last one did
    std::vector<added> unsaved_;
};

}  // namespace tallyfs::ledger
