// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_CHANNEL_HPP
#define LEASEPOOL_LIBS_WORKER_CHANNEL_HPP

#include "wire/limits.hpp"
#include "wire/protocol.hpp"
#include "wire/writer.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace leasepool::worker {

/// Messages to the parent: each goes out whole, before the call returns.
///
/// Any thread. If nobody reads them any more, there is nothing left to work for: see `abandon`.
class channel {
public:
    explicit channel(int fd) : fd_{fd} { writer_.emplace(limits_); }

    int descriptor() const noexcept { return fd_; }

    void limit_to(wire::limits const& bounds);
    /// Of the text of an error or a log line, what surely fits.
    std::size_t longest_text() const;

    /// @return why it was not sent; none: it was.
    [[nodiscard]] wire::writer::refusal result(std::uint64_t id, boost::json::value const& value);
    [[nodiscard]] wire::writer::refusal notify(
        std::string_view method, boost::json::value const& params);
    void error(std::optional<std::uint64_t> id, wire::error_number number, std::string_view text,
        boost::json::value const& data = nullptr);

    wire::limits limits() const;

private:
    static constexpr std::size_t kept_bytes = std::size_t{256} << 10;

    template <class Write>
    wire::writer::refusal send(Write const& write);

    int const fd_;
    mutable std::mutex mutex_;
    wire::limits limits_;
    std::optional<wire::writer> writer_;
    std::string buffer_;
};

}  // namespace leasepool::worker

#endif
