// What people set while the daemon runs: one value a file below control/, in force at once and
// after a restart. Table for people: control/README.md, made from the definitions.
#pragma once

#include <tallyfs/base/clock.hpp>
#include <tallyfs/record/action.hpp>
#include <tallyfs/state/action_log.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::state {

/// A text as a setting understands it, or why it does not.
struct judged_value {
    std::string value;   ///< in the form in which it is stored and shown
    std::string reason;  ///< "" or why the text is refused
};

/// One setting, or a collection of named texts (control/policies/<name>). Made once, by the module
/// that it belongs to.
struct setting_definition {
    std::string name;             ///< "log_level"; "health/dead_rows_min" in a directory
    std::string meaning{};        ///< one sentence
    std::string allowed{};        ///< "error, warn, info or debug"; "0 to 3650"
    std::string unit{};           ///< "days"; "" if it has none
    std::string default_value{};  ///< as stored; from the configuration where it says something
    bool collection = false;      ///< `name` is a directory of texts, which people add and remove
    /// Of a collection: each entry is a directory, and this is the name of the file in it
    /// ("capture" in services/<service>/capture). Every entry resolves; `default` removes one.
    std::string leaf{};
    /// How a change is asked for, where nobody makes one alone: what to write into approvals/new.
    /// "" where whoever may change settings changes it.
    std::string by_request{};
    bool needs_newline = false;  ///< half a value would be a value as well: it must be seen to end
    /// Pure: any thread.
    std::function<judged_value(std::string_view text)> judge;
    /// Why a value (nullptr: the removal) does not go together with what else is in force, or "".
    /// On the desk; may be null.
    std::function<std::string(const std::string& entry, const std::string* value)> fits = nullptr;
    /// Puts a value in force, on the thread that changes settings (at start: the main thread).
    /// `entry` is the name within a collection, whose removed texts come as nullptr.
    std::function<void(const std::string& entry, const std::string* value)> apply;
};

// Judges for common types.
[[nodiscard]] std::function<judged_value(std::string_view)> one_of(std::vector<std::string> values);
[[nodiscard]] std::function<judged_value(std::string_view)> on_or_off();
[[nodiscard]] std::function<judged_value(std::string_view)> whole_number(std::int64_t min,
                                                                         std::int64_t max);

/// A value in force, with the action that put it there.
struct setting_value {
    std::string text;
    std::uint64_t number = 0;  ///< of the action; 0: the default
    wall_time changed{};
};

/// Everything in force at one moment. Keys are "log_level" or "policies/10-cloud".
struct settings_snapshot {
    std::map<std::string, setting_value, std::less<>> values;
    std::deque<record::action> history;  ///< the newest 1,000 changes, oldest first
    std::uint64_t changes = 0;           ///< a version
};

class settings {
  public:
    /// The definitions are complete before the first replay(). `default` as a value restores one.
    explicit settings(std::vector<setting_definition> definitions);

    [[nodiscard]] const std::vector<setting_definition>& definitions() const noexcept {
        return definitions_;
    }
    [[nodiscard]] const setting_definition* find(std::string_view name) const;

    /// At start: an action of the past, if it is one of settings. A value that is not understood
    /// any more is said in the log, and the default holds.
    void replay(const record::action& past);
    /// After the replay: calls every apply().
    void put_in_force();

    /// What a change would be, and why not. Any thread.
    struct proposal {
        const setting_definition* definition = nullptr;
        std::string key;     ///< "log_level", "policies/10-cloud"
        std::string entry;   ///< "10-cloud"
        std::string value;   ///< "" for a removal
        std::string reason;  ///< "" or why it is refused
        bool removal = false;
        bool changes = true;  ///< false: it is in force already
    };
    [[nodiscard]] proposal propose(std::string_view name, std::string_view entry,
                                   std::string_view text) const;
    [[nodiscard]] proposal propose_removal(std::string_view name, std::string_view entry) const;
    /// Records and puts in force. On the desk. `request` is the number of the one that was
    /// approved, "" for a change without one. Errors: those of action_log::record().
    result<void> change(const proposal& wanted, const record::actor& by, action_log& actions,
                        const std::string& request = "");

    [[nodiscard]] std::shared_ptr<const settings_snapshot> current() const;

  private:
    [[nodiscard]] const setting_definition* definition_of(std::string_view key) const;
    void take(const record::action& change, const std::string& value, bool removal);

    const std::vector<setting_definition> definitions_;
    std::shared_ptr<settings_snapshot> replayed_;  ///< until put_in_force()
    mutable std::mutex mutex_;
    std::shared_ptr<const settings_snapshot> current_;
};

}  // namespace tallyfs::state
