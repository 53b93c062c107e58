#include "ledger/arithmetic.hpp"
#include "ledger/audit_blocks.hpp"

#include <algorithm>

namespace tallyfs::ledger {

namespace {

bool has_plain_names(const record::audit_event& e) {
    bool plain = true;
    visit_audit_names(
        e, [&](audit_name, std::string_view text) { plain = plain && is_plain_name(text); });
    return plain;
}

}  // namespace

audit_line_mark mark_of(const record::audit_event& e, std::uint64_t bytes) {
    return {bytes, e.number, hash_of(e.previous)};
}

young_block& audit_index::implementation::block_for(const journal::position& at,
                                                    std::uint64_t bytes) {
    const bool goes_on = !young.empty() && young.back().lines < audit_block_lines_max &&
                         young.back().where.segment == at.segment &&
                         young.back().where.offset + young.back().where.bytes == at.offset;
    if (!goes_on) {
        auto& begun = young.emplace_back();
        begun.id = now.next_block++;
        begun.where = {at.segment, at.offset, 0};
    }
    auto& block = young.back();
    ++block.lines;
    ++now.lines;
    block.where.bytes += bytes;
    now.checkpoint = {at.segment, at.offset + bytes};
    return block;
}

void audit_index::implementation::take(const record::audit_event& e, const journal::position& at,
                                       std::uint64_t bytes) {
    auto& block = block_for(at, bytes);
    block.logged.add({e.logged, e.logged});
    now.last_line = mark_of(e, bytes);
    if (has_plain_names(e)) {
        enter_names(block, e);
        return;
    }
    // Names are those that stand in the line, where they are bounded and made valid UTF-8.
    std::string line;
    record::append_line(line, e);
    const auto read = record::parse_audit_event(line);
    enter_names(block, read ? *read : e);
}

void audit_index::implementation::take_unreadable(const journal::position& at,
                                                  std::uint64_t bytes) {
    ++block_for(at, bytes).unreadable;
    ++now.unreadable;
    now.last_line = {bytes, 0, 0};
}

void audit_index::implementation::enter_names(young_block& block, const record::audit_event& e) {
    visit_audit_names(e, [&](audit_name kind, std::string_view text) {
        auto& name = names.enter(kind, text);
        if (name.block == block.id) return;
        name.block = block.id;
        block.names.push_back(name.id);
    });
}

}  // namespace tallyfs::ledger
