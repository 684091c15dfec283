// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

int computed_on_a_lease();

int main()
{
    return computed_on_a_lease() == 42 ? 0 : 1;
}
