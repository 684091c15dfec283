// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "verdict.hpp"

#include <leasepool/error.hpp>
#include <leasepool/remote_error.hpp>

#include <boost/system/system_error.hpp>

verdict classify(std::exception_ptr error)
{
    using leasepool::errc;
    try {
        std::rethrow_exception(error);
    }
    catch (leasepool::worker_died const& e) {
        auto const why =
            e.stderr_lines().empty() ? std::string() : "last said: " + e.stderr_lines().back();
        if (e.signal())
            return {"killed by " + e.signal_name(), why, true};
        return {"exit status " + std::to_string(e.exit_status().value_or(-1)), why, true};
    }
    catch (leasepool::remote_error const& e) {
        return {"threw " + e.type(), e.message(), false};
    }
    catch (boost::system::system_error const& e) {
        if (e.code() == errc::job_timeout)
            return {"no end in time", "", true};
        if (e.code() == errc::protocol_error)
            return {"broke the protocol", e.what(), true};
        if (e.code() == errc::not_serializable)
            return {"cannot be sent", e.what(), false};
        if (e.code() == errc::message_too_large)
            return {"too large", e.what(), false};
        throw;
    }
}
