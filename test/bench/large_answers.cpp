// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "large_answers.hpp"

#include "raw_worker.hpp"

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"
#include "wire/writer.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace leasepool::bench {
namespace {

std::string array_of(std::string_view element, std::size_t bytes)
{
    std::string text = "[";
    while (text.size() < bytes)
        text.append(element).append(1, ',');
    text.back() = ']';
    return text;
}

constexpr std::uint64_t prime = 0x100000001b3;

/// The inverse of the prime modulo 2^64. Newton's iteration doubles the number of correct bits.
constexpr std::uint64_t inverse()
{
    std::uint64_t x = prime;
    for (int n = 0; n != 6; ++n)
        x *= 2 - prime * x;
    return x;
}
static_assert(prime * inverse() == 1);

/// The hash of Boost.JSON before 1.90 is FNV-1a with the address of the table added to its start.
///
/// Only the lowest byte of the address counts. The rest of it is added to the hash of each key of the
/// same length alike: a step changes the lowest byte with the next character and multiplies.
class key_collisions {
public:
    key_collisions(std::size_t keys, std::uint64_t salt)
        : mask_(keys - 1), start_(offset_basis + salt), suffixes_(keys)
    {
        // What can stand behind a prefix, by the hash of the prefix.
        for (char const a : letters())
            for (char const b : letters())
                for (char const c : letters()) {
                    auto& of = suffixes_[undone(a, undone(b, undone(c, 0)))];
                    if (of.size() < 4)
                        of.push_back({a, b, c});
                }
    }

    std::string object() const
    {
        std::string text = "{";
        std::size_t keys = 0;
        for (std::size_t number = 0; keys <= mask_; ++number) {
            auto const prefix = prefix_of(number);
            auto hash = start_;
            for (char const c : prefix)
                hash = (hash ^ byte(c)) * prime;
            for (auto const& suffix : suffixes_[hash & mask_])
                if (keys <= mask_) {
                    text.append(1, '"').append(prefix);
                    text.append(suffix.begin(), suffix.end()).append("\":0,");
                    ++keys;
                }
        }
        text.back() = '}';
        return text;
    }

private:
    static constexpr std::uint64_t offset_basis = 0xcbf29ce484222325;

    static std::uint64_t byte(char c) { return static_cast<unsigned char>(c); }

    /// Characters that stand for themselves in JSON.
    static std::string_view letters()
    {
        return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    }

    static std::string prefix_of(std::size_t number)
    {
        std::string prefix;
        for (int n = 0; n != 5; ++n, number /= letters().size())
            prefix.push_back(letters()[number % letters().size()]);
        return prefix;
    }

    /// The hash, as far as it chooses the bucket, before the character that led to `hash`.
    std::uint64_t undone(char c, std::uint64_t hash) const
    {
        return ((hash * inverse()) ^ byte(c)) & mask_;
    }

    std::uint64_t const mask_;
    std::uint64_t const start_;
    std::vector<std::vector<std::array<char, 3>>> suffixes_;
};

std::string result_of(std::string_view method, std::size_t size, std::uint64_t salt)
{
    if (method == text_job.name())
        return '"' + std::string(size, 'x') + '"';
    if (method == numbers_job.name())
        return array_of("0", size);
    if (method == objects_job.name())
        return array_of("{\"\":0}", size);
    if (method == colliding_keys_job.name())
        return key_collisions(size, salt).object();
    throw std::logic_error("there is no such job");
}

void announce()
{
    auto const name = [](auto const& of) { return std::string(of.name()); };
    std::string line;
    wire::writer writer;
    if (writer.notification(line, wire::methods::ready,
            wire::to_params(wire::ready{.version = wire::protocol_version,
                .pid = ::getpid(),
                .methods = {name(text_job), name(numbers_job), name(objects_job),
                    name(colliding_keys_job)},
                .capabilities = {}})) ||
        ::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        throw std::runtime_error("cannot say that it is ready");
}

}  // namespace

int run_large_answers()
{
    announce();
    return answer_requests([](wire::request const& request, std::string& out) {
        auto const& params = request.params.get_array();
        auto const number = [&](std::size_t at) {
            return at < params.size() ? params[at].to_number<std::uint64_t>() : 0;
        };
        out = "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(request.id) +
            ",\"result\":" + result_of(request.method, number(0), number(1)) + "}\n";
    });
}

}  // namespace leasepool::bench
