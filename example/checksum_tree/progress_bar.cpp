// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "progress_bar.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>

#include <unistd.h>

progress_bar::progress_bar(boost::asio::io_context& io, tally const& totals)
    : timer_(io), totals_(totals), shown_(::isatty(STDERR_FILENO) == 1)
{
    if (shown_)
        draw_later();
}

void progress_bar::stop()
{
    timer_.cancel();
    if (shown_)
        std::fputs("\r\x1b[K", stderr);
    shown_ = false;
}

void progress_bar::draw_later()
{
    timer_.expires_after(std::chrono::milliseconds(100));
    timer_.async_wait([this](boost::system::error_code error) {
        if (error || !shown_)
            return;
        draw();
        draw_later();
    });
}

void progress_bar::draw() const
{
    constexpr std::size_t width = 30;
    auto const done = std::clamp(totals_.done, 0.0, 1.0);
    auto const filled = static_cast<std::size_t>(done * width);
    auto const bar = std::string(filled, '#') + std::string(width - filled, '.');
    auto const megabytes = static_cast<double>(totals_.bytes) / 1e6;
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start_;
    std::fprintf(stderr, "\r[%s] %3.0f %%  %ju files, %.0f MB, %.0f MB/s \x1b[K", bar.c_str(),
        100 * done, static_cast<std::uintmax_t>(totals_.files), megabytes,
        megabytes / elapsed.count());
}
