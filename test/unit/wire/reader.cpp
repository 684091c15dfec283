// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the reader: a line becomes a message, or a violation with a description.

#include "wire/reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

/// Returns a message as text, so that one comparison checks all of it.
std::string text(message const& m)
{
    auto const id = [](std::optional<std::uint64_t> v) { return v ? std::to_string(*v) : "none"; };
    return std::visit(overloaded{
                          [](request const& r) {
                              return "request " + std::to_string(r.id) + " " + r.method + " " +
                                  json::serialize(r.params);
                          },
                          [](notification const& n) {
                              return "notification " + n.method + " " + json::serialize(n.params);
                          },
                          [](result const& r) {
                              return "result " + std::to_string(r.id) + " " +
                                  json::serialize(r.value);
                          },
                          [&](error const& e) {
                              return "error " + id(e.id) + " " + std::to_string(e.number) + " " +
                                  e.message + " " + json::serialize(e.data);
                          },
                          [&](violation const& v) {
                              return "violation " + std::to_string(static_cast<int>(v.why)) + " " +
                                  id(v.id) + " " + v.text;
                          },
                      },
        m);
}

std::string read(std::string_view line, limits const& bounds = {})
{
    // In a buffer of exactly this size, so that a sanitizer detects a read beyond the end.
    std::vector<char> const exact(line.begin(), line.end());
    return text(reader(bounds).read({exact.data(), exact.size()}));
}

/// Returns the reason in the violation by a line that is JSON, but not a message.
std::string invalid(std::string_view line, std::string_view id = "none")
{
    auto const all = read(line);
    auto const before = "violation -32600 " + std::string(id) + " not a message of the protocol: ";
    BOOST_TEST(all.starts_with(before), all);
    auto const end = all.find(": \"{", before.size());
    BOOST_TEST(end != all.npos, all);
    return end == all.npos ? all : all.substr(before.size(), end - before.size());
}

/// Boost.JSON's memory resource. Its name depends on the version of Boost.
using memory_resource = std::remove_pointer_t<decltype(json::storage_ptr().get())>;

/// A memory resource that reports its destruction and counts the allocated blocks.
class watched_memory final : public memory_resource {
public:
    watched_memory(bool& gone, long& blocks) noexcept : gone_{gone}, blocks_{blocks} {}
    watched_memory(watched_memory const&) = delete;
    watched_memory& operator=(watched_memory const&) = delete;
    ~watched_memory() override { gone_ = true; }

private:
    void* do_allocate(std::size_t bytes, std::size_t) override
    {
        ++blocks_;
        return ::operator new(bytes);
    }
    void do_deallocate(void* block, std::size_t, std::size_t) override
    {
        --blocks_;
        ::operator delete(block);
    }
    bool do_is_equal(memory_resource const& other) const noexcept override
    {
        return this == &other;
    }

    bool& gone_;
    long& blocks_;
};

std::string call(std::string_view members)
{
    return R"({"jsonrpc":"2.0",)" + std::string(members) + "}";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_reader)

BOOST_AUTO_TEST_CASE(each_kind_of_message_is_read)
{
    BOOST_TEST(read(call(R"("method":"add","params":[1,2],"id":7)")) == "request 7 add [1,2]");
    BOOST_TEST(
        read(call(R"("method":"add","params":{"a":1},"id":7)")) == R"(request 7 add {"a":1})");
    BOOST_TEST(read(call(R"("method":"now","id":0)")) == "request 0 now null");
    BOOST_TEST(
        read(call(R"("method":"leasepool/resume")")) == "notification leasepool/resume null");
    BOOST_TEST(read(call(R"("id":7,"result":[null])")) == "result 7 [null]");
    BOOST_TEST(read(call(R"("id":7,"result":null)")) == "result 7 null");
    BOOST_TEST(read(call(R"("id":7,"error":{"code":-32000,"message":"no","data":{"type":"T"}})")) ==
        R"(error 7 -32000 no {"type":"T"})");
    BOOST_TEST(read(call(R"("id":null,"error":{"code":-32700,"message":"what?"})")) ==
        "error none -32700 what? null");
}

