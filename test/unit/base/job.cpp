// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Jobs, calls of them, and what travels as JSON.

#include <leasepool/detail/worker_entry.hpp>
#include <leasepool/error.hpp>
#include <leasepool/job.hpp>
#include <leasepool/remote_error.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace jobs_tested {

struct point {
    double x = 0;
    std::optional<double> y;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

/// Contains itself.
struct tree {
    int value = 0;
    std::vector<tree> branches;
};
BOOST_DESCRIBE_STRUCT(tree, (), (value, branches))

struct labeled_point : point {
    std::string label;
};
BOOST_DESCRIBE_STRUCT(labeled_point, (point), (label))

}  // namespace jobs_tested

// Boost.JSON asks for this if a class has a base.
template <>
struct boost::json::is_described_class<jobs_tested::labeled_point> : std::true_type {
};

namespace jobs_tested {

struct route {
    std::map<std::string, std::vector<point>> legs;
    std::optional<labeled_point> end;
    std::tuple<point, int> start;
    std::array<point, 1> only;
};
BOOST_DESCRIBE_STRUCT(route, (), (legs, end, start, only))

struct circle {
    double radius = 0;
};
BOOST_DESCRIBE_STRUCT(circle, (), (radius))

/// Described, and with a conversion from JSON that looks at a member that is not described.
struct versioned {
    int value = 0;
};
BOOST_DESCRIBE_STRUCT(versioned, (), (value))
versioned tag_invoke(boost::json::value_to_tag<versioned>, boost::json::value const& from)
{
    auto const& object = from.as_object();
    return {object.contains("v2") ? 2 : 1};
}

double sum(std::vector<point> const& points, std::variant<circle, labeled_point> const& shape)
{
    double total = std::holds_alternative<circle>(shape) ? 1000 : 2000;
    for (auto const& each : points)
        total += each.x + each.y.value_or(100);
    return total;
}

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct undescribed {};

/// With conversions of its own, it need not say what is in it.
struct opaque {
    std::vector<undescribed> parts;
};
void tag_invoke(boost::json::value_from_tag, boost::json::value& to, opaque const& from)
{
    to = from.parts.size();
}
opaque tag_invoke(boost::json::value_to_tag<opaque>, boost::json::value const& from)
{
    return {std::vector<undescribed>(from.to_number<std::size_t>())};
}

std::uint64_t doubled(std::uint64_t n) noexcept
{
    return 2 * n;
}

std::size_t total(std::string const& text, std::vector<int>&& more)
{
    auto const taken = std::move(more);
    return text.size() + taken.size();
}

void report(leasepool::job_context& context, int steps)
{
    for (int i = 1; i <= steps; ++i)
        context.progress(i);
    context.progress(std::vector<std::string>{"all"});
    context.log(leasepool::severity::warning, "done");
}

constexpr leasepool::job doubled_job{"doubled", &doubled};
constexpr leasepool::job total_job{"total", &total};
constexpr leasepool::job report_job{"report", &report};
constexpr leasepool::job<point(std::string)> find_job{"find"};

// A job is declared in a header, where its function is only declared.
int negated(int n);
constexpr leasepool::job negated_job{"negated", &negated};
int negated(int n)
{
    return -n;
}

constexpr leasepool::job sum_job{"sum", &sum};

}  // namespace jobs_tested

namespace {

using namespace jobs_tested;
using namespace leasepool;
namespace json = boost::json;

/// Notes what a job says.
class noting_host final : public detail::job_host {
public:
    std::stop_token stop_token() const noexcept override { return stop.get_token(); }
    void progress(json::value&& value) override { heard.push_back(json::serialize(value)); }
    void log(severity level, std::string_view text) override
    {
        heard.push_back(std::string(to_string(level)) + ": " + std::string(text));
    }

