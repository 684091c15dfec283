// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_MISBEHAVING_WORKER_WIRE_HPP
#define LEASEPOOL_TEST_MISBEHAVING_WORKER_WIRE_HPP

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

// The part of the protocol that the misbehaving worker needs. It uses no code of the library, which it
// tests. It reads only JSON as the library writes it, with the members in that order.

namespace misbehaving_worker {

inline void write_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        auto const n = ::write(fd, text.data(), text.size());
        if (n <= 0)
            std::_Exit(97);
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// Lines of standard input.
class line_reader {
public:
    std::optional<std::string_view> next()
    {
        bytes_.erase(0, taken_);
        for (std::size_t seen = 0;;) {
            if (auto const end = bytes_.find('\n', seen); end != bytes_.npos) {
                taken_ = end + 1;
                return std::string_view(bytes_).substr(0, end);
            }
            seen = bytes_.size();
            bytes_.resize(seen + room);
            auto const got = ::read(STDIN_FILENO, bytes_.data() + seen, room);
            bytes_.resize(seen + static_cast<std::size_t>(got > 0 ? got : 0));
            if (got <= 0)
                return std::nullopt;
        }
    }

private:
    static constexpr std::size_t room = 65536;
    std::string bytes_;
    std::size_t taken_ = 0;
};

/// A request, or a notification, whose id is empty then. The arguments are JSON as it came.
struct message {
    std::string method;
    std::vector<std::string> arguments;
    std::string id;

    /// An argument that is a number.
    long long number(std::size_t i, long long otherwise = 0) const
    {
        return i < arguments.size() ? std::atoll(arguments[i].c_str()) : otherwise;
    }
    /// One that is a string without escapes.
    std::string text(std::size_t i) const
    {
        if (i >= arguments.size() || arguments[i].size() < 2)
            return {};
        return arguments[i].substr(1, arguments[i].size() - 2);
    }
};

/// Where the value at `from` ends.
inline std::size_t end_of_value(std::string_view line, std::size_t from)
{
    int depth = 0;
    bool quoted = false;
    for (auto i = from; i < line.size(); ++i) {
        // All of a long string at a time.
        if (quoted) {
            i = line.find_first_of("\"\\", i);
            if (i == line.npos)
                break;
            if (line[i] == '\\')
                ++i;
            else
                quoted = false;
            continue;
        }
        char const c = line[i];
        if (depth == 0 && (c == ',' || c == ']' || c == '}'))
            return i;
        quoted = c == '"';
        depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    }
    return line.size();
}

inline message parse(std::string_view line)
{
    message out;
    auto const value_of = [&](std::string_view name, std::size_t from) {
        auto const at = line.find(name, from);
        return at == line.npos ? at : at + name.size();
    };
    auto const method = value_of("\"method\":\"", 0);
    auto const method_end = line.find('"', method);
    out.method = line.substr(method, method_end - method);
    auto rest = method_end + 1;
    if (auto const params = value_of("\"params\":", rest); params == rest + 10) {
        rest = end_of_value(line, params);
        if (line[params] == '[')
            for (auto at = params + 1; at < rest - 1;) {
                auto const end = end_of_value(line, at);
                out.arguments.emplace_back(line.substr(at, end - at));
                at = end + 1;
            }
        else if (auto const id = line.find("\"id\":", params); id < rest)
            out.arguments.emplace_back(line.substr(id + 5, end_of_value(line, id + 5) - id - 5));
    }
    if (auto const id = value_of("\"id\":", rest); id != line.npos)
        out.id = line.substr(id, end_of_value(line, id) - id);
    return out;
}

inline std::string result(std::string const& id, std::string const& value)
{
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":)" + value + "}\n";
}

inline std::string error(
    std::string const& id, int code, std::string const& text, std::string const& data = {})
{
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"error":{"code":)" + std::to_string(code) +
        R"(,"message":")" + text + '"' + (data.empty() ? "" : ",\"data\":" + data) + "}}\n";
}

inline std::string notification(std::string const& method, std::string const& params)
{
    return R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params + "}\n";
}

}  // namespace misbehaving_worker

#endif
