// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_HELD_RESULT_HPP
#define LEASEPOOL_DETAIL_HELD_RESULT_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// The result of a function, from its return until the handler has it. Moving the result or making
/// a default value may throw. Both happen at places where an exception does not lose the handler.
namespace leasepool::detail {

/// The result, or the default value that the handler gets together with an error.
///
/// Only the constructor and `emplace` may throw. The constructor runs in the initiating function,
/// and `emplace` on the thread that ran the function. So a default value that may throw is made in
/// advance. A result whose move may throw is kept on the heap, so that it is not moved together
/// with the operation's other members.
template <class R>
class held_result {
    static constexpr bool moves = std::is_nothrow_move_constructible_v<R>;
    static constexpr bool defaults = std::is_nothrow_default_constructible_v<R>;

    struct pair {
        std::optional<R> value;
        R fallback = R();
    };

public:
    held_result()
    {
        if constexpr (!moves)
            kept_ = std::make_unique<pair>();
    }

    template <class Value>
    void emplace(Value&& value)
    {
        value_of_kept().emplace(std::forward<Value>(value));
    }

    R& get() noexcept
    {
        auto& value = value_of_kept();
        if (value)
            return *value;
        if constexpr (!moves)
            return kept_->fallback;
        else if constexpr (!defaults)
            return kept_.fallback;
        else
            return value.emplace();
    }

private:
    auto& value_of_kept() noexcept
    {
        if constexpr (!moves)
            return kept_->value;
        else if constexpr (!defaults)
            return kept_.value;
        else
            return kept_;
    }

    std::conditional_t<!moves, std::unique_ptr<pair>,
        std::conditional_t<defaults, std::optional<R>, pair>>
        kept_;
};

template <class Executor>
bool holds_coroutine(boost::asio::detail::awaitable_thread<Executor>& handler) noexcept
{
    return handler.entry_point() != nullptr;
}

/// Calls the handler.
///
/// A handler that moves the result before it does anything else may fail in that move. Asio's
/// handler that resumes a coroutine still holds the coroutine then, and is called again with the
/// exception.
template <class Handler, class R>
void call_with_result(Handler& handler, std::exception_ptr&& error, R& value)
{
    if constexpr (!std::is_nothrow_move_constructible_v<R> &&
        requires { holds_coroutine(handler); }) {
        if (!error) {
            try {
                return std::move(handler)(std::exception_ptr(), std::move(value));
            }
            catch (...) {
                if (!holds_coroutine(handler))
                    throw;
                error = std::current_exception();
            }
        }
    }
    std::move(handler)(std::move(error), std::move(value));
}

}  // namespace leasepool::detail

#endif
