#include <tallyfs/journal/error.hpp>

#include <boost/system/error_category.hpp>

#include <string>

namespace tallyfs::journal {

namespace {

class category final : public boost::system::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "tallyfs.journal"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<journal_errc>(value)) {
            case journal_errc::position_unknown:
                return "the journal has no line at this position";
        }
        return "unknown error";
    }
};

}  // namespace

error_code make_error_code(journal_errc e) noexcept {
    static const category instance;
    return error_code(static_cast<int>(e), instance);
}

}  // namespace tallyfs::journal