BOOST_AUTO_TEST_CASE(order_of_members_space_and_unknown_members_do_not_matter)
{
    BOOST_TEST(
        read(R"( { "id" : 3 , "x" : {"id":[{"method":1}],"a":null} , "params" : [ ] , "method" : )"
             R"("m" , "y" : true, "z":"s", "jsonrpc" : "2.0" } )") == "request 3 m []");
    BOOST_TEST(read(R"({"result":{"jsonrpc":"1.0","id":[]},"id":4,"jsonrpc":"2.0"})") ==
        R"(result 4 {"jsonrpc":"1.0","id":[]})");
}

BOOST_AUTO_TEST_CASE(names_and_texts_may_be_written_with_escapes)
{
    BOOST_TEST(
        read(
            R"({"\u006asonrpc":"2\u002e0","m\u0065thod":"gr\u00fcn\u002f","params":["\ud83d\ude00"],"\u0069d":1})") ==
        "request 1 gr\xC3\xBCn/ [\"\xF0\x9F\x98\x80\"]");
    BOOST_TEST(read(call(R"("id":1,"error":{"code":1,"message":"a\nb\u0000c"})"))
                   .starts_with("error 1 1 a\nb"));
}

BOOST_AUTO_TEST_CASE(null_params_count_as_omitted)
{
    BOOST_TEST(read(call(R"("method":"m","params":null,"id":1)")) == "request 1 m null");
}

BOOST_AUTO_TEST_CASE(id_must_be_an_unsigned_64_bit_integer)
{
    BOOST_TEST(
        read(call(R"("id":18446744073709551615,"result":1)")) == "result 18446744073709551615 1");
    BOOST_TEST(
        read(call(R"("id":9223372036854775808,"result":1)")) == "result 9223372036854775808 1");
    for (auto const* const id : {"18446744073709551616", "-1", "1.0", "1e3", "\"1\"", "true", "[1]",
             "{}", "{\"id\":1}", "\"\""})
        BOOST_TEST(invalid(call("\"result\":1,\"id\":" + std::string(id))) ==
                "\"id\" is not an unsigned 64-bit integer",
            id);
}

BOOST_AUTO_TEST_CASE(jsonrpc_must_be_2_0)
{
    for (auto const* const line : {R"({"id":1,"result":1})", R"({"jsonrpc":2.0,"id":1,"result":1})",
             R"({"jsonrpc":"1.0","id":1,"result":1})", R"({"jsonrpc":null,"id":1,"result":1})",
             R"({"jsonrpc":{"jsonrpc":"2.0"},"id":1,"result":1})"})
        BOOST_TEST(invalid(line, "1") == "\"jsonrpc\" is not \"2.0\"");
}

BOOST_AUTO_TEST_CASE(duplicate_member_is_refused)
{
    BOOST_TEST(
        invalid(R"({"jsonrpc":"2.0","id":1,"id":2,"result":1})", "1") == "\"id\" occurs twice");
    BOOST_TEST(invalid(R"({"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"result":1})", "1") ==
        "\"jsonrpc\" occurs twice");
    BOOST_TEST(invalid(call(R"("method":"a","method":"b")")) == "\"method\" occurs twice");
    BOOST_TEST(invalid(call(R"("method":"a","params":[1],"params":{"x":[2]})")) ==
        "\"params\" occurs twice");
    BOOST_TEST(
        invalid(call(R"("id":1,"result":1,"\u0072esult":2)"), "1") == "\"result\" occurs twice");
    BOOST_TEST(invalid(call(R"("id":1,"error":1,"error":2)"), "1") == "\"error\" occurs twice");
    // Unknown members may occur twice. In a value the last one counts, as in most languages.
    BOOST_TEST(read(call(R"("x":1,"x":2,"id":1,"result":{"a":1,"a":2})")) == R"(result 1 {"a":2})");
}

