// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_COMMAND_HPP
#define LEASEPOOL_CORE_COMMAND_HPP

#include "core/async/event_node.hpp"

#include <leasepool/detail/command.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <cstdint>
#include <string_view>

namespace leasepool::detail {

/// A start, a stop or a request for stats: the request itself, apart from the operation that waits
/// for the answer. A cancellation slot refers to it, so it may outlive the operation. The functions
/// in detail/command.hpp make and submit it; `manager_core` carries it out.
class command final : public event_node<command>, public boost::intrusive::list_base_hook<> {
public:
    enum event : std::uint32_t { begun = 1, canceled = 2 };
    enum class kind : std::uint8_t { start, stop, stats };

    command(core_ptr core, kind k, stop_options const& opts) noexcept
        : what(k), options(opts), core_(std::move(core))
    {
    }

    kind const what;
    stop_options const options;

    // strand, once begun
    plain_completion* op = nullptr;
    stats_completion* stats_op = nullptr;

    void begin() noexcept;

    strand& home() noexcept;
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t bits) noexcept;

private:
    core_ptr const core_;
};

std::string_view name_of(command::kind what) noexcept;

}  // namespace leasepool::detail

#endif
