#include <tallyfs/journal/error.hpp>

#include <boost/system/error_category.hpp>

#include <string>

namespace tallyfs::journal {

namespace {

// Boost's base class has a protected destructor on purpose: nobody deletes a category.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
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
#pragma GCC diagnostic pop

}  // namespace

error_code make_error_code(journal_errc e) noexcept {
    static const category instance;
    return error_code(static_cast<int>(e), instance);
}

}  // namespace tallyfs::journal
