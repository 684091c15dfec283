// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_CKSUM_HPP
#define CHECKSUM_TREE_CKSUM_HPP

#include <boost/crc.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

// The checksum of the POSIX utility cksum: a CRC of the bytes and then of their number, which is
// written with its lowest byte first and without leading zeros.
class cksum {
public:
    void update(std::span<std::byte const> bytes)
    {
        crc_.process_bytes(bytes.data(), bytes.size());
        size_ += bytes.size();
    }

    std::uint64_t size() const noexcept { return size_; }

    std::uint32_t value() const
    {
        auto crc = crc_;
        for (auto rest = size_; rest != 0; rest >>= 8)
            crc.process_byte(static_cast<unsigned char>(rest & 0xFF));
        return static_cast<std::uint32_t>(crc.checksum());
    }

private:
    boost::crc_optimal<32, 0x04C11DB7, 0, 0xFFFFFFFF, false, false> crc_;
    std::uint64_t size_ = 0;
};

#endif
