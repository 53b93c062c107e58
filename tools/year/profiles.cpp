#include "year/profiles.hpp"

#include "year/random.hpp"

#include <array>
#include <string_view>

namespace tallyfs::year {

namespace {

struct known_model {
    std::string_view name;
    bool embeds = false;
};

constexpr std::array<known_model, 20> known_models{{
    {"qwen3:14b"},     {"qwen2.5:14b"},    {"nomic-embed-text:latest", true},
    {"llama3.2"},      {"gemma3:12b"},     {"mxbai-embed-large", true},
    {"llama3.1:8b"},   {"mistral-nemo"},   {"qwen2.5-coder:7b"},
    {"phi4:14b"},      {"deepseek-r1:8b"}, {"bge-m3", true},
    {"gpt-oss:20b"},   {"granite3.3:8b"},  {"codestral:22b"},
    {"llava:13b"},     {"qwen3:32b"},      {"hf.co/unsloth/Qwen3-4B-GGUF:Q4_K_M"},
    {"command-r:35b"}, {"smollm2:1.7b"},
}};

constexpr std::array<std::string_view, 12> services{
    "n8n",         "agent-brain", "open-webui",     "search-index", "editor",     "mail-triage",
    "invoice-ocr", "helpdesk",    "nightly-report", "crm-summary",  "translator", "wiki-bot"};

constexpr std::array<std::string_view, 8> tasks{"email-triage", "contracts", "summary", "answer",
                                                "chunk",        "classify",  "extract", "review"};

struct route {
    std::string_view dialect;
    std::string_view endpoint;
};
constexpr std::array<route, 6> asking{{{"native", "/api/chat"},
                                       {"openai", "/v1/chat/completions"},
                                       {"native", "/api/generate"},
                                       {"openai", "/v1/completions"},
                                       {"responses", "/v1/responses"},
                                       {"anthropic", "/v1/messages"}}};
constexpr std::array<route, 2> embedding{{{"native", "/api/embed"}, {"openai", "/v1/embeddings"}}};

known_model model_of(unsigned number, std::string& made) {
    if (number < known_models.size()) return known_models[number];
    made = "local/model-" + std::to_string(number + 1) + ":7b";
    return {made, number % 5 == 2};
}

std::string service_of(unsigned number) {
    std::string name(services[number % services.size()]);
    if (number >= services.size()) name += '-' + std::to_string(number / services.size() + 1);
    return name;
}

job make_job(unsigned service, unsigned models, randomness& chance) {
    job made;
    auto& line = made.line;
    line.node = "docker-host";
    line.service = service_of(service);
    if (chance.below(4) != 0) line.task = tasks[chance.below(tasks.size())];
    line.service_from = static_cast<record::service_source>(chance.below(record::service_sources));
    line.principal = "unit:" + line.service + ".service";
    line.client = "127.0.0.1:00000";
    if (chance.below(3) != 0) line.process = chance.once_in(2) ? "node" : "python3";
    line.upstream = "127.0.0.1:11434";
    std::string made_name;
    // The first models are asked for most.
    const auto model = model_of(std::min(chance.below(models), chance.below(models)), made_name);
    made.embeds = model.embeds;
    const auto& way = model.embeds ? embedding[chance.below(embedding.size())]
                                   : asking[chance.below(asking.size())];
    line.dialect = way.dialect;
    line.endpoint = way.endpoint;
    line.model = line.model_answered = std::string(model.name);
    line.stream = !model.embeds && chance.below(3) != 0;
    line.context_limit = 4096 << chance.below(3);
    if (chance.once_in(4)) {
        line.options = "{\"num_ctx\":" + std::to_string(*line.context_limit) + "}";
    }
    made.prompt_tokens_max = 200 + chance.below(3000);
    made.output_tokens_max = made.embeds ? 0 : 20 + chance.below(700);
    return made;
}

}  // namespace

std::vector<job> make_jobs(const shape& wanted) {
    randomness chance(mixed(wanted.seed));
    std::vector<job> jobs;
    std::uint64_t weights = 0;
    for (unsigned service = 0; service < wanted.services; ++service) {
        const auto count = 1 + chance.below(4);
        for (unsigned number = 0; number < count; ++number) {
            jobs.push_back(make_job(service, wanted.models, chance));
            weights += 1'000'000 / (service + 4) / (number + 1);
            jobs.back().weight_end = weights;
        }
    }
    return jobs;
}

}  // namespace tallyfs::year
