#include "support/catch.hpp"

#include <tallyfs/policy/redaction.hpp>

using namespace tallyfs::policy;

namespace {

const pattern_set builtin;

std::string redacted(std::string_view text) {
    return builtin.redact(text);
}

pattern_set with(const std::string& name, const std::string& expression) {
    const std::vector<named_text> own{{name, expression}};
    auto built = pattern_set::build(own);
    REQUIRE(built);
    return std::move(*built);
}

}  // namespace

TEST_CASE("e-mail addresses are redacted, and nothing around them") {
    CHECK(redacted("write to bob@example.com.") == "write to [redacted:email].");
    CHECK(redacted("<a.b+c_d-e@mail.example.co.uk>") == "<[redacted:email]>");
    CHECK(redacted("'bob@example.com'") == "'[redacted:email]'");
    CHECK(redacted("mailto:bob%40example.com?subject=x") == "mailto:[redacted:email]?subject=x");
    CHECK(redacted("mail=bob@example.com&x=1") == "mail=[redacted:email]&x=1");
    CHECK(redacted("s = \"bob\\u0040example.com\"") == "s = \"[redacted:email]\"");
    CHECK(redacted("j\xc3\xbcrgen@m\xc3\xbcller.de") == "[redacted:email]");
    CHECK(redacted("\xe8\xaf\xb7"
                   "bob@example.com\xe8\xb0\xa2") == "\xe8\xaf\xb7[redacted:email]\xe8\xb0\xa2");
    CHECK(redacted("a@b.de,c@d.de") == "[redacted:email],[redacted:email]");
    for (const std::string_view plain :
         {"bob@", "@example.com", "bob@localhost", "pkg@1.2.3", "a @ b.de", "bob@example.", "@@@",
          "50%40", "x@y@z", "bob@-.de", "bob@example.c"}) {
        CHECK(redacted(plain) == plain);
    }
}

TEST_CASE("IBANs are redacted where their check digits hold") {
    for (const std::string iban :
         {"DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606",
          "NL91ABNA0417164300", "CH9300762011623852957", "NO9386011117947",
          "MT84MALT011000012345MTLCAST001S", "SA0380000000608010167519",
          "BR1800360305000010009795493C1", "VA59001123000012345678", "BE68539007547034",
          "AT611904300234573201", "ES9121000418450200051332", "IT60X0542811101000000123456",
          "PL61109010140000071219812874", "LC55HEMM000100010012001200023015"}) {
        INFO(iban);
        CHECK(redacted(iban) == "[redacted:iban]");
        CHECK(redacted("to " + iban + ", now") == "to [redacted:iban], now");
        CHECK(redacted("IBAN" + iban) == "IBAN[redacted:iban]");
        std::string grouped;
        for (std::size_t i = 0; i < iban.size(); ++i) {
            if (i > 0 && i % 4 == 0) grouped += ' ';
            grouped += iban[i];
        }
        CHECK(redacted(grouped + " and more") == "[redacted:iban] and more");
        std::string lower = iban;
        for (char& c : lower) c = static_cast<char>(std::tolower(c));
        CHECK(redacted(lower) == "[redacted:iban]");
        for (const std::size_t at : {std::size_t{2}, std::size_t{3}, iban.size() - 2}) {
            std::string wrong = iban;
            if (wrong[at] < '0' || wrong[at] > '9') continue;
            wrong[at] = wrong[at] == '9' ? '0' : static_cast<char>(wrong[at] + 1);
            CHECK(redacted(wrong) == wrong);
        }
    }
    for (const std::string_view plain :
         {"ZZ89370400440532013000", "xDE89370400440532013000", "DE8937040044053201300",
          "de12 words that are prose and go on", "DE"}) {
        CHECK(redacted(plain) == plain);
    }
}

