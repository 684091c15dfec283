// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "raw_worker.hpp"

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/reader.hpp"

#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <unistd.h>
#include <variant>

namespace leasepool::bench {
namespace {

bool write_all(std::string_view bytes)
{
    while (!bytes.empty()) {
        auto const put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (put <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
}

}  // namespace

int answer_requests(std::function<void(wire::request const&, std::string&)> const& answer)
{
    wire::line_buffer lines(wire::limits{}.max_message_bytes);
    wire::reader reader;
    std::string out;
    for (;;) {
        auto const space = lines.prepare();
        auto const got = ::read(STDIN_FILENO, space.data(), space.size());
        if (got <= 0)
            return got == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        lines.commit(static_cast<std::size_t>(got));
        while (auto const line = lines.next()) {
            auto const message = reader.read(*line);
            auto const* const request = std::get_if<wire::request>(&message);
            if (!request)
                continue;  // limits, shutdown
            out.clear();
            answer(*request, out);
            if (!write_all(out))
                return EXIT_FAILURE;
        }
    }
}

}  // namespace leasepool::bench
