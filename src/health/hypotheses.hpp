// How a hypothesis is judged: by a finding that stands, else by a figure and its limit.
// Table of hypotheses: docs/databases.md, "History and diagnosis".
#pragma once

#include <tallyfs/health/diagnosis.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tallyfs::health {

/// Those that are looked for again by their text.
namespace hypothesis_text {
inline constexpr std::string_view locks = "sessions wait for a lock of another one";
inline constexpr std::string_view xmin = "something old holds back vacuum";
inline constexpr std::string_view wraparound = "transaction ids run out";
inline constexpr std::string_view connections = "connections run out";
inline constexpr std::string_view dead_rows = "dead rows pile up";
}  // namespace hypothesis_text

/// Adds hypotheses about one symptom.
class symptom {
  public:
    symptom(std::string_view name, const diagnosis_inputs& inputs, std::vector<hypothesis>& into)
        : name_(name), inputs_(inputs), into_(into) {}

    /// Whether `holds`, and the figure that says so. A finding of one of `rules` says it better.
    void judge(std::string text, bool holds, std::string proof,
               std::initializer_list<std::string_view> rules = {});
    void unknown(std::string text, std::string why,
                 std::initializer_list<std::string_view> rules = {});

  private:
    void add(std::string text, verdict judged, std::string proof,
             std::initializer_list<std::string_view> rules);

    std::string_view name_;
    const diagnosis_inputs& inputs_;
    std::vector<hypothesis>& into_;
};

/// The worst finding of one of these rules about the database or its server; nullptr if there is
/// none.
[[nodiscard]] const finding* standing(const diagnosis_inputs& inputs,
                                      std::initializer_list<std::string_view> rules);
/// "not kept" of the past, "not looked at yet" of now.
[[nodiscard]] std::string why_missing(const diagnosis_inputs& inputs);
/// One digit behind the point.
[[nodiscard]] std::string decimal(double value);

void load_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into);
void bloat_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into);
void write_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into);
void server_hypotheses(const diagnosis_inputs& inputs, std::vector<hypothesis>& into);

}  // namespace tallyfs::health
