#include <tallyfs/approval/error.hpp>

#include <boost/system/error_category.hpp>

namespace tallyfs::approval {

namespace {

const char* text_of(approval_errc reason) {
    switch (reason) {
        case approval_errc::not_allowed:
            return "not allowed to this person";
        case approval_errc::own_request:
            return "an own request is decided by others";
        case approval_errc::person_used:
            return "one person, one step";
        case approval_errc::not_known_by:
            return "the step does not count this way of knowing who decides";
        case approval_errc::nobody_decides:
            return "nobody could ever decide a step";
        case approval_errc::already_decided:
            return "already decided";
        case approval_errc::not_pending:
            return "not to be decided now";
        case approval_errc::expired:
            return "expired";
        case approval_errc::objections_open:
            return "an objection is not answered";
        case approval_errc::code_needed:
            return "the code of the plan is needed";
        case approval_errc::wrong_code:
            return "not the code of the plan as it is now";
        case approval_errc::bad_command:
            return "not understood";
        case approval_errc::too_large:
            return "too large";
        case approval_errc::too_many:
            return "too many";
        case approval_errc::unknown_number:
            return "no such request";
        case approval_errc::bad_event:
            return "an event that cannot be what it says";
        case approval_errc::unknown_event:
            return "not an event of approvals";
    }
    return "unknown error";
}

class category final : public boost::system::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "tallyfs.approval"; }
    [[nodiscard]] std::string message(int value) const override {
        return text_of(static_cast<approval_errc>(value));
    }
};

}  // namespace

error_code make_error_code(approval_errc e) noexcept {
    static const category instance;
    return error_code(static_cast<int>(e), instance);
}

}  // namespace tallyfs::approval
