// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_LAUNCHER_HPP
#define LEASEPOOL_PROCESS_LAUNCHER_HPP

#include "process/child/descriptors.hpp"
#include "process/child/start_attempt.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#include <boost/system/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace leasepool::detail {

namespace process_v2 = boost::process::v2;

template <class Initializer, class Launcher>
concept sets_up_launcher = requires(Initializer& each, Launcher& launcher,
    process_v2::filesystem::path const& program, char const* const* argv)
{
    each.on_setup(launcher, program, argv);
};

template <class Initializer, class Launcher>
concept sets_up_child = requires(Initializer& each, Launcher& launcher,
    process_v2::filesystem::path const& program, char const* const* argv)
{
    each.on_exec_setup(launcher, program, argv);
};

/// True if Boost.Process calls this initializer for this launcher. Overload resolution decides that,
/// so an initializer for another launcher, or with other parameters, is skipped and nothing reports
/// it. The initializers of Boost take a `posix::default_launcher&`.
template <class Initializer, class Launcher>
concept initializer_for =
    sets_up_launcher<Initializer, Launcher> || sets_up_child<Initializer, Launcher>;

/// The part of `launcher` that is not a template.
///
/// It differs from the launchers of Boost.Process in these points:
///  - Boost's default launcher forks, and the time of a fork grows with the memory of the parent. Its
///    vfork launcher of 1.81 runs Asio's fork handlers in the child, that is, in the memory of the
///    parent, and leaves a failed child by `exit`, which runs the parent's exit handlers.
///  - Both report only the errno of a failure. This one reports the step, too.
///  - Both block signals nowhere, so a handler of the parent may run in the child.
///  - A start can be canceled.
/// It derives from Boost's default launcher because the initializers of Boost are not called
/// otherwise; see `initializer_for`.
class launcher_base : public process_v2::posix::default_launcher {
public:
    launcher_base(launcher_base const&) = delete;
    launcher_base& operator=(launcher_base const&) = delete;

    /// The child keeps this descriptor open until the execution closes it.
    int report_descriptor() const noexcept { return report_.write.get(); }

    /// Set in the child by an initializer that fails, for its `cannot`.
    std::size_t detail = 0;

protected:
    /// What a child reports that cannot execute its program.
    struct failure {
        std::size_t step;
        std::size_t detail;
        int error;
    };

    launcher_base(start_attempt& attempt, std::string name)
        : attempt_(attempt), name_(std::move(name))
    {
    }
    ~launcher_base() = default;

    /// Opens the pipe for the report.
    void prepare();
    /// Makes the child, which calls `become(argument)`. Returns when the child executes its program
    /// or has failed.
    void start(void (*become)(void*) noexcept, void* argument);
    /// In the child: reports the failure and exits.
    [[noreturn]] void give_up(std::size_t step, int error) const noexcept;
    /// In the child: executes the program. Returns only if that fails.
    void execute(char const* path, char const* const* argv) const noexcept;
    /// Returns whether the child has failed; then it is reaped.
    bool has_failed(failure& what) noexcept;
    /// Returns the descriptor for the end of the child. If there is none, kills and reaps it.
    unique_fd watch();
    /// Kills and reaps the child. Waits for it, on a thread that exists for starts.
    void discard() noexcept;
    [[noreturn]] void fail(std::string const& what, int error) const;

    start_attempt& attempt_;
    std::string const name_;

private:
    pipe_ends report_;
};

/// Starts a program: a launcher of Boost.Process v2, for `vfork`, with initializers of v2 and of
/// `initializers.hpp`.
///
/// The child has every signal blocked until all initializers were called. Blocks the calling thread
/// until the program is executed. What that costs does not depend on the memory of this program.
class launcher : public launcher_base {
public:
    using executor_type = boost::asio::io_context::executor_type;
    using process = process_v2::basic_process<executor_type>;

    /// @param name the name of the program, for messages.
    launcher(start_attempt& attempt, std::string name) : launcher_base(attempt, std::move(name)) {}

    /// @return the process, which owns the child from then on: its destructor would kill the child
    ///     and wait for it, so it must be detached before.
    /// @throws boost::system::system_error naming the program and the step that failed, with its
    ///     errno. There is no process then.
    template <class... Initializers>
    process operator()(executor_type const& ex, process_v2::filesystem::path const& program,
        char const* const* argv, Initializers&&... initializers)
    {
        static_assert((initializer_for<std::remove_reference_t<Initializers>, launcher> && ...),
            "Boost.Process does not call this initializer");
        prepare();
        if (auto const ec =
                process_v2::posix::detail::on_setup(*this, program, argv, initializers...))
            fail(", its surroundings cannot be prepared", ec.value());

        auto const become = [&]() noexcept {
            this->attempt_.enter_child();
            std::size_t step = 0;
            auto const call = [&](auto& each) {
                auto const ec =
                    process_v2::posix::detail::on_exec_setup(*this, program, argv, each);
                if (ec)
                    this->give_up(step, ec.value());
                ++step;
            };
            (call(initializers), ...);
            this->execute(program.c_str(), argv);
            this->give_up(step, errno);
        };
        using closure = decltype(become);
        start([](void* self) noexcept { (*static_cast<closure*>(self))(); },
            const_cast<void*>(static_cast<void const*>(&become)));

        if (failure what; has_failed(what))
            fail(text_of(what, initializers...), what.error);
        auto exit = watch();
        try {
            process started(ex, this->pid, exit.get());
            exit_descriptor_ = exit.release();
            return started;
        }
        catch (...) {
            discard();
            throw;
        }
    }

    /// Returns the descriptor that becomes readable when the child has exited. The process owns it.
    int exit_descriptor() const noexcept { return exit_descriptor_; }

private:
    template <class... Initializers>
    static std::string text_of(failure const& what, Initializers const&... initializers)
    {
        std::size_t step = 0;
        std::string text;
        static_cast<void>(
            ((step++ == what.step && (text = cannot(initializers, what.detail), true)) || ...));
        return text;
    }

    template <class Initializer>
    static std::string cannot(Initializer const& failed, std::size_t detail)
    {
        if constexpr (std::same_as<Initializer, process_v2::process_stdio>)
            return ", its standard streams cannot be set";
        else if constexpr (std::same_as<Initializer, process_v2::process_start_dir>)
            return " in the working directory \"" + failed.start_dir.string() + '"';
        else if constexpr (requires { failed.cannot(detail); })
            return failed.cannot(detail);
        else
            return {};
    }

    int exit_descriptor_ = -1;
};

}  // namespace leasepool::detail

#endif