    std::stop_source stop;
    std::vector<std::string> heard;
};

struct fixture {
    noting_host host;
    job_context context{host};
};

template <class T>
constexpr bool travels = leasepool::detail::travels<T>::value;

template <class R>
std::string refusal_of(char const* text)
{
    try {
        job_call<R>::convert(json::parse(text), "j");
    }
    catch (boost::system::system_error const& e) {
        BOOST_TEST((e.code() == errc::bad_result));
        std::string const what = e.what();
        BOOST_TEST(what.starts_with("job \"j\": "));
        return what.substr(9, what.find(": the job's result") - 9);
    }
    return "it converted";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(job_, fixture)

BOOST_AUTO_TEST_CASE(signature_leaves_noexcept_and_the_context_out)
{
    static_assert(std::is_same_v<decltype(doubled_job), job<std::uint64_t(std::uint64_t)> const>);
    static_assert(std::is_same_v<decltype(report_job), job<void(int)> const>);
    static_assert(doubled_job.name() == "doubled");
    static_assert(doubled_job.is_local() && report_job.is_local() && !find_job.is_local());
    static_assert(std::is_same_v<decltype(doubled_job(1))::result_type, std::uint64_t>);
    static_assert(std::is_void_v<decltype(report_job(1))::result_type>);
    static_assert(leasepool::detail::job_call_like<decltype(find_job("x")) const&>);
    static_assert(!leasepool::detail::job_call_like<decltype(doubled_job)>);
}

BOOST_AUTO_TEST_CASE(call_runs_the_function_and_moves_its_arguments)
{
    BOOST_TEST(doubled_job(21)(context) == 42u);
    BOOST_TEST(negated_job(3)(context) == -3);
    auto call = total_job("four", {1, 2, 3});
    BOOST_TEST(call.name() == "total");
    BOOST_TEST(call(context) == 7u);
    BOOST_TEST(call.arguments() == json::parse(R"(["four",[]])"));
}

BOOST_AUTO_TEST_CASE(arguments_are_an_array_in_their_order)
{
    BOOST_TEST(total_job("ab", {1, 2}).arguments() == json::parse(R"(["ab",[1,2]])"));
    BOOST_TEST(doubled_job(~std::uint64_t{}).arguments() == json::parse("[18446744073709551615]"));
    constexpr job<void()> none{"none"};
    BOOST_TEST(none().arguments() == json::array());
    // One argument that is an array itself, or JSON itself, stays one.
    constexpr job<void(json::value)> any{"any"};
    BOOST_TEST(any(json::array{1, 2}).arguments() == json::parse("[[1,2]]"));
    constexpr job<void(std::vector<int>)> list{"list"};
    BOOST_TEST(list({1}).arguments() == json::parse("[[1]]"));
}

BOOST_AUTO_TEST_CASE(job_that_is_elsewhere_does_not_run_here_and_says_why)
{
    auto call = find_job("x");
    BOOST_TEST(!call.is_local());
    BOOST_CHECK_EXCEPTION(call(context), boost::system::system_error, [](auto const& e) {
        std::string const what = e.what();
        return e.code() == errc::job_not_local && what.find("job \"find\"") == 0 &&
            what.find("worker processes") != what.npos;
    });
}

BOOST_AUTO_TEST_CASE(names_are_checked_where_they_are_not_constant_too)
{
    using spoken = job<void()>;
    for (std::string const name : {"", "leasepool/", "leasepool/x"})
        BOOST_CHECK_THROW(spoken{name}, std::invalid_argument);
    BOOST_CHECK_NO_THROW(spoken{"leasepool"});
    std::uint64_t (*const missing)(std::uint64_t) = nullptr;
    BOOST_CHECK_THROW((job{"missing", missing}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(context_passes_progress_and_log_on)
{
    report_job(2)(context);
    BOOST_TEST(host.heard == (std::vector<std::string>{"1", "2", R"(["all"])", "warning: done"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(context_says_that_it_was_asked_to_stop)
{
    BOOST_CHECK_NO_THROW(context.throw_if_stopped());
    BOOST_TEST(!context.stop_requested());
    host.stop.request_stop();
    BOOST_TEST(context.stop_token().stop_requested());
    BOOST_CHECK_EXCEPTION(context.throw_if_stopped(), job_canceled,
        [](auto const& e) { return e.code() == condition::canceled; });
}

BOOST_AUTO_TEST_CASE(context_has_the_state_of_its_worker_and_no_other)
{
    BOOST_CHECK_THROW(context.state<int>(), boost::system::system_error);
    worker_state_factory const make([] { return 7; });
    auto const state = make();
    {
        leasepool::detail::worker_state_scope const here(state.get());
        BOOST_TEST(++context.state<int>() == 8);
        BOOST_CHECK_THROW(context.state<long>(), boost::system::system_error);
        {
            leasepool::detail::worker_state_scope const none(nullptr);
            BOOST_CHECK_THROW(context.state<int>(), boost::system::system_error);
        }
        BOOST_TEST(context.state<int>() == 8);
    }
    BOOST_CHECK_THROW(context.state<int>(), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(types_travel_if_their_elements_do)
{
    static_assert(travels<int> && travels<bool> && travels<double> && travels<std::string>);
    static_assert(travels<json::value> && travels<json::object> && travels<json::string>);
    static_assert(travels<std::vector<std::optional<point>>> && travels<tree> && travels<color>);
    static_assert(travels<std::map<std::string, std::vector<tree>>>);
    static_assert(travels<std::tuple<int, std::pair<bool, point>>>);
    static_assert(travels<std::array<int, 3>> && travels<std::vector<bool>>);
    static_assert(travels<std::variant<std::monostate, int, std::string>> && travels<opaque>);

    static_assert(!travels<undescribed> && !travels<std::vector<undescribed>>);
    static_assert(!travels<std::optional<undescribed>> && !travels<std::tuple<int, undescribed>>);
    static_assert(!travels<std::variant<int, undescribed>>);
    static_assert(!travels<std::map<std::string, undescribed>>);
    static_assert(!travels<int*> && !travels<std::unique_ptr<int>> && !travels<std::mutex>);
}

BOOST_AUTO_TEST_CASE(answers_become_results)
{
    BOOST_TEST(job_call<double>::convert(json::parse("1")) == 1.0);
    BOOST_TEST(
        job_call<std::uint64_t>::convert(json::parse("18446744073709551615")) == ~std::uint64_t{});
    BOOST_TEST(job_call<std::string const&>::convert(json::parse("\"a\"")) == "a");
    BOOST_TEST(!job_call<std::optional<int>>::convert(nullptr).has_value());
    BOOST_TEST(job_call<json::value>::convert(json::parse("{\"a\":[]}")).is_object());
    BOOST_TEST(job_call<json::array>::convert(json::parse("[1]")).size() == 1u);
    BOOST_TEST(job_call<tree>::convert(
                   json::parse(R"({"value":1,"branches":[{"value":2,"branches":[]}]})"))
                   .branches.at(0)
                   .value == 2);
    BOOST_TEST((job_call<color>::convert("green") == color::green));
    job_call<void>::convert(json::parse("[\"passed over\"]"));
}

BOOST_AUTO_TEST_CASE(answer_that_does_not_fit_says_where_what_was_expected_and_what_came)
{
    BOOST_TEST(refusal_of<double>("\"x\"") == "expected a number, got the string \"x\"");
    BOOST_TEST(refusal_of<int>("1.5").starts_with(
        "expected a whole number from -2147483648 to 2147483647, got the number 1.5"));
    BOOST_TEST(refusal_of<unsigned char>("256").find("from 0 to 255") != std::string::npos);
    BOOST_TEST(refusal_of<bool>("1") == "expected true or false, got the number 1");
    BOOST_TEST(refusal_of<std::string>("null") == "expected a string, got null");
    BOOST_TEST(refusal_of<std::optional<bool>>("[1,2]") ==
        "expected true or false or null, got an array of 2 elements");
    BOOST_TEST(refusal_of<std::vector<point>>(R"([{"x":1,"y":null},{"x":true,"y":null}])") ==
        "expected a number at /1/x, got true");
    BOOST_TEST(refusal_of<point>(R"({"x":1,"y":"z"})") ==
        "expected a number or null at /y, got the string \"z\"");
    BOOST_TEST(refusal_of<point>("{\"y\":1}") ==
        "expected an object with the member \"x\", got an object without it");
    BOOST_TEST(refusal_of<tree>(R"({"value":1,"branches":[{"value":1,"branches":{}}]})") ==
        "expected an array at /branches/0/branches, got an object");
    BOOST_TEST((refusal_of<std::map<std::string, bool>>(R"({"a~/b":3})") ==
        "expected true or false at /a~0~1b, got the number 3"));
    BOOST_TEST((refusal_of<std::tuple<int, bool>>("[1]") ==
        "expected an array of 2 elements, got an array of 1 elements"));
    BOOST_TEST((refusal_of<std::tuple<int, bool>>("[1,2]") ==
        "expected true or false at /1, got the number 2"));
    BOOST_TEST(refusal_of<color>("\"blue\"") ==
        "expected a string that names an enumerator, got the string \"blue\"");
    BOOST_TEST(refusal_of<json::object>("[]") == "expected an object, got an array of 0 elements");
    BOOST_TEST(refusal_of<opaque>("-1") ==
        "expected what the type's own conversion takes, got the number -1");
    auto const longer = refusal_of<int>(('"' + std::string(59, 'a') + "\u00e4b\"").c_str());
    BOOST_TEST(longer.ends_with(std::string(59, 'a') + "\xE2\x80\xA6\" (62 bytes)"), longer);
}

BOOST_AUTO_TEST_CASE(members_that_a_struct_does_not_name_are_passed_over)
{
    auto const one = job_call<point>::convert(json::parse(R"({"z":[],"x":1,"y":2,"a":{}})"));
    BOOST_TEST(one.x == 1);
    BOOST_TEST(one.y.value() == 2);
    auto const nested = job_call<tree>::convert(json::parse(
        R"({"value":1,"a":1,"branches":[{"b":2,"value":2,"branches":[{"value":3,"branches":[],"c":3}]}]})"));
    BOOST_TEST(nested.branches.at(0).branches.at(0).value == 3);
}

BOOST_AUTO_TEST_CASE(optional_member_may_be_missing)
{
    auto const one = job_call<point>::convert(json::parse(R"({"x":1})"));
    BOOST_TEST(one.x == 1);
    BOOST_TEST(!one.y.has_value());
    // One member is missing, and there is another one instead.
    BOOST_TEST(!job_call<point>::convert(json::parse(R"({"x":1,"z":2})")).y.has_value());
}

BOOST_AUTO_TEST_CASE(struct_is_read_by_the_same_rule_at_any_depth)
{
    auto const read = job_call<route>::convert(json::parse(R"({
        "legs": {"a": [{"x": 1}, {"x": 2, "y": 3, "z": 4}], "b": []},
        "start": [{"x": 5, "w": 0}, 6],
        "only": [{"x": 7}],
        "end": {"label": "here", "x": 8, "more": null}})"));
    BOOST_TEST(read.legs.at("a").at(1).y.value() == 3);
    BOOST_TEST(!read.legs.at("a").at(0).y.has_value());
    BOOST_TEST(std::get<0>(read.start).x == 5);
    BOOST_TEST(read.only.at(0).x == 7);
    BOOST_TEST(read.end.value().label == "here");
    BOOST_TEST(read.end.value().x == 8);
    BOOST_TEST(!job_call<route>::convert(
        json::parse(R"({"legs":{},"start":[{"x":1},2],"only":[{"x":1}]})"))
                    .end.has_value());
    BOOST_TEST(!job_call<std::optional<point>>::convert(nullptr).has_value());
}

BOOST_AUTO_TEST_CASE(variant_takes_the_first_alternative_that_fits_by_the_rule)
{
    using shape = std::variant<std::monostate, circle, point, std::vector<point>>;
    auto const index = [](char const* text) {
        return job_call<shape>::convert(json::parse(text)).index();
    };
    BOOST_TEST(index("null") == 0u);
    BOOST_TEST(index(R"({"radius":1,"x":2})") == 1u);
    BOOST_TEST(index(R"({"x":2,"color":"red"})") == 2u);
    BOOST_TEST(index(R"([{"x":2}])") == 3u);
    BOOST_TEST(refusal_of<shape>("7") ==
        "expected null or an object or an object or an array, got the number 7");
}

BOOST_AUTO_TEST_CASE(member_that_is_missing_or_of_a_wrong_type_is_named_at_any_depth)
{
    BOOST_TEST(refusal_of<point>(R"({"y":1,"z":2})") ==
        "expected an object with the member \"x\", got an object without it");
    BOOST_TEST((refusal_of<std::map<std::string, std::vector<point>>>(
                    R"({"points":[{"x":1},{"x":1},{"x":1},{"z":1}]})") ==
        "expected an object with the member \"x\" at /points/3, got an object without it"));
    BOOST_TEST(refusal_of<route>(R"({"legs":{},"start":[{"x":1},2],"only":[{"x":"a","b":1}]})") ==
        "expected a number at /only/0/x, got the string \"a\"");
    BOOST_TEST(refusal_of<labeled_point>(R"({"label":"a"})") ==
        "expected an object with the member \"x\", got an object without it");
    BOOST_TEST(refusal_of<std::optional<labeled_point>>(R"({"x":1,"extra":1})") ==
        "expected an object with the member \"label\" or null, got an object without it");
    BOOST_TEST(refusal_of<point>("[]") == "expected an object, got an array of 0 elements");
}

BOOST_AUTO_TEST_CASE(conversion_of_a_users_own_sees_every_member)
{
    BOOST_TEST(job_call<versioned>::convert(json::parse(R"({"v2":1})")).value == 2);
    auto const list =
        job_call<std::vector<versioned>>::convert(json::parse(R"([{"value":7},{"v2":1}])"));
    BOOST_TEST(list.at(0).value == 1);
    BOOST_TEST(list.at(1).value == 2);
}

BOOST_AUTO_TEST_CASE(arguments_of_a_worker_are_read_by_the_same_rule)
{
    leasepool::detail::worker_entry_for<double(std::vector<point> const&,
        std::variant<circle, labeled_point> const&)> const entry(sum_job);
    auto stage = leasepool::detail::job_stage::arguments;
    auto const run = [&](char const* params) {
        return entry.run(json::parse(params), context, stage);
    };
    BOOST_TEST(
        run(R"([[{"x":1},{"x":2,"y":3,"z":4}],{"radius":1,"unit":"m"}])") == json::value(1106.0));
    BOOST_TEST(run(R"([[],{"x":1,"label":""}])") == json::value(2000.0));
    BOOST_CHECK_EXCEPTION(
        run(R"([[{"x":1},{"y":2}],{"radius":1}])"), leasepool::detail::misfit, [](auto const& e) {
            return e.at == "/0/1" && e.expected == "an object with the member \"x\"";
        });
}

BOOST_AUTO_TEST_CASE(remote_error_says_who_threw_what)
{
    remote_error const e({.job = "resize", .type = "std::out_of_range", .message = "no such page"});
    BOOST_TEST((e.code() == errc::remote_exception));
    BOOST_TEST(e.what() == "job \"resize\" threw std::out_of_range: no such page");
    BOOST_TEST(remote_error({.job = "j", .message = "m", .number = -32050}).what() ==
        "job \"j\" failed on its worker: m (error -32050)");
    auto const copy = e;
    BOOST_TEST(copy.type() == "std::out_of_range");
    BOOST_TEST(copy.message() == "no such page");
    BOOST_TEST(static_cast<void const*>(copy.what()) == static_cast<void const*>(e.what()));
}

BOOST_AUTO_TEST_CASE(worker_died_says_how_and_with_which_last_words)
{
    worker_died const e({.job = "resize",
        .pid = 4242,
        .signal = 11,
        .signal_name = "SIGSEGV",
        .stderr_lines = {"loading", "oops"}});
    BOOST_TEST((e.code() == errc::worker_died));
    BOOST_TEST((e.code() == condition::worker_failed));
    BOOST_TEST(e.what() ==
        "worker 4242 was killed by SIGSEGV while it ran job \"resize\"; its last lines on stderr:\n"
        "  loading\n  oops");
    BOOST_TEST(worker_died({.pid = 7, .exit_status = 3}).what() ==
        "worker 7 exited with status 3; it wrote nothing to stderr");
    boost::system::system_error const& base = e;
    BOOST_TEST(base.what() == e.what());
    BOOST_TEST((e.signal() == 11));
    BOOST_TEST(!e.exit_status());
}

BOOST_AUTO_TEST_SUITE_END()