BOOST_AUTO_TEST_CASE(message_of_no_kind_or_of_two_kinds_is_refused)
{
    BOOST_TEST(invalid("{}") == "\"jsonrpc\" is not \"2.0\"");
    BOOST_TEST(invalid(call(R"("id":1)"), "1") == "it has no \"method\", \"result\" or \"error\"");
    BOOST_TEST(invalid(call(R"("id":1,"result":1,"error":null)"), "1") ==
        "it has both \"result\" and \"error\"");
    BOOST_TEST(invalid(call(R"("id":1,"method":"m","result":1)"), "1") ==
        "it has \"method\" and also \"result\" or \"error\"");
    BOOST_TEST(invalid(call(R"("id":1,"params":[],"result":1)"), "1") ==
        "it has \"params\" and also \"result\" or \"error\"");
    BOOST_TEST(invalid(call(R"("result":1)")) == "the answer has no \"id\"");
    BOOST_TEST(invalid(call(R"("error":{"code":1,"message":""})")) == "the answer has no \"id\"");
    BOOST_TEST(invalid(call(R"("id":null,"result":1)")) == "the \"id\" of a result is null");
    BOOST_TEST(invalid(call(R"("id":null,"method":"m")")) == "the \"id\" of a request is null");
    for (auto const* const method :
        {"1", "null", "[]", "{}", "true", "1.5", "18446744073709551615"})
        BOOST_TEST(invalid(call("\"id\":1,\"method\":" + std::string(method)), "1") ==
            "\"method\" is not a string");
    BOOST_TEST(invalid(call(R"("method":"")")) == "\"method\" is empty");
    for (auto const* const params : {"1", "\"s\"", "true", "1.5"})
        BOOST_TEST(invalid(call("\"method\":\"m\",\"params\":" + std::string(params))) ==
            "\"params\" is neither an array nor an object");
}

BOOST_AUTO_TEST_CASE(error_must_have_code_and_message)
{
    auto const fault = [](std::string const& e) {
        return invalid(call("\"id\":1,\"error\":" + e), "1");
    };
    for (auto const* const e : {"null", "1", "\"no\"", "[]"})
        BOOST_TEST(fault(e) == "\"error\" is not an object");
    for (auto const* const code : {"\"1\"", "1.0", "2147483648", "-2147483649", "null"})
        BOOST_TEST(fault(R"({"message":"no","code":)" + std::string(code) + "}") ==
            "\"error\" has no \"code\" that is a 32-bit integer");
    BOOST_TEST(fault(R"({"message":"no"})").starts_with("\"error\" has no \"code\""));
    BOOST_TEST(fault(R"({"code":1})") == "\"error\" has no \"message\" that is a string");
    BOOST_TEST(fault(R"({"code":1,"message":2})").starts_with("\"error\" has no \"message\""));
    BOOST_TEST(read(call(R"("id":1,"error":{"code":2147483647,"message":"","x":1})")) ==
        "error 1 2147483647  null");
}

