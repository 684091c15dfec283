// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "calculator.hpp"

#include "literals.hpp"
#include "tokens.hpp"

#include <array>
#include <cstddef>

namespace {

// What ends the recursion where the text is no constant expression.
struct no_constant {};

struct binary_operator {
    std::string_view sign;
    int precedence;
};

// Of signs that begin alike the longest comes first.
constexpr std::array operators{
    binary_operator{"||", 1},
    binary_operator{"&&", 2},
    binary_operator{"<<", 8},
    binary_operator{">>", 8},
    binary_operator{"==", 6},
    binary_operator{"!=", 6},
    binary_operator{"<=", 7},
    binary_operator{">=", 7},
    binary_operator{"|", 3},
    binary_operator{"^", 4},
    binary_operator{"&", 5},
    binary_operator{"<", 7},
    binary_operator{">", 7},
    binary_operator{"+", 9},
    binary_operator{"-", 9},
    binary_operator{"*", 10},
    binary_operator{"/", 10},
    binary_operator{"%", 10},
};

constexpr std::int64_t wrapped(std::uint64_t value)
{
    return static_cast<std::int64_t>(value);
}

std::int64_t divide(std::int64_t a, std::int64_t b, bool remainder)
{
    if (b == 0)
        throw no_constant();
    if (b == -1)  // the quotient of the least number does not fit
        return remainder ? 0 : wrapped(0 - static_cast<std::uint64_t>(a));
    return remainder ? a % b : a / b;
}

std::int64_t shift(std::int64_t a, std::int64_t by, bool left)
{
    if (by < 0 || by > 63)
        throw no_constant();
    return left ? wrapped(static_cast<std::uint64_t>(a) << by) : a >> by;
}

std::int64_t apply(std::string_view sign, std::int64_t a, std::int64_t b)
{
    auto const x = static_cast<std::uint64_t>(a);
    auto const y = static_cast<std::uint64_t>(b);
    if (sign == "||" || sign == "&&")
        return sign == "||" ? a != 0 || b != 0 : a != 0 && b != 0;
    if (sign == "<<" || sign == ">>")
        return shift(a, b, sign == "<<");
    if (sign == "/" || sign == "%")
        return divide(a, b, sign == "%");
    if (sign == "==" || sign == "!=")
        return (a == b) == (sign == "==");
    if (sign == "<=" || sign == ">")
        return (a <= b) == (sign == "<=");
    if (sign == "<" || sign == ">=")
        return (a < b) == (sign == "<");
    switch (sign.front()) {
    case '|':
        return a | b;
    case '^':
        return a ^ b;
    case '&':
        return a & b;
    case '+':
        return wrapped(x + y);
    case '-':
        return wrapped(x - y);
    default:
        return wrapped(x * y);
    }
}

class parser {
public:
    explicit parser(std::string_view text) : rest_(text) {}

    std::int64_t whole()
    {
        auto const value = conditional();
        if (take_token(rest_).kind != token_kind::end)
            throw no_constant();
        return value;
    }

private:
    std::int64_t conditional()
    {
        auto const condition = binary(1);
        if (!skip("?"))
            return condition;
        auto const yes = conditional();
        if (!skip(":"))
            throw no_constant();
        auto const no = conditional();
        return condition != 0 ? yes : no;
    }

    std::int64_t binary(int least)
    {
        auto left = unary();
        for (;;) {
            auto const* const found = next_operator();
            if (!found || found->precedence < least)
                return left;
            rest_.remove_prefix(found->sign.size());
            left = apply(found->sign, left, binary(found->precedence + 1));
        }
    }

    std::int64_t unary()
    {
        auto const t = take_token(rest_);
        if (t.text == "(") {
            auto const value = conditional();
            if (!skip(")"))
                throw no_constant();
            return value;
        }
        if (t.text == "-")
            return wrapped(0 - static_cast<std::uint64_t>(unary()));
        if (t.text == "+")
            return unary();
        if (t.text == "~")
            return ~unary();
        if (t.text == "!")
            return unary() == 0 ? 1 : 0;
        auto const value = literal(t);
        if (!value)
            throw no_constant();
        return *value;
    }

    binary_operator const* next_operator()
    {
        skip_blanks();
        for (auto const& each : operators)
            if (rest_.starts_with(each.sign))
                return &each;
        return nullptr;
    }

    bool skip(std::string_view sign)
    {
        skip_blanks();
        if (!rest_.starts_with(sign))
            return false;
        rest_.remove_prefix(sign.size());
        return true;
    }

    void skip_blanks()
    {
        auto const begin = rest_.find_first_not_of(" \t\r\n\v\f");
        rest_.remove_prefix(begin == rest_.npos ? rest_.size() : begin);
    }

    std::string_view rest_;
};

}  // namespace

std::optional<std::int64_t> calculate(std::string_view expression)
{
    try {
        return parser(expression).whole();
    }
    catch (no_constant const&) {
        return std::nullopt;
    }
}
