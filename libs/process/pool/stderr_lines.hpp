// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_STDERR_LINES_HPP
#define LEASEPOOL_PROCESS_STDERR_LINES_HPP

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

/// Cuts what a worker writes to stderr into lines, and remembers the last of them.
class stderr_lines {
public:
    static constexpr std::size_t longest = 4096;  ///< of a line; what is beyond is passed over
    static constexpr std::size_t most = 20;       ///< lines that are remembered

    /// Calls `use(line)` for each line that is complete now.
    template <class Use>
    void add(std::string_view bytes, Use const& use)
    {
        while (!bytes.empty()) {
            auto const end = bytes.find('\n');
            auto const part = bytes.substr(0, end);
            open_.append(part.substr(0, longest - open_.size()));
            if (end == bytes.npos)
                return;
            bytes.remove_prefix(end + 1);
            use(complete());
        }
    }

    /// At the end: a last line without its end.
    template <class Use>
    void finish(Use const& use)
    {
        if (!open_.empty())
            use(complete());
    }

    /// The oldest first.
    std::vector<std::string> last() const { return {lines_.begin(), lines_.end()}; }

private:
    std::string const& complete();

    std::string open_;
    std::deque<std::string> lines_;
};

}  // namespace leasepool::detail

#endif
