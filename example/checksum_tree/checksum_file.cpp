// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "checksum_file.hpp"

#include "cksum.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(int error)
{
    throw std::system_error(error, std::generic_category());
}

class open_file {
public:
    // The file may have been replaced since it was seen: O_NONBLOCK keeps a FIFO from blocking.
    explicit open_file(std::filesystem::path const& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))
    {
        if (fd_ < 0)
            fail(errno);
    }
    ~open_file() { ::close(fd_); }
    open_file(open_file const&) = delete;
    open_file& operator=(open_file const&) = delete;

    std::size_t read(std::span<std::byte> buffer)
    {
        for (;;) {
            auto const n = ::read(fd_, buffer.data(), buffer.size());
            if (n >= 0)
                return static_cast<std::size_t>(n);
            if (errno != EINTR)
                fail(errno);
        }
    }

private:
    int fd_;
};

}  // namespace

file_sum checksum_file(std::filesystem::path const& path, std::stop_token stop)
{
    thread_local std::vector<std::byte> buffer(256 * 1024);

    open_file file(path);
    cksum sum;
    while (auto const n = file.read(buffer)) {
        sum.update(std::span(buffer).first(n));
        if (stop.stop_requested())
            fail(ECANCELED);
    }
    return {sum.value(), sum.size()};
}

void print_sum(std::filesystem::path const& path, file_sum const& sum)
{
    // In one piece: several threads print at a time.
    auto const line =
        std::to_string(sum.crc) + ' ' + std::to_string(sum.bytes) + ' ' + path.native() + '\n';
    std::fwrite(line.data(), 1, line.size(), stdout);
}
