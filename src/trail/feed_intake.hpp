// A way by which entries come to a feed: what is unfinished of it, and its sessions' lines.
// Why each has its own: docs/architecture.md, "Audit".
#pragma once

#include "trail/feed.hpp"

namespace tallyfs::trail {

struct feed::intake {
    explicit intake(const audited_server& what, audit::session_lines known = {},
                    std::optional<wall_time> begun_until = {})
        : server(what), maker(what.cluster, std::move(known), begun_until) {}

    /// The reader for what comes: made when its first bytes show their format.
    audit::log_reader& reader_for(std::string_view beginning, std::string_view file_name) {
        if (!reader) {
            const auto format =
                server.format ? *server.format : audit::guess_format(beginning, file_name);
            reader.emplace(format, audit::text_prefix(server.log_line_prefix));
        }
        return *reader;
    }

    /// What comes next is of another format, or has nothing to do with what came before.
    void forget_reader() {
        if (reader) unreadable_before += reader->counts().unreadable;
        reader.reset();
    }
    [[nodiscard]] std::uint64_t unreadable() const {
        return unreadable_before + (reader ? reader->counts().unreadable : 0);
    }
    result<piece> next_piece() {
        auto read = source->next();
        read_problem = read ? "" : "reading failed: " + read.error().message();
        return read;
    }
    /// Why what is there cannot be read; "" while all is well.
    [[nodiscard]] std::string problem() const {
        if (!source) return {};
        auto told = source->problem();
        return told.empty() ? read_problem : told;
    }

    const audited_server& server;
    std::unique_ptr<log_source> source;  ///< null of deliveries
    std::optional<audit::log_reader> reader;
    audit::event_maker maker;
    bool may_repeat = false;  ///< entries can come twice, or have come another way
    std::string id;           ///< of the delivered message that is read
    std::string read_problem;
    std::uint64_t unreadable_before = 0;  ///< by readers that are gone
};

}  // namespace tallyfs::trail
