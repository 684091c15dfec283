// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Waiting for the end of a connection with TLS. A message arrives in records, and a record in parts.

#include "integration/support/connections.hpp"
#include "integration/support/events.hpp"

#include <boost/asio/ssl.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <memory>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <string>

namespace leasepool::test {

namespace ssl = asio::ssl;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* what) const
    {
        Free(what);
    }
};

void check(bool ok)
{
    if (!ok)
        throw std::runtime_error("OpenSSL refused to make a certificate");
}

/// Gives the server a key and a certificate that it has signed itself.
void certify(ssl::context& server)
{
    std::unique_ptr<EVP_PKEY, freed_by<&EVP_PKEY_free>> const key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    std::unique_ptr<X509, freed_by<&X509_free>> const certificate(X509_new());
    check(key && certificate);
    check(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1);
    check(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr);
    check(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86'400) != nullptr);
    check(X509_set_pubkey(certificate.get(), key.get()) == 1);
    check(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
    check(SSL_CTX_use_certificate(server.native_handle(), certificate.get()) == 1);
    check(SSL_CTX_use_PrivateKey(server.native_handle(), key.get()) == 1);
}

struct tls_contexts {
    explicit tls_contexts(int version)
    {
        certify(server);
        check(SSL_CTX_set_max_proto_version(server.native_handle(), version) == 1);
    }

    ssl::context server{ssl::context::tls_server};
    ssl::context client{ssl::context::tls_client};
};

struct session {
    explicit session(int version)
        : contexts(version), both(io), server(both.server, contexts.server),
          client(both.client, contexts.client)
    {
        happening shaken(io);
        run(io, [&]() -> asio::awaitable<void> {
            server.async_handshake(ssl::stream_base::server, shaken.handler());
            co_await client.async_handshake(ssl::stream_base::client, asio::use_awaitable);
            co_await shaken.await();
        });
    }

    tls_contexts contexts;
    asio::io_context io;
    connection both;
    ssl::stream<tcp::socket&> server;
    ssl::stream<tcp::socket&> client;
    asio::streambuf buffer;
};

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

BOOST_AUTO_TEST_SUITE(wait_closed_tls)

BOOST_DATA_TEST_CASE(close_notify_ends_the_wait, versions)
{
    session s(sample);
    run(s.io, [&]() -> asio::awaitable<void> {
        pending_wait wait(s.io, s.server, s.buffer);
        co_await asio::async_write(s.client, asio::buffer("next", 4), asio::use_awaitable);
        s.client.async_shutdown([](error_code) {});
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == asio::error::eof);
        BOOST_TEST(s.buffer.size() == 4u);
        s.both.server.close();
    });
}

BOOST_DATA_TEST_CASE(connection_without_more_data_is_open_if_that_is_allowed, versions)
{
    session s(sample);
    run(s.io, [&]() -> asio::awaitable<void> {
        pending_wait wait(s.io, s.server, s.buffer, {.on_half_close = half_close::allowed});
        s.client.async_shutdown([](error_code) {});
        co_await s.both.server.async_wait(tcp::socket::wait_read, asio::use_awaitable);
        for (int i = 0; i != 20; ++i)
            co_await asio::post(s.io, asio::use_awaitable);
        BOOST_TEST(!wait.ended());
        s.both.reset();
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == asio::error::connection_reset);
    });
}

BOOST_DATA_TEST_CASE(connection_that_is_cut_off_ends_the_wait, versions)
{
    session s(sample);
    run(s.io, [&]() -> asio::awaitable<void> {
        pending_wait wait(s.io, s.server, s.buffer);
        s.both.client.shutdown(tcp::socket::shutdown_send);
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == ssl::error::stream_truncated);
    });
}

BOOST_DATA_TEST_CASE(connection_can_be_used_after_a_canceled_wait, versions)
{
    session s(sample);
    run(s.io, [&]() -> asio::awaitable<void> {
        co_await lines_around_canceled_waits(s.io, s.server, s.client, 300);
    });
}

BOOST_DATA_TEST_CASE(full_buffer_pauses_the_wait_and_a_reset_ends_it, versions)
{
    session s(sample);
    std::string const much(1 << 20, 'x');
    happening sent(s.io);
    asio::async_write(s.client, asio::buffer(much), sent.handler());
    run(s.io, [&]() -> asio::awaitable<void> {
        pending_wait wait(s.io, s.server, s.buffer, {.max_buffered = 20'000});
        while (s.buffer.size() != 20'000)
            co_await asio::post(s.io, asio::use_awaitable);
        for (int i = 0; i != 10; ++i)
            co_await asio::post(s.io, asio::use_awaitable);
        BOOST_TEST(s.buffer.size() == 20'000u);
        BOOST_TEST(!wait.ended());
        s.both.reset();
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == asio::error::connection_reset);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
