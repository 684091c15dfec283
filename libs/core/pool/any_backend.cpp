// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/any_backend.hpp>
#include <leasepool/thread_backend.hpp>

#include <boost/system/system_error.hpp>

#include <map>
#include <mutex>
#include <string>
#include <utility>

// The backends that can be found by name, and the parts of any_backend that need no template.
// `thread` is known from the start; other libraries add theirs with register_backend.

namespace leasepool {
namespace {

class registry {
public:
    /// A static object of a function, because static objects of other files register their backends
    /// during initialization.
    static registry& instance()
    {
        static registry only;
        return only;
    }

    void add(std::string_view name, std::function<any_backend()> make)
    {
        std::lock_guard lock(mutex_);
        makers_.insert_or_assign(std::string(name), std::move(make));
    }

    any_backend make(std::string_view name) const
    {
        std::function<any_backend()> found;
        std::string known;
        {
            std::lock_guard lock(mutex_);
            if (auto const at = makers_.find(name); at != makers_.end())
                found = at->second;
            for (auto const& [each, maker] : makers_)
                known += (known.empty() ? "" : ", ") + each;
        }
        if (found)
            return found();
        auto const quoted = "backend '" + std::string(name) + "' (there are: " + known + ')';
        if (name == "process" || name == "interpreter")
            throw boost::system::system_error(make_error_code(errc::unsupported_backend), quoted);
        throw boost::system::system_error(make_error_code(errc::unknown_backend), quoted);
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::function<any_backend()>, std::less<>> makers_{
        {"thread", [] { return any_backend(thread_backend()); }}};
};

}  // namespace

any_backend::any_backend(std::string_view name) : any_backend(registry::instance().make(name)) {}

std::unique_ptr<any_backend::pool_type> any_backend::make_pool(pool_site site)
{
    return std::make_unique<pool_type>(backend_->make_pool(std::move(site)));
}

void register_backend(std::string_view name, std::function<any_backend()> make)
{
    registry::instance().add(name, std::move(make));
}

}  // namespace leasepool