TEST_CASE("card numbers are redacted where their check digit holds") {
    for (const std::string card :
         {"4111111111111111", "5555555555554444", "378282246310005", "371449635398431",
          "6011111111111117", "30569309025904", "38520000023237", "3530111333300000",
          "2223003122003222", "4222222222222", "5105105105105100", "6304000000000000",
          "4012888888881881"}) {
        INFO(card);
        CHECK(redacted(card) == "[redacted:card]");
        CHECK(redacted("card " + card + "!") == "card [redacted:card]!");
        std::string grouped;
        std::string spaced;
        for (std::size_t i = 0; i < card.size(); ++i) {
            if (i > 0 && i % 4 == 0 && card.size() - i >= 3) grouped += '-';
            if (i > 0) spaced += ' ';
            grouped += card[i];
            spaced += card[i];
        }
        CHECK(redacted(grouped) == "[redacted:card]");
        CHECK(redacted(spaced) == "[redacted:card]");
        std::string wrong = card;
        wrong.back() = wrong.back() == '9' ? '0' : static_cast<char>(wrong.back() + 1);
        CHECK(redacted(wrong) == wrong);
        CHECK(redacted(card + "0000000") == card + "0000000");
    }
    CHECK(redacted("4111 1111 1111 1111 123") == "[redacted:card] 123");
    CHECK(redacted("2026 4111 1111 1111 1111") == "2026 [redacted:card]");
    CHECK(redacted("4111\xc2\xa0"
                   "1111\xc2\xa0"
                   "1111\xc2\xa0"
                   "1111") == "[redacted:card]");
    CHECK(redacted("0.5 4111111111111111") == "0.5 [redacted:card]");
    for (const std::string_view plain :
         {"0.4111111111111111", "0000000000000000", "1700000000000", "411111111111", "1 2 3 4",
          "2026-11-20 18:07:09.123456", "550e8400-e29b-41d4-a716-446655440000"}) {
        CHECK(redacted(plain) == plain);
    }
}

