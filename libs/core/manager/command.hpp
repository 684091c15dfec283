// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_COMMAND_HPP
#define LEASEPOOL_CORE_COMMAND_HPP

#include "core/async/event_node.hpp"

#include <leasepool/detail/manager_interface.hpp>
#include <leasepool/detail/pending_command.hpp>
#include <leasepool/options.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace leasepool::detail {

class manager_core;

/// A start, a stop or a request for stats. `manager_core` makes it, and carries it out on the
/// strand.
class command final : public pending_command,
                      public event_node<command>,
                      public boost::intrusive::list_base_hook<> {
public:
    enum event : std::uint32_t { begun = 1, canceled = 2 };
    enum class kind : std::uint8_t { start, stop, stats };

    command(manager_ptr manager, kind k, stop_options const& opts) noexcept
        : what(k), options(opts), manager_(std::move(manager))
    {
    }

    kind const what;
    stop_options const options;
    /// Strand, once begun. A `stats_completion` if stats are asked for.
    plain_completion* op = nullptr;

    void submit(plain_completion& to) noexcept override;
    void cancel() noexcept override;

    void add_ref() noexcept override { event_node<command>::add_ref(); }
    void drop_ref() noexcept override { event_node<command>::drop_ref(); }
    strand& home() noexcept;
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t bits) noexcept;

private:
    manager_core& core() const noexcept;

    manager_ptr const manager_;
};

std::string_view name_of(command::kind what) noexcept;

}  // namespace leasepool::detail

#endif
