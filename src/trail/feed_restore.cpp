#include "trail/feed_intake.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/reader.hpp>

#include <limits>

namespace tallyfs::trail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t checkpoint_bytes_max = std::size_t{16} << 20;
/// Without a checkpoint nobody knows which windows were open: those of so long ago may be.
constexpr auto windows_counted_again = 1h;

std::optional<checkpoint> read_checkpoint(const std::filesystem::path& file) {
    const auto text = read_file(file, checkpoint_bytes_max);
    if (!text) {
        if (text.error() != boost::system::errc::no_such_file_or_directory) {
            spdlog::error("{}: {}", file.string(), text.error().message());
        }
        return std::nullopt;
    }
    auto read = parse_checkpoint(*text);
    if (!read) {
        spdlog::error("{} is damaged: the log is read again from its newest file on",
                      file.string());
    }
    return read;
}

}  // namespace

void feed::restore() {
    if (auto read = read_checkpoint(parts_.checkpoint_file)) at_ = std::move(*read);
    judging_ = parts_.judging();
    const auto end = parts_.into.end();
    const auto segment = journal::segment_id::parse(at_.segment);
    // Without a place the log begins anew, also where the stream's end was kept already.
    const bool begins_anew = !segment || (!parts_.what.log.empty() && at_.log_place.empty());
    careful_ = begins_anew && end.number > 0;
    make_intakes();
    if (segment) return restore_from_stream({*segment, at_.offset});
    at_.number = end.number;
    if (careful_) at_.windows_from = parts_.clock.wall() - windows_counted_again;
    restore_from_stream(end.at);
    // However soon this ends: what is written from now on can be told apart.
    keep_checkpoint(end);
}

void feed::make_intakes() {
    const auto& what = parts_.what;
    const auto source_of = [this](auto make, std::string& place) {
        try {
            return make(place);
        } catch (const std::invalid_argument& error) {
            spdlog::error("{}: {}: what is read is compared with what is kept", parts_.what.cluster,
                          error.what());
            place.clear();
            careful_ = true;
            return make(place);
        }
    };
    log_ = std::make_unique<intake>(what, at_.sessions, at_.begun_until);
    // Archives, posts and commands bring what the log has, and it what they have brought.
    log_->may_repeat = !what.archives.empty() || !what.command.empty() || !what.post_token.empty();
    if (!what.log.empty()) {
        log_->source = source_of(
            [&](const std::string& place) {
                return follow_files(what.log, place, what.from_oldest);
            },
            at_.log_place);
    }
    if (at_.log_place.empty() || !at_.begun_until) log_->maker.lines_unknown();
    archives_ = std::make_unique<intake>(what);
    archives_->may_repeat = true;
    archives_->maker.lines_unknown();
    if (!what.archives.empty()) {
        archives_->source =
            source_of([&](const std::string& place) { return read_archives(what.archives, place); },
                      at_.archives_place);
    }
    deliveries_ = std::make_unique<intake>(what);
    deliveries_->may_repeat = true;
}

/// Counts again what is in windows that were not over: what was logged in them before the
/// checkpoint, and all that was written after it.
void feed::restore_from_stream(const journal::position& end) {
    const auto add = [this](const record::audit_event& event) {
        windows_.add(event, judging_->rules);
    };
    if (at_.windows_from != wall_time::max()) {
        ledger::audit_query query;
        query.cluster = parts_.what.cluster;
        query.from = at_.windows_from;
        query.events_max = std::numeric_limits<std::size_t>::max();
        const auto found =
            parts_.into.find(query, [&](std::string_view, const record::audit_event& event) {
                if (event.number <= at_.number) add(event);
            });
        if (!found) {
            spdlog::error("{}: windows that were open begin anew: {}", parts_.what.cluster,
                          found.error().message());
        }
    }
    journal::reader later(parts_.into.lines(), end);
    for (;;) {
        const auto batch = later.next();
        if (!batch) {
            spdlog::error(
                "{}: the audit stream behind the checkpoint: {}: what is read is compared"
                " with what is kept",
                parts_.what.cluster, batch.error().message());
            careful_ = true;
            break;
        }
        if (batch->text.empty()) break;
        for (auto rest = batch->text; !rest.empty();) {
            const auto bytes = rest.find('\n') + 1;
            const auto event = record::parse_audit_event(rest.substr(0, bytes));
            if (event && event->cluster == parts_.what.cluster) {
                add(*event);
                if (log_->source) written_after_.insert(event->key);
            }
            rest.remove_prefix(bytes);
        }
    }
}

/// Whether all that was there has been read, so that nothing of it comes again.
bool feed::has_read_all() const {
    if (!log_->source) return true;
    return caught_up_ && log_->problem().empty() && log_->source->bytes_behind() == 0 &&
           (!log_->reader || log_->reader->pending_bytes() == 0);
}

/// `end` is synced, and all that was read so far stands before it.
void feed::save(const store::line_end& end) {
    // What was written after the last checkpoint is known by its keys until it was read again:
    // a place in between would forget the rest of them.
    if (has_read_all()) written_after_.clear();
    if (!written_after_.empty()) return;
    if (log_->source) {
        at_.log_place = log_->source->place(log_->reader ? log_->reader->pending_bytes() : 0);
    }
    if (archives_->source) {
        at_.archives_place =
            archives_->source->place(archives_->reader ? archives_->reader->pending_bytes() : 0);
    }
    keep_checkpoint(end);
}

/// Other servers' events may come behind `end` meanwhile: more is read again than need be.
void feed::keep_checkpoint(const store::line_end& end) {
    at_.segment = end.at.segment.file_name();
    at_.offset = end.at.offset;
    at_.number = end.number;
    at_.sessions = log_->maker.sessions();
    at_.begun_until = log_->maker.begun_until();
    at_.windows_from = windows_.oldest();
    for (const auto& one : owed_) at_.windows_from = std::min(at_.windows_from, one.id.window);
    if (const auto kept = replace_file(parts_.checkpoint_file, to_json(at_)); !kept) {
        if (save_failure_ != kept.error()) {
            spdlog::error("{}: {}", parts_.checkpoint_file.string(), kept.error().message());
        }
        save_failure_ = kept.error();
        return;
    }
    save_failure_ = {};
    unsaved_ = false;
}

}  // namespace tallyfs::trail