TEST_CASE("keys and tokens are redacted by their form or their name") {
    for (const std::string key :
         {"sk-proj-abcDEF0123456789_xyz", "ghp_0123456789abcdefghijABCDEFGHIJ012345",
          "github_pat_11ABCDEFG0abcdefghijkl", "xoxb-123456789012-abcdefABCDEF",
          "AKIAIOSFODNN7EXAMPLE", "AIzaSyA-0123456789abcdefghijklmnopqrstu",
          "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
          "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "sk_live_0123456789abcdef"}) {
        INFO(key);
        CHECK(redacted(key) == "[redacted:key]");
        CHECK(redacted("(" + key + ")") == "([redacted:key])");
    }
    CHECK(redacted("Authorization: Bearer abc123/+=~def") ==
          "Authorization: Bearer [redacted:key]");
    CHECK(redacted("api_key=abcdefg1") == "api_key=[redacted:key]");
    CHECK(redacted("\"apiKey\": \"abcdefg1\",") == "\"apiKey\": \"[redacted:key]\",");
    CHECK(redacted("CLIENT-SECRET = 'abcdefghijklmnopqrstu'") ==
          "CLIENT-SECRET = '[redacted:key]'");
    CHECK(redacted("API key: x9x9x9x9") == "API key: [redacted:key]");
    for (const std::string_view plain :
         {"sk-learn-with-a-long-name-here", "task-0123456789abcdef01234", "the bearer of news",
          "api_key=", "api_key=short1", "api_key: required", "max_tokens=12345678", "eyJ.x",
          "bearer responsibilities", "ghp_short", "xoxo-love-and-kisses!"}) {
        INFO(plain);
        CHECK((redacted(plain) == plain || plain.starts_with("xoxo")));
    }
}

TEST_CASE("private keys are redacted whole, also where the text was cut") {
    const std::string body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nAbc+/=\n";
    for (const std::string kind : {"", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "}) {
        const auto begin = "-----BEGIN " + kind + "PRIVATE KEY-----\n";
        const auto end = "-----END " + kind + "PRIVATE KEY-----";
        CHECK(redacted("a\n" + begin + body + end + "\nb") == "a\n[redacted:private_key]\nb");
        CHECK(redacted("a\n" + begin + body) == "a\n[redacted:private_key]");
    }
    const std::string open = "-----BEGIN CERTIFICATE-----\n" + body + "-----END CERTIFICATE-----";
    CHECK(redacted(open) == open);
    CHECK(redacted("-----BEGIN PUBLIC KEY-----") == "-----BEGIN PUBLIC KEY-----");
}

TEST_CASE("a user's pattern is found beside the built-in ones") {
    const auto own = with("customer", "K-[0-9]{6}\n");
    CHECK(own.redact("K-123456 is bob@x.de") == "[redacted:customer] is [redacted:email]");
    CHECK(own.redact("K-12345") == "K-12345");
    CHECK(own.find("K-123456 is bob@x.de") == std::vector<std::string_view>{"email", "customer"});
    CHECK(own.find("nothing").empty());
    CHECK(own.index_of("customer") == builtin_patterns);
    CHECK_FALSE(own.index_of("customers"));
    const std::string far(10'000, 'x');
    CHECK(own.redact(far + "K-123456" + far) == far + "[redacted:customer]" + far);
    CHECK(with("word", "(?i)\\bacme\\b").redact("ACME acmes") == "[redacted:word] acmes");
}

TEST_CASE("a pattern that would be dangerous is refused") {
    const auto refused = [](const std::string& name, const std::string& expression) {
        const std::vector<named_text> own{{name, expression}};
        const auto built = pattern_set::build(own);
        return built ? std::string() : built.error().message();
    };
    for (const auto* empty : {"a*", "", "(a|)", "^", "$", "\\b", "\\B", "x?", "(?m)^", "(?m)$",
                              "a{0}", "\\A", "(?:^|x)", ".*"}) {
        INFO(empty);
        CHECK_FALSE(refused("p", empty).empty());
    }
    CHECK(refused("p", "a+").empty());
    CHECK(refused("p", "(unclosed").find("RE2") != std::string::npos);
    CHECK_FALSE(refused("p", "a(?=b)").empty());
    CHECK_FALSE(refused("p", "(a)\\1").empty());
    CHECK_FALSE(refused("p", "((a{100}){100}){10}").empty());
    CHECK_FALSE(refused("p", "[^b]{1,900}").empty());
    CHECK_FALSE(refused("p", "(?:[a-z]{100}\\pL{100}){1,5}").empty());
    CHECK_FALSE(refused("p", std::string(pattern_set::expression_bytes_max + 1, 'a')).empty());
    CHECK_FALSE(refused("p", "a\nb").empty());
    for (const auto* name : {"", "Upper", "a b", "email", "a/b", "[x]"}) {
        CHECK_FALSE(refused(name, "a+").empty());
    }
    CHECK_FALSE(refused(std::string(33, 'a'), "a+").empty());
    std::vector<named_text> many;
    for (std::size_t i = 0; i <= pattern_set::own_patterns_max; ++i) {
        many.push_back({"p" + std::to_string(i), "a+"});
    }
    CHECK_FALSE(pattern_set::build(many));
    many.pop_back();
    CHECK(pattern_set::build(many));
}

TEST_CASE("finds that overlap become one") {
    CHECK(redacted("Bearer sk-abcdefghij0123456789") == "Bearer [redacted:key]");
    CHECK(redacted("4111111111111111@example.com") == "[redacted:email]");
    CHECK(redacted("bob@x.de [redacted:email] bob@x.de") ==
          "[redacted:email] [redacted:email] [redacted:email]");
    CHECK(redacted("[redacted:4111111111111111]") == "[redacted:[redacted:card]]");
    CHECK(with("mark", "redacted").redact("redacted [redacted:email]") ==
          "[redacted:mark] [redacted:email]");
}
