#include "ledger/audit_blocks.hpp"

#include <algorithm>

namespace tallyfs::ledger {

namespace {

/// Calls visit(kind, name) for each name that is looked for.
template <class Visitor>
void visit_wanted(const audit_query& query, Visitor&& visit) {
    if (query.cluster) visit(audit_name::cluster, *query.cluster);
    if (query.user) visit(audit_name::user, *query.user);
    if (query.database) visit(audit_name::database, *query.database);
    if (query.object) visit(audit_name::object, *query.object);
    if (query.class_name) visit(audit_name::class_name, *query.class_name);
    if (query.command) visit(audit_name::command, *query.command);
    if (query.kind) visit(audit_name::kind, *query.kind);
    if (query.rule) visit(audit_name::rule, *query.rule);
}

}  // namespace

audit_index::implementation::wanted audit_index::implementation::prepare(
    const audit_query& query) const {
    wanted search;
    search.epoch = epoch;
    visit_wanted(query, [&](audit_name kind, const std::string& text) {
        search.names.push_back({names.find(kind, text), kind});
    });
    return search;
}

/// Down to a block whose run has lines of that time; false if there is none.
bool audit_index::implementation::skip_runs(const audit_query& query, std::int64_t& id) const {
    id = std::min(id, static_cast<std::int64_t>(runs.size()) * blocks_of_a_run - 1);
    while (id >= 0 && !runs[static_cast<std::size_t>(id / blocks_of_a_run)].meets(query)) {
        id = id / blocks_of_a_run * blocks_of_a_run - 1;
    }
    return id >= 0;
}

/// Down to a block that has the name; false if there is none. Below the first block that it is in
/// under its own number it can be one of the others: there was no room for it, until a day that was
/// forgotten made some.
bool audit_index::implementation::skip_to_name(const wanted::name& name, std::int64_t& id) {
    auto& find = current->statements->find_posting;
    for (const auto number : {name.id, static_cast<audit_name_id>(name.kind)}) {
        find.bind(number, id);
        const bool found = find.step();
        if (found) id = find.integer(0);
        find.end();
        if (found) return true;
    }
    return false;
}

/// Down to a block that has all names; false if there is none.
bool audit_index::implementation::skip_postings(const wanted& search, std::int64_t& id) {
    for (std::size_t agreed = 0, i = 0; agreed < search.names.size();
         i = (i + 1) % search.names.size()) {
        const auto from = id;
        if (!skip_to_name(search.names[i], id)) return false;
        agreed = id == from ? agreed + 1 : 1;
    }
    return true;
}

void audit_index::implementation::add_young(const audit_query& query, wanted& search,
                                            std::size_t blocks_max,
                                            std::vector<audit_block>& found) const {
    for (auto block = young.rbegin(); block != young.rend() && found.size() < blocks_max; ++block) {
        if (block->id >= search.below) continue;
        search.below = block->id;
        const bool has_all = std::ranges::all_of(search.names, [&](const wanted::name& name) {
            return std::ranges::find(block->names, name.id) != block->names.end();
        });
        if (has_all && block->logged.meets(query)) found.push_back(*block);
    }
}

result<std::vector<audit_block>> audit_index::implementation::candidates(const audit_query& query,
                                                                         wanted& search,
                                                                         std::size_t blocks_max) {
    if (const auto failure = usable()) return failure;
    if (search.epoch != epoch) {
        return make_error_code(boost::system::errc::resource_unavailable_try_again);
    }
    std::vector<audit_block> found;
    add_young(query, search, blocks_max, found);
    auto& find = current->statements->find_block;
    while (found.size() < blocks_max && search.below > 0) {
        auto id = search.below - 1;
        if (!skip_runs(query, id) || !skip_postings(search, id)) {
            search.below = 0;
            break;
        }
        find.bind(id);
        if (!find.step()) {
            search.below = 0;
            break;
        }
        const auto block = read_audit_block(find);
        find.end();
        search.below = block.id;
        // Without a name to look for it can be one further down, of a run that was passed over.
        if (block.logged.meets(query)) found.push_back(block);
    }
    if (const auto failure = current->file.take_failure()) return note(failure);
    return found;
}

}  // namespace tallyfs::ledger
