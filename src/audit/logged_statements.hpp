// The statements that pgAudit logged last in each session: with pgaudit.log_statement_once their
// further records say "<previously logged>".
// Source: pgaudit, README, "pgaudit.log_statement_once".
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::audit {

/// Bounded: some megabytes at most.
class logged_statements {
  public:
    void keep(std::string_view session, std::int64_t statement_id, std::int64_t substatement_id,
              const std::string& text);
    /// Of the same substatement, or else the newest of the statement; "": nobody knows.
    [[nodiscard]] std::string find(std::string_view session, std::int64_t statement_id,
                                   std::int64_t substatement_id) const;

  private:
    static constexpr std::size_t sessions_max = 500;
    /// Functions that call functions: deeper ones are of the newest.
    static constexpr std::size_t substatements_max = 4;
    struct substatement {
        std::int64_t id = 0;
        std::string text;
    };
    struct statement {
        std::int64_t id = 0;
        std::vector<substatement> newest_last;
    };
    std::map<std::string, statement, std::less<>> sessions_;
};

}  // namespace tallyfs::audit
