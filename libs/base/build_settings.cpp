// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/build_settings.hpp>

namespace leasepool::build {

template <class Setting>
void library_built_with()
{
}

template void library_built_with<current_boost>();
template void library_built_with<standard_library>();
template void library_built_with<glibcxx_debug>();

}  // namespace leasepool::build
