// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_REF_COUNTED_HPP
#define LEASEPOOL_DETAIL_REF_COUNTED_HPP

namespace leasepool::detail {

/// An object of the compiled core that templates refer to with `boost::intrusive_ptr`. Its
/// reference count is in the derived class, which also deletes it. Any thread.
class ref_counted {
public:
    virtual void add_ref() noexcept = 0;
    virtual void drop_ref() noexcept = 0;

protected:
    ~ref_counted() = default;
};

inline void intrusive_ptr_add_ref(ref_counted* what) noexcept
{
    what->add_ref();
}

inline void intrusive_ptr_release(ref_counted* what) noexcept
{
    what->drop_ref();
}

}  // namespace leasepool::detail

#endif
