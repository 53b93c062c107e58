// A request for approval as text: who it waits for, one line, its evidence, its whole record.
// Format: docs/formats.md, "Approvals".
#pragma once

#include <tallyfs/approval/book.hpp>

#include <string>
#include <vector>

namespace tallyfs::approval {

struct waiting {
    std::uint32_t step = 0;  ///< from 1; 0: waits for nobody
    std::string role;
    std::vector<std::string> names;  ///< who can decide it now, in the order of configuration
};
[[nodiscard]] waiting waiting_for(const entry& e, const context& at);

/// "0042 cloud-model  waits for manager (bea, carl)  Allow qwen3-coder:480b-cloud for n8n"
[[nodiscard]] std::string summary_line(const entry& e, const context& at);

/// What is to be read before a decision (evidence.md); its last line has the code.
[[nodiscard]] std::string evidence_page(const entry& e);

/// The complete record, indented JSON with a newline at the end: the request, the evidence as it
/// was seen, each step with who, for whom, how known and when, objections, hash and result.
[[nodiscard]] std::string decision_record(const entry& e);

}  // namespace tallyfs::approval
