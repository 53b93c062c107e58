#include "proxy/caller_address.hpp"
#include "proxy/caller_label.hpp"

#include <tallyfs/base/error.hpp>
#include <tallyfs/base/limits.hpp>
#include <tallyfs/base/text.hpp>
#include <tallyfs/proxy/caller.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

namespace tallyfs::proxy {
namespace {

constexpr int exit_wrong_configuration = 2;

/// Room for "range:" before a name within limits::label_bytes_max: a principal that were cut
/// could be the same for two names.
constexpr std::size_t configured_name_bytes_max = limits::label_bytes_max - 16;

using digest = std::array<unsigned char, 32>;

/// Keys are compared by their digests: equally long whatever was sent, so that the time of a
/// comparison tells nothing about a key.
digest digest_of(std::string_view text) {
    digest out{};
    unsigned bytes = 0;
    if (EVP_Digest(text.data(), text.size(), out.data(), &bytes, EVP_sha256(), nullptr) != 1 ||
        bytes != out.size())
        throw std::runtime_error("SHA-256 is not available");
    return out;
}

bool equal(const digest& a, const digest& b) {
    return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct known_key {
    std::string name;
    digest hash;
};

struct named_range {
    std::string name;
    ip_range range;
};

std::string configured_name(std::string_view name, const std::string& missing) {
    auto label = clean_label(name);
    if (!label) throw startup_error(missing, exit_wrong_configuration);
    if (name.size() > configured_name_bytes_max)
        throw startup_error("the name '" + *label + "' is longer than " +
                                std::to_string(configured_name_bytes_max) + " bytes",
                            exit_wrong_configuration);
    return std::move(*label);
}

std::vector<known_key> parse_keys(const std::vector<api_key>& keys) {
    std::vector<known_key> known;
    for (const auto& [name, key] : keys) {
        std::string label =
            configured_name(name, "a key in [[keys]] has no name: give it the name of its service");
        if (key.empty())
            throw startup_error("the key '" + label + "' is empty: anyone could present it",
                                exit_wrong_configuration);
        const digest hash = digest_of(key);
        for (const auto& other : known)
            if (equal(other.hash, hash))
                throw startup_error("the keys '" + other.name + "' and '" + label +
                                        "' are the same: give each service its own",
                                    exit_wrong_configuration);
        known.push_back({std::move(label), hash});
    }
    return known;
}

std::vector<named_range> parse_ranges(const std::vector<address_range>& ranges) {
    std::vector<named_range> parsed;
    for (const auto& [name, range] : ranges) {
        std::string label =
            configured_name(name, "the range '" + range + "' in [[ranges]] has no name");
        const auto value = ip_range::parse(range);
        if (!value)
            throw startup_error("the range '" + label + "' is '" + range +
                                    "', which is no range of addresses: write one such as "
                                    "\"10.0.0.0/8\", \"fd00::/8\" or \"192.168.1.7\"",
                                exit_wrong_configuration);
        parsed.push_back({std::move(label), *value});
    }
    return parsed;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The key in "Bearer KEY" (RFC 6750, section 2.1); "" for any other scheme.
std::string_view bearer_key(std::string_view authorization) {
    constexpr std::string_view scheme = "Bearer";
    authorization = trim(authorization);
    if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ' ||
        !equal_ignoring_case(authorization.substr(0, scheme.size()), scheme))
        return {};
    return trim(authorization.substr(scheme.size()));
}

/// Puts a label together from sources asked in order; the first answer stays.
class label_choice {
  public:
    void offer(record::service_source from, std::string_view text) {
        if (label_) return;
        label_ = clean_label(text);
        if (label_) from_ = from;
    }
    void give_to(caller& c) && {
        c.service = std::move(label_).value_or("unknown");
        c.from = from_;
    }

  private:
    std::optional<std::string> label_;
    record::service_source from_ = record::service_source::address;
};

}  // namespace

struct caller_rules::parsed {
    std::vector<std::string> service_headers;
    std::vector<std::string> task_headers;
    std::vector<known_key> keys;
    std::vector<named_range> ranges;

    /// The name of the key presented, or "". Every key is compared, whichever fits.
    [[nodiscard]] std::string_view key_name(std::string_view presented) const {
        if (presented.empty() || keys.empty()) return {};
        const digest hash = digest_of(presented);
        std::string_view name;
        for (const auto& key : keys)
            if (equal(key.hash, hash)) name = key.name;
        return name;
    }

    /// The name of the most specific range that holds the address, or "".
    [[nodiscard]] std::string_view range_name(const std::optional<ip_address>& address) const {
        const named_range* best = nullptr;
        if (address)
            for (const auto& candidate : ranges)
                if (candidate.range.contains(*address) &&
                    (best == nullptr || candidate.range.prefix_bits() > best->range.prefix_bits()))
                    best = &candidate;
        return best == nullptr ? std::string_view{} : std::string_view(best->name);
    }
};

caller_rules::caller_rules(caller_options options)
    : parsed_(std::make_unique<const parsed>(
          parsed{std::move(options.service_headers), std::move(options.task_headers),
                 parse_keys(options.keys), parse_ranges(options.ranges)})) {}

caller_rules::~caller_rules() = default;

bool caller_rules::is_key(std::string_view value) const {
    return !parsed_->key_name(trim(value)).empty();
}

caller caller_rules::identify(const request_words& words, const connection_ends& ends,
                              const std::optional<local_process>& process) const {
    using source = record::service_source;
    const auto header = [&](std::string_view name) {
        return words.header ? words.header(name) : std::string_view{};
    };
    const auto address = ip_address::parse(ends.peer_address);
    const std::string address_text = address ? address->to_string() : ends.peer_address;
    const std::string_view range = parsed_->range_name(address);
    std::string_view key = parsed_->key_name(bearer_key(header("Authorization")));
    if (key.empty()) key = parsed_->key_name(trim(header(api_key_field)));

    caller found;
    label_choice label;
    label.offer(source::path, words.path_service.value_or(""));
    for (const auto& name : parsed_->service_headers) label.offer(source::header, header(name));
    label.offer(source::key, key);
    label.offer(source::listener, words.listener_service);
    label.offer(source::listener, range);
    if (process) label.offer(source::process, process_label(*process));
    label.offer(source::user_agent, user_agent_product(header("User-Agent")));
    label.offer(source::address, address_text);
    std::move(label).give_to(found);

    found.task = clean_label(words.path_task.value_or(""));
    for (const auto& name : parsed_->task_headers)
        if (!found.task) found.task = clean_label(header(name));
    if (process) found.process = clean_label(process->name);

    if (!key.empty())
        found.principal = "key:" + std::string(key);
    else if (process && clean_label(process->cgroup))
        found.principal = cgroup_principal(process->cgroup);
    else if (process && process->uid)
        found.principal = "uid:" + std::to_string(*process->uid);
    else if (!range.empty())
        found.principal = "range:" + std::string(range);
    else
        found.principal = "address:" + address_text;
    found.principal = clip_utf8(found.principal, limits::label_bytes_max);
    return found;
}

}  // namespace tallyfs::proxy
