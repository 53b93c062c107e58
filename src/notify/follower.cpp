#include "notify/follower.hpp"

#include <tallyfs/base/file.hpp>
#include <tallyfs/base/log.hpp>
#include <tallyfs/journal/error.hpp>
#include <tallyfs/record/chain_link.hpp>

#include <optional>

namespace tallyfs::notify {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t place_bytes_max = 256;
// A wake() comes with each action; this is for those that were missed.
constexpr auto rest_max = 1s;
// Bytes of lines at once: a message waits as long as its target is down, and its batch with it.
constexpr std::size_t batch_bytes_max = 64 * 1024;

}  // namespace

follower::follower(const notifier::parts& shared, std::string name, std::filesystem::path file)
    : shared_(shared), file_(std::move(file)) {
    const auto newest = shared_.actions.head().lines;
    const auto text = read_file(file_, place_bytes_max);
    const auto kept = text ? parse_place(*text) : std::nullopt;
    const bool usable = kept && kept->number <= newest;
    if (usable) {
        done_ = *kept;
    } else {
        const bool missing =
            !text && text.error() == boost::system::errc::no_such_file_or_directory;
        if (!missing) {
            spdlog::warn("notify: {} is not of these actions: {} is told what comes from now on",
                         file_.string(), name);
        }
        keep({shared_.actions.lines().end(), newest});
    }
    number_ = done_.number;
}

std::uint64_t follower::behind() const {
    const auto done = number();
    const auto newest = shared_.actions.head().lines;
    return newest > done ? newest - done : 0;
}

void follower::run(stopper& stop, const std::function<taken(std::string_view line)>& take,
                   std::function<void(std::string)> failed) {
    failed_ = std::move(failed);
    std::optional<journal::reader> lines(std::in_place, shared_.actions.lines(), done_.at);
    while (!stop.stopping()) {
        const auto batch = lines->next(batch_bytes_max);
        if (!batch) {
            failed_("cannot read the actions: " + batch.error().message());
            // Lines were cut off or exchanged. What is done with is known by its number as well.
            if (batch.error() == make_error_code(journal::journal_errc::position_unknown)) {
                lines.emplace(shared_.actions.lines());
            }
            stop.pause(rest_max);
        } else if (batch->text.empty()) {
            stop.rest(rest_max);
        } else if (!take_all(*batch, stop, take)) {
            break;
        }
    }
    keep(done_);
}

/// False when it was stopped.
bool follower::take_all(const journal::batch& lines, const stopper& stop,
                        const std::function<taken(std::string_view line)>& take) {
    auto rest = lines.text;
    auto behind = lines.offset;
    while (!rest.empty() && !stop.stopping()) {
        const auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        behind += line.size();
        const auto link = record::read_chain_link(line.substr(0, line.size() - 1));
        if (link && link->number <= done_.number) continue;
        const auto what = take(line);
        if (what == taken::stopped) return false;
        const place now{{lines.segment, behind}, link ? link->number : done_.number};
        if (what == taken::done) {
            keep(now);
        } else {
            // Nothing to lose: the file follows with the next message, or at the end.
            done_ = now;
        }
        number_ = now.number;
    }
    return true;
}

/// What cannot be kept is sent twice after a restart: better than not at all.
void follower::keep(const place& done) {
    done_ = done;
    const auto kept = replace_file(file_, to_text(done));
    if (kept) return;
    spdlog::error("notify: {} cannot be written: {}", file_.string(), kept.error().message());
    failed_("its place cannot be kept: " + kept.error().message());
}

}  // namespace tallyfs::notify
