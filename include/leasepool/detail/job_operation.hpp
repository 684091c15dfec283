// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_JOB_OPERATION_HPP
#define LEASEPOOL_DETAIL_JOB_OPERATION_HPP

#include <leasepool/detail/operations.hpp>
#include <leasepool/detail/progress_queue.hpp>
#include <leasepool/detail/remote_call.hpp>
#include <leasepool/job.hpp>
#include <leasepool/job_context.hpp>
#include <leasepool/job_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Jobs as operations. A thread of a pool calls a job as it calls a function. For a pool of other
/// processes each job operation is also a `remote_call`.
namespace leasepool::detail {

class pool_record;

/// The `job_host` for a job that runs on a thread of this program.
class local_job_host final : public job_host {
public:
    /// Called on the pool's thread that runs the job.
    explicit local_job_host(run_operation& op) noexcept;

    std::stop_token stop_token() const noexcept override;
    void progress(boost::json::value&& value) override;
    void log(severity level, std::string_view text) override;

private:
    run_operation& op_;
    pool_record& on_;
};

/// Returns the error of a job that ended because it was asked to stop.
error_code why_asked_to_stop(run_operation const& op) noexcept;

/// A call of a job by its name. The arguments and the result are JSON.
class untyped_call {
public:
    using result_type = boost::json::value;

    /// Throws std::invalid_argument if the params are neither an array nor an object nor null, or
    /// if the name is empty or reserved.
    untyped_call(std::string_view name, boost::json::value params);

    std::string_view name() const noexcept { return name_; }
    bool takes_context() const noexcept { return false; }
    boost::json::value arguments() const { return params_; }
    boost::json::value operator()(job_context& context);
    static boost::json::value convert(boost::json::value&& answer, std::string_view)
    {
        return std::move(answer);
    }

private:
    std::string name_;
    boost::json::value params_;
};

/// A job that is about to be run.
template <class Call>
struct job_launch {
    using result_type = typename Call::result_type;
    static_assert(std::is_void_v<result_type> || std::default_initializable<result_type>,
        "async_run: the job's result must be default-constructible, for the case of an error; "
        "return a std::optional of it");

    Call call;
    job_options options;
    /// The executor of the progress callback if the handler has no associated executor.
    boost::asio::any_io_executor executor;
};

/// Runs a job. Signature: void(std::exception_ptr[, R]).
template <class Call, class Handler, class Base = run_operation>
class job_operation final : public result_operation<typename Call::result_type, Handler,
                                job_operation<Call, Handler, Base>, Base>,
                            private remote_call {
    using base = result_operation<typename Call::result_type, Handler,
        job_operation<Call, Handler, Base>, Base>;
    friend base;

public:
    template <class H>
    job_operation(H&& h, executor_ref&& ex, lease_ptr&& on, job_launch<Call> launch)
        : base(&answer, std::forward<H>(h), std::move(ex), std::move(on)),
          call_(std::move(launch.call))
    {
        timeout = launch.options.limit();
        if (call_.takes_context())
            stop_.emplace();
        if (auto callback = launch.options.take_progress())
            progress = sink_on(boost::asio::get_associated_executor(this->handler, launch.executor),
                std::move(callback));
    }

    std::string_view name() const noexcept override { return call_.name(); }
    boost::json::value arguments() override { return call_.arguments(); }

    void take_result(boost::json::value&& result) override
    {
        if constexpr (base::returns)
            this->result_.emplace(Call::convert(std::move(result), call_.name()));
        else
            Call::convert(std::move(result), call_.name());
    }

private:
    template <class Executor>
    std::shared_ptr<progress_sink> sink_on(
        Executor const& ex, job_options::progress_callback&& callback) const
    {
        return std::make_shared<progress_sink_on<Executor>>(name(), std::move(callback), ex);
    }

    using typename run_operation::question;

    static void* answer(run_operation* op, question what) noexcept
    {
        auto& self = *static_cast<job_operation*>(op);
        switch (what) {
        case question::call:
            self.invoke();
            break;
        case question::stop:
            return self.stop_ ? &*self.stop_ : nullptr;
        case question::remote:
            return static_cast<remote_call*>(&self);
        }
        return nullptr;
    }

    void invoke() noexcept
    {
        try {
            local_job_host host(*this);
            job_context context(host);
            if constexpr (base::returns)
                this->result_.emplace(call_(context));
            else
                call_(context);
        }
        catch (job_canceled const&) {
            this->error = why_asked_to_stop(*this);
        }
        catch (...) {
            this->exception = std::current_exception();
        }
    }

    Call call_;
    std::optional<std::stop_source> stop_;  // engaged if the function takes a context
};

}  // namespace leasepool::detail

#endif
