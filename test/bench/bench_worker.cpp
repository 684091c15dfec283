// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"
#include "large_answers.hpp"
#include "raw_worker.hpp"
#include "two_cpus.hpp"

#include <leasepool/worker.hpp>

#include "wire/writer.hpp"

#include <boost/json/value_to.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

// The worker of the benchmarks; and what they compare it with: `echo n m` answers each n bytes with m
// bytes, `add` runs that job with nothing but the codec. `answers` is the worker of large_answers.hpp.
// A number before that is the CPU to run on.

namespace {

bool read_all(char* to, std::size_t bytes)
{
    while (bytes != 0) {
        auto const got = ::read(STDIN_FILENO, to, bytes);
        if (got <= 0)
            return false;
        to += got;
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

int answer_each(std::size_t request, std::size_t answer)
{
    std::vector<char> bytes(std::max(request, answer), 'x');
    while (read_all(bytes.data(), request))
        if (::write(STDOUT_FILENO, bytes.data(), answer) != static_cast<ssize_t>(answer))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

int answer_sums()
{
    namespace wire = leasepool::wire;
    wire::writer writer;
    return leasepool::bench::answer_requests([&](wire::request const& request, std::string& out) {
        auto const& params = request.params.get_array();
        auto const sum = leasepool::bench::add(
            boost::json::value_to<int>(params[0]), boost::json::value_to<int>(params[1]));
        if (writer.result(out, request.id, sum))
            throw std::logic_error("a result was refused");
    });
}

}  // namespace

int main(int argc, char** argv)
{
    using namespace leasepool::bench;
    std::span<char*> words(argv + 1, argv + argc);
    if (!words.empty() && std::isdigit(static_cast<unsigned char>(*words.front()))) {
        run_on_cpu(std::atoi(words.front()));
        words = words.subspan(1);
    }
    if (words.size() == 3 && std::string_view(words[0]) == "echo")
        return answer_each(
            std::strtoul(words[1], nullptr, 10), std::strtoul(words[2], nullptr, 10));
    if (words.size() == 1 && std::string_view(words[0]) == "add")
        return answer_sums();
    if (words.size() == 1 && std::string_view(words[0]) == "answers")
        return run_large_answers();
    return leasepool::run_worker(argc, argv, add_job, length_job);
}
