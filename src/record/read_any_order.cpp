#include "record/fields.hpp"
#include "record/object_reader.hpp"

#include <boost/json/parse.hpp>

namespace tallyfs::record {

result<call> parse_any_order(std::string_view line) {
    while (line.ends_with('\n')) line.remove_suffix(1);
    error_code unreadable;
    const boost::json::value value = boost::json::parse(line, unreadable);
    if (unreadable || !value.is_object()) return make_error_code(record_errc::not_json);
    call parsed;
    object_reader reader(value.get_object());
    visit_fields(parsed, reader);
    if (reader.failure()) return reader.failure();
    return parsed;
}

}  // namespace tallyfs::record