BOOST_AUTO_TEST_CASE(line_that_is_not_a_json_object_is_quoted)
{
    BOOST_TEST(read("Loading the \x1B[1mmodel\x1B[0m") ==
        "violation -32700 none not a JSON object (syntax error at byte 0): \"Loading the "
        "\\x1b[1mmodel\\x1b[0m\"");
    BOOST_TEST(read("Loading") ==
        "violation -32700 none not a JSON object (syntax error at byte 0): \"Loading\"");
    BOOST_TEST(
        read("").starts_with("violation -32700 none not a JSON object (it is an empty line"));
    BOOST_TEST(
        read("5") == "violation -32700 none not a JSON object (found a scalar at byte 0): \"5\"");
    BOOST_TEST(
        read("\"s\"").starts_with("violation -32700 none not a JSON object (found a scalar"));
    BOOST_TEST(read("5 items").starts_with(
        "violation -32700 none not a JSON object (extra data at byte 2"));
    BOOST_TEST(read(R"([{"jsonrpc":"2.0","id":1,"result":1}])")
                   .starts_with("violation -32700 none not a JSON object (batches are not "
                                "supported; found an array"));
    BOOST_TEST(read("[INFO] ready")
                   .starts_with("violation -32700 none not a JSON object (syntax error at byte 1"));
    BOOST_TEST(read(std::string(5'000, 'x')).ends_with("xxx\xE2\x80\xA6\" (5000 bytes)"));
}

BOOST_AUTO_TEST_CASE(invalid_json_is_refused)
{
    for (auto const* const value :
        {"NaN", "Infinity", "-Infinity", "nan", "1.", ".5", "01", "+1", "0x1", "1e", "'s'", "[1,]",
            "{\"a\":1,}", "{a:1}", "[1 2]", "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"",
            "\"\\ud800\\u0041\"", "/*c*/1", "undefined", "tru", "[", "{", "\"", "]", "\"\x80\"",
            "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xE2\x82\""})
        BOOST_TEST(read(call("\"id\":1,\"result\":" + std::string(value)))
                       .starts_with("violation -32700 none"),
            value);
    BOOST_TEST(read("\xEF\xBB\xBF" + call(R"("id":1,"result":1)")).starts_with("violation -32700"));
    BOOST_TEST(read(call(R"("id":1,"result":1)") + "{}").starts_with("violation -32700"));
    BOOST_TEST(read(std::string_view("{}\0", 3)).starts_with("violation -32700"));
    auto const whole = call(R"("id":1,"result":{"a":["b",1.5,-2,true,null,"\u00e9"]})");
    for (std::size_t size = 0; size < whole.size(); ++size)
        BOOST_TEST_REQUIRE(
            read(std::string_view(whole).substr(0, size)).starts_with("violation -32700"), size);
}

BOOST_AUTO_TEST_CASE(depth_of_exactly_the_limit_is_read_and_one_more_is_not)
{
    for (auto const& [open, close] : {std::pair("[", "]"), std::pair("{\"k\":", "}")}) {
        auto const line = [&, open = open, close = close](std::size_t depth) {
            std::string out = R"({"jsonrpc":"2.0","id":1,"result":)";
            for (std::size_t i = 1; i < depth; ++i)
                out += open;
            out += '1';
            for (std::size_t i = 1; i < depth; ++i)
                out += close;
            return out + "}";
        };
        BOOST_TEST(read(line(64)).starts_with("result 1 "));
        BOOST_TEST(read(line(65)).find("nested deeper than 64") != std::string::npos);
        BOOST_TEST(read(line(100), {.max_depth = 100}).starts_with("result 1 "));
        BOOST_TEST(read(line(101), {.max_depth = 100}).starts_with("violation -32600"));
        BOOST_TEST(read(line(1'000'000)).starts_with("violation -32600"));
    }
}

BOOST_AUTO_TEST_CASE(line_of_exactly_the_limit_is_read_and_one_byte_more_is_not)
{
    auto const line = [](std::size_t size) {
        std::string const around = R"({"jsonrpc":"2.0","id":1,"result":""})";
        return R"({"jsonrpc":"2.0","id":1,"result":")" + std::string(size - around.size(), 'x') +
            "\"}";
    };
    BOOST_TEST(read(line(2'000), {.max_message_bytes = 2'000}).starts_with("result 1 "));
    BOOST_TEST(
        read(line(2'001), {.max_message_bytes = 2'000})
            .starts_with(
                "violation -32600 none a message longer than max_message_bytes (2000): \"{"));
}

BOOST_AUTO_TEST_CASE(numbers_are_read_as_they_were_written)
{
    auto const number = [](std::string const& digits) {
        return std::get<result>(reader().read(call("\"id\":1,\"result\":" + digits))).value;
    };
    BOOST_TEST(number("0.1").as_double() == 0.1);
    BOOST_TEST(number("123456789.12345679").as_double() == 123456789.12345679);
    BOOST_TEST(number("9007199254740993.0").as_double() == 9007199254740992.0);
    BOOST_TEST(number("2.2250738585072011e-308").as_double() == 2.2250738585072011e-308);
    BOOST_TEST(number("1.7976931348623157e308").as_double() == 1.7976931348623157e308);
    BOOST_TEST(number("5e-324").as_double() == 5e-324);
    BOOST_TEST(std::signbit(number("-0.0").as_double()));
    BOOST_TEST(number("-9223372036854775808").as_int64() == INT64_MIN);
    BOOST_TEST(number("18446744073709551615").as_uint64() == UINT64_MAX);
    BOOST_TEST(number("18446744073709551616").as_double() == 18446744073709551616.0);
    BOOST_TEST(number("1e-400").as_double() < 1e-300);
}

BOOST_AUTO_TEST_CASE(number_beyond_the_range_of_double_is_refused)
{
    for (auto const* const digits : {"1e309", "-1e309", "1.797693134862315808e308", "1e2000000000"})
        BOOST_TEST(
            read(call("\"id\":1,\"result\":" + std::string(digits))).starts_with("violation"),
            digits);
    BOOST_TEST(invalid(call("\"id\":1,\"result\":1" + std::string(400, '0')), "1") ==
        "a number is too large for a double");
}

BOOST_AUTO_TEST_CASE(number_with_an_extreme_exponent_is_a_value_or_a_violation)
{
    for (std::string const number : {"1e-99999999999", "1e99999999999", "-1e99999999999",
             "0e99999999999", "1e999", "-1e999", "1e-999", "1E+2147483648"})
        for (auto const& line :
            {call("\"id\":1,\"result\":" + number), call("\"id\":" + number + ",\"result\":1"),
                call(R"("id":1,"error":{"code":)" + number + R"(,"message":"m"})"),
                call(R"("method":"m","params":[)" + number + "]")}) {
            auto const m = text(reader().read(line));
            BOOST_TEST((m.starts_with("result 1 ") || m.starts_with("notification m [") ||
                           m.starts_with("violation -32600") || m.starts_with("violation -32700")),
                line << ": " << m);
        }
    BOOST_TEST(
        invalid(call(R"("id":1,"result":1e999)"), "1") == "a number is too large for a double");
}

BOOST_AUTO_TEST_CASE(member_of_an_error_that_occurs_twice_is_named)
{
    auto const error = [](std::string const& members) {
        return call(R"("id":1,"error":{)" + members + '}');
    };
    BOOST_TEST(invalid(error(R"("code":1,"code":2,"message":"m")"), "1") ==
        R"("code" occurs twice in "error")");
    BOOST_TEST(invalid(error(R"("code":1,"message":"m","c\u006fde":1)"), "1") ==
        R"("code" occurs twice in "error")");
    BOOST_TEST(invalid(error(R"("message":"a","code":1,"message":"b")"), "1") ==
        R"("message" occurs twice in "error")");
    BOOST_TEST(invalid(error(R"("code":1,"message":"m","data":1,"data":1)"), "1") ==
        R"("data" occurs twice in "error")");
    // Other members are not those of the protocol.
    BOOST_TEST(read(error(R"("code":1,"message":"m","x":1,"x":2,"data":{"code":1,"code":2})")) ==
        R"(error 1 1 m {"code":2})");
    BOOST_TEST(read(call(R"("id":1,"result":{"code":1,"code":2})")) == R"(result 1 {"code":2})");
}

BOOST_AUTO_TEST_CASE(usual_mistakes_that_make_a_line_other_than_json_are_named)
{
    auto const reason = [](std::string_view line) {
        auto const all = read(line);
        std::string const before = "violation -32700 none not a JSON object (";
        BOOST_TEST_REQUIRE(all.starts_with(before), all);
        return all.substr(before.size(), all.find("): ") - before.size());
    };
    auto const result_of = [](std::string const& value) {
        return R"({"id":1,"result":)" + value + '}';
    };
    BOOST_TEST(reason(result_of("NaN")) == "it contains NaN, which is not JSON, at byte 17");
    BOOST_TEST(
        reason(result_of("[1,Infinity]")) == "it contains Infinity, which is not JSON, at byte 20");
    BOOST_TEST(
        reason(result_of("-Infinity")) == "it contains Infinity, which is not JSON, at byte 18");
    BOOST_TEST(reason(result_of("-inf")) == "it contains inf, which is not JSON, at byte 18");
    BOOST_TEST(reason("info: loaded").starts_with("syntax error"));
    BOOST_TEST(reason(result_of("Nothing")).starts_with("syntax error"));
    BOOST_TEST(reason("\xEF\xBB\xBF" + result_of("1")) == "it begins with a byte order mark");
    BOOST_TEST(reason(std::string_view("\xFF\xFE{\0}\0", 6)) ==
        "it begins with a byte order mark of UTF-16; messages are UTF-8");
    BOOST_TEST(reason(result_of("\"caf\xE9\"")) == "it is not valid UTF-8, at byte 21");
    // The parser stops before the invalid byte.
    BOOST_TEST(reason("caf\xE9").starts_with("syntax error"));
}

BOOST_AUTO_TEST_CASE(lines_that_a_buffer_refuses_are_described)
{
    auto const long_line = line_too_long(1024, "abc");
    BOOST_TEST((long_line.why == error_number::invalid_message));
    BOOST_TEST(long_line.text == "a message longer than max_message_bytes (1024): \"abc\"");
    auto const rest = line_without_end("{\"a\"");
    BOOST_TEST((rest.why == error_number::not_json));
    BOOST_TEST(rest.text == R"(4 bytes without a line end came: "{\"a\"")");
}

BOOST_AUTO_TEST_CASE(violation_does_not_affect_the_next_message)
{
    reader r;
    auto const good = call(R"("method":"m","params":[1,{"a":"b"}],"id":7)");
    auto const large = call(R"("id":1,"result":[)" + std::string(300'000, ' ') + "1]");
    for (auto const& bad : {std::string("{"), std::string(R"({"json\u0072)"), std::string("[[["),
             call(R"("params":[1,[2,["x)"), call(R"("result":{"a":{"b)"), std::string(100, '['),
             call(R"("id":"x","result":1)"), large, large + "x",
             call(R"("error":{"code":1,"message":"a\u)"), std::string()}) {
        r.read(bad);
        BOOST_TEST(text(r.read(good)) == R"(request 7 m [1,{"a":"b"}])");
    }
}

BOOST_AUTO_TEST_CASE(values_use_the_given_memory_and_the_reader_does_not_keep_it)
{
    reader r;
    for (int i = 0; i < 3; ++i) {
        json::monotonic_resource memory;
        auto const m = r.read(call(R"("method":"m","params":[1,{"a":"b"}],"id":7)"), &memory);
        auto const& params = std::get<request>(m).params;
        BOOST_TEST(params.storage().get() == &memory);
        BOOST_TEST(params.as_array()[1].as_object().storage().get() == &memory);
        // The line is incomplete: the values made so far are destroyed before their memory is.
        r.read(call(R"("method":"m","params":[1,{"a":"b"},)"), &memory);
    }
    for (auto const* const members : {R"("id":7,"result":["text longer than a small string"])",
             R"("id":7,"result":[["text longer than a small string"],)",
             R"("id":-7,"result":["text longer than a small string"])"}) {
        bool gone = false;
        long blocks = 0;
        {
            auto const m =
                r.read(call(members), json::make_shared_resource<watched_memory>(gone, blocks));
            BOOST_TEST(gone == std::holds_alternative<violation>(m));
            BOOST_TEST((blocks > 0) == std::holds_alternative<result>(m));
        }
        BOOST_TEST(gone);
        BOOST_TEST(blocks == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
