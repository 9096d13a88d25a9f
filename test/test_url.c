/*
 * test_url.c - core/url.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "url.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A copy without the terminator, of the exact size: reading past the end is seen by ASan. */
static char *exact(const char *text, size_t length)
{
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static void assert_span(struct fota_span span, const char *expected)
{
    assert_int_equal(span.length, strlen(expected));
    assert_memory_equal(span.text, expected, span.length);
}

static struct fota_url parsed(const char *text)
{
    struct fota_fault fault = {0};
    struct fota_url url;

    assert_int_equal(fota_url_parse(text, strlen(text), FOTA_REDIRECT_URL_MAX, &url, &fault), 0);
    return url;
}

static struct fota_fault refused(const char *text, int error)
{
    struct fota_fault fault = {0};
    struct fota_url url;
    char *copy = exact(text, strlen(text));

    assert_int_equal(fota_url_parse(copy, strlen(text), FOTA_URL_MAX, &url, &fault), error);
    assert_int_equal(fault.error, error);
    assert_int_equal(fault.stage, FOTA_STAGE_REQUEST);
    assert_null(fault.subject);
    free(copy);
    return fault;
}

static void takes_a_full_url_apart(void **state)
{
    struct fota_url url = parsed("http://joe:s%40crt@fw.example.com:8080/a/b.bin?v=2#top");

    (void)state;
    assert_int_equal(url.scheme, FOTA_SCHEME_HTTP);
    assert_span(url.user, "joe");
    assert_span(url.password, "s%40crt");
    assert_span(url.host, "fw.example.com");
    assert_false(url.host_is_ipv6);
    assert_int_equal(url.port, 8080);
    assert_span(url.path, "/a/b.bin?v=2");
}

static void missing_port_is_the_schemes_own(void **state)
{
    (void)state;
    assert_int_equal(parsed("http://h/").port, 80);
    assert_int_equal(parsed("https://h/").port, 443);
    assert_int_equal(parsed("ftp://h/").port, 21);
    assert_int_equal(parsed("ftp://h:/x").port, 21);
    assert_int_equal(parsed("http://h:?x").port, 80);
}

static void v16_ports_have_a_range(void **state)
{
    static const char *const bad[] = {
        "http://h:0/",          "http://h:65536/", "http://h:4294967376/",
        "http://h:99999999999", "http://h:+80/",   "http://h:-1/",
        "http://h:8o/",         "http://h:80:80/", "http://h:0x50/",
    };

    (void)state;
    assert_int_equal(parsed("http://h:1/").port, 1);
    assert_int_equal(parsed("http://h:65535/").port, 65535);
    assert_int_equal(parsed("http://h:00080").port, 80);
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL);
}

static void schemes_come_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(parsed("HTTP://h/").scheme, FOTA_SCHEME_HTTP);
    assert_int_equal(parsed("HttpS://h/").scheme, FOTA_SCHEME_HTTPS);
    assert_int_equal(parsed("FTP://h/").scheme, FOTA_SCHEME_FTP);
}

static void other_schemes_are_named_as_the_error(void **state)
{
    static const char *const bad[] = {"file:///etc/passwd", "httpx://h/", "htt://h/",
                                      "ftpes://h/",         "h2://h/",    "data://x"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL_SCHEME);
}

static void path_keeps_the_query_and_drops_the_fragment(void **state)
{
    (void)state;
    assert_span(parsed("http://h").path, "");
    assert_span(parsed("http://h#x").path, "");
    assert_span(parsed("http://h?a=/b").path, "?a=/b");
    assert_span(parsed("http://h/?a#b?c").path, "/?a");
    assert_span(parsed("http://h/a@b:c").path, "/a@b:c");
    assert_span(parsed("http://h/\xe5\x9b\xba\xe4\xbb\xb6.bin").path,
                "/\xe5\x9b\xba\xe4\xbb\xb6.bin");
}

static void userinfo_may_lack_either_half(void **state)
{
    struct fota_url url = parsed("ftp://joe@h/x");

    (void)state;
    assert_span(url.user, "joe");
    assert_span(url.password, "");
    url = parsed("ftp://:pw@h/x");
    assert_span(url.user, "");
    assert_span(url.password, "pw");
    url = parsed("ftp://a:b:c@h/x");
    assert_span(url.user, "a");
    assert_span(url.password, "b:c");
    url = parsed("ftp://@h/x");
    assert_int_equal(url.user.length + url.password.length, 0);
    assert_span(url.host, "h");
}

static void ipv6_addresses_lose_their_brackets(void **state)
{
    static const char *const bad[] = {
        "http://[::1/",   "http://[]/",   "http://::1/", "http://[::g]/", "http://[fe80::1%25e]",
        "http://[::1]x/", "http://[12]/", "http://[::1", "http://[",      "http://h[::1]/"};
    struct fota_url url = parsed("http://u@[2001:DB8::1.2.3.4]:81/x");

    (void)state;
    assert_true(url.host_is_ipv6);
    assert_span(url.host, "2001:DB8::1.2.3.4");
    assert_int_equal(url.port, 81);
    assert_int_equal(parsed("http://[::1]").port, 80);
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL);
}

/* A stack that takes any number of zeros need not have room for them. */
static void v16_an_ipv6_address_has_at_most_45_characters(void **state)
{
    static const char most[] = "http://[1111:2222:3333:4444:5555:6666:111.222.233.244]/";
    char more[400];

    (void)state;
    assert_int_equal(parsed(most).host.length, 45);
    for (size_t zeros = 46 - 4; zeros < 200; zeros++) {
        snprintf(more, sizeof more, "http://[%0*d1::1]/", (int)zeros, 0);
        refused(more, FOTA_ERR_URL);
    }
}

/* V24 */
static void v24_nothing_disguises_the_host(void **state)
{
    static const char *const bad[] = {
        "http://good.com%40evil.com/",
        "http://good.com%2fevil.com/",
        "http://a@good.com@evil.com/",
        "http://good.com\\@evil.com/",
        "http://good.com\\evil.com/",
        "http://good.com%23@evil.com@x/",
        "http://good.com,evil.com/",
        "http://g\xc3\xb6od.com/",
        "http://h;x/",
        "http://$(h)/",
    };
    struct fota_url url = parsed("http://good.com#@evil.com/");

    (void)state;
    assert_span(url.host, "good.com");
    assert_span(parsed("http://good.com/@evil.com/").host, "good.com");
    assert_span(parsed("http://good.com?@evil.com/").host, "good.com");
    assert_span(parsed("http://good.com%40x@evil.com/").host, "evil.com");
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL);
}

static void a_host_is_needed(void **state)
{
    static const char *const bad[] = {"http://",     "http:///x",     "http://:80/", "http://?x",
                                      "http://u@/x", "http://u@:80/", "http://#"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL);
}

static void what_is_not_a_url_is_refused_with_the_position(void **state)
{
    static const struct {
        const char *text;
        uint32_t position;
    } bad[] = {
        {"", 0},
        {"://h/", 0},
        {"h/x", 1},
        {"http", 4},
        {"http:h", 4},
        {"http:/h", 4},
        {"www.h.com:80/", 9},
        {" http://h/", 0},
        {"http://h/ x", 9},
        {"http://h/x\n", 10},
        {"http://h:8a/", 10},
        {"http://h/x\x7f", 10},
        {"http://a b/", 8},
        {"http://h/\"", 9},
        {"http://h/<a>", 9},
        {"http://h/a\tb", 10},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(refused(bad[i].text, FOTA_ERR_URL).got, bad[i].position);
}

static void a_nul_in_the_text_is_refused(void **state)
{
    struct fota_fault fault = {0};
    struct fota_url url;

    (void)state;
    assert_int_equal(fota_url_parse("http://h\0.x/", 12, FOTA_URL_MAX, &url, &fault), FOTA_ERR_URL);
    assert_int_equal(fault.got, 8);
    assert_int_equal(fota_url_parse("http\0://h/", 10, FOTA_URL_MAX, &url, &fault), FOTA_ERR_URL);
    assert_int_equal(fault.got, 4);
}

/* V26, V31 */
static void v26_v28_v31_encoded_line_ends_and_nul_are_refused_anywhere(void **state)
{
    static const char *const bad[] = {
        "http://h/a%0d%0aX:1", "http://h/a%0D", "http://h/%0A",       "http://h/%00",
        "ftp://u%00@h/",       "ftp://u%0d@h/", "ftp://u:p%0A@h/",    "http://h/?a=%0a",
        "http://h/#%00",       "http://h/%",    "http://h/%4",        "http://h/%zz",
        "http://h/%4z",        "http://u%4@h/", "https://h/%25%0d%20"};

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        refused(bad[i], FOTA_ERR_URL);
    assert_span(parsed("http://h/%25%0e%20%aF").path, "/%25%0e%20%aF");
}

static void too_long_urls_say_how_long(void **state)
{
    static const uint32_t limits[] = {FOTA_URL_MAX, FOTA_REDIRECT_URL_MAX};
    struct fota_fault fault = {0};
    struct fota_url url;
    char text[FOTA_REDIRECT_URL_MAX + 8];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "http://h/", 9);
    for (size_t i = 0; i < COUNT(limits); i++) {
        assert_int_equal(fota_url_parse(text, limits[i] - 1, limits[i], &url, &fault), 0);
        assert_int_equal(fota_url_parse(text, limits[i], limits[i], &url, &fault), 0);
        for (uint32_t over = 1; over <= 2; over++) {
            assert_int_equal(fota_url_parse(text, limits[i] + over, limits[i], &url, &fault),
                             FOTA_ERR_URL_TOO_LONG);
            assert_int_equal(fault.expected, limits[i]);
            assert_int_equal(fault.got, limits[i] + over);
        }
    }
}

static void a_host_has_at_most_253_characters(void **state)
{
    struct fota_fault fault = {0};
    struct fota_url url;
    char text[300];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "http://", 7);
    assert_int_equal(fota_url_parse(text, 7 + 253, FOTA_REDIRECT_URL_MAX, &url, &fault), 0);
    assert_int_equal(url.host.length, 253);
    assert_int_equal(fota_url_parse(text, 7 + 254, FOTA_REDIRECT_URL_MAX, &url, &fault),
                     FOTA_ERR_URL);
    assert_int_equal(fault.got, 7 + 253);
}

/* ---- redirects ------------------------------------------------------------------------------- */

/* Both buffers are of the exact size for ASan to guard. */
static int follow(const char *base, const char *location, char *out, bool *elsewhere)
{
    struct fota_fault fault = {0};
    char *url = malloc(FOTA_REDIRECT_URL_MAX + 1);
    char *text = malloc(FOTA_REDIRECT_URL_MAX + 1);
    int error;

    assert_true(url && text && strlen(location) <= FOTA_REDIRECT_URL_MAX);
    strcpy(url, base);
    memset(text, '#', FOTA_REDIRECT_URL_MAX + 1);
    memcpy(text, location, strlen(location));
    *elsewhere = false;
    error = fota_url_follow(url, text, strlen(location), elsewhere, &fault);
    assert_int_equal(fault.error, error);
    if (error == 0) {
        strcpy(out, url);
    } else {
        assert_int_equal(error, FOTA_ERR_HTTP_REDIRECT);
        assert_int_equal(fault.stage, FOTA_STAGE_CONNECT);
    }
    free(url);
    free(text);
    return error;
}

static bool assert_resolved(const char *base, const char *location, const char *expected)
{
    char out[FOTA_REDIRECT_URL_MAX + 1];
    bool elsewhere;

    assert_int_equal(follow(base, location, out, &elsewhere), 0);
    assert_string_equal(out, expected);
    return elsewhere;
}

static void assert_unresolved(const char *base, const char *location)
{
    char out[FOTA_REDIRECT_URL_MAX + 1];
    bool elsewhere;

    assert_int_equal(follow(base, location, out, &elsewhere), FOTA_ERR_HTTP_REDIRECT);
}

/* The examples of RFC 3986 section 5.4 that are redirects of the http family. */
static void references_resolve_as_rfc_3986_shows(void **state)
{
    static const char *const rows[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_resolved("http://a/b/c/d;p?q", rows[i][0], rows[i][1]);
}

static void absolute_locations_replace_everything(void **state)
{
    (void)state;
    assert_resolved("http://a/x", "http://b:81/y/../z?q=../..#f", "http://b:81/z?q=../..");
    assert_resolved("http://a/x", "HTTPS://B/y", "HTTPS://B/y");
    assert_resolved("http://a:80/x", "//[::1]:5/y", "http://[::1]:5/y");
    assert_resolved("https://a/x", "//b/y", "https://b/y");
    assert_resolved("http://a/x", "http://b", "http://b");
    assert_resolved("http://a/x", "http://b?q", "http://b?q");
}

static void relative_locations_keep_the_origin(void **state)
{
    (void)state;
    assert_resolved("http://a:8080/x/y", "z", "http://a:8080/x/z");
    assert_resolved("http://a:80", "z", "http://a:80/z");
    assert_resolved("http://a?q/w", "z", "http://a/z");
    assert_resolved("http://a?q", "?r", "http://a?r");
    assert_resolved("http://a/x#f", "?r", "http://a/x?r");
    assert_resolved("http://a/x/y#f/g", "z", "http://a/x/z");
    assert_resolved("http://a#f/g", "z", "http://a/z");
    assert_resolved("https://[2001:db8::1]:444/x?a/b", "z", "https://[2001:db8::1]:444/z");
    assert_resolved("http://a:65535/", "/z", "http://a:65535/z");
    assert_resolved("http://a/x", "/b:c", "http://a/b:c");
    assert_resolved("http://a/x", "?u=http://b/", "http://a/x?u=http://b/");
    assert_resolved("http://a/x//y/", "..//../z", "http://a/x//z");
}

/* V25 */
static void v25_credentials_stay_with_the_origin(void **state)
{
    (void)state;
    assert_false(assert_resolved("http://joe:pw@a/x", "y", "http://joe:pw@a/y"));
    assert_false(assert_resolved("http://joe:pw@a/x", "//A/y", "http://joe:pw@A/y"));
    assert_false(assert_resolved("http://joe@a:80/x", "http://a/y", "http://joe@a/y"));
    assert_false(
        assert_resolved("http://joe:@[::1]:81", "HTTP://[::1]:81", "http://joe:@[::1]:81"));
    assert_false(assert_resolved("http://a/x", "//a/y", "http://a/y"));
    assert_true(assert_resolved("http://joe:pw@a/x", "//b/y", "http://b/y"));
    assert_true(assert_resolved("http://joe:pw@a/x", "http://b/y", "http://b/y"));
    assert_true(assert_resolved("http://joe:pw@a/x", "https://a/y", "https://a/y"));
    assert_true(assert_resolved("http://joe:pw@a/x", "http://a:81/y", "http://a:81/y"));
    assert_true(assert_resolved("http://a/x", "//b/y", "http://b/y"));
}

static void credentials_in_a_location_are_refused(void **state)
{
    (void)state;
    assert_unresolved("http://a/x", "http://joe:pw@b/y");
    assert_unresolved("http://a/x", "http://joe@b/y");
    assert_unresolved("http://a/x", "//:pw@b/y");
    assert_unresolved("http://a/x", "//@b/y");
    assert_unresolved("http://a/x", "//@[::1]/y");
    assert_unresolved("http://a/x", "//:@b/y");
}

/* H19 */
static void h19_redirects_to_a_weaker_or_other_scheme_are_refused(void **state)
{
    (void)state;
    assert_resolved("http://a/x", "https://b/y", "https://b/y");
    assert_resolved("https://a/x", "https://b/y", "https://b/y");
    assert_resolved("ftp://a/x", "ftp://b/y", "ftp://b/y");
    assert_unresolved("https://a/x", "http://a/x");
    assert_unresolved("http://a/x", "ftp://a/x");
    assert_unresolved("https://a/x", "ftp://a/x");
    assert_unresolved("ftp://a/x", "http://a/x");
    assert_unresolved("http://a/x", "file:///etc/passwd");
    assert_unresolved("http://a/x", "javascript:alert(1)");
}

/* V26 */
static void v26_malformed_locations_are_refused(void **state)
{
    static const char *const bad[] = {
        "",     "#s",        "http://",     "//",       "http:/b",     "http:b",
        ":x",   "a b",       "a\nb",        "a\rb",     "a%0d%0aX: y", "a%0A",
        "a%00", "//b\\c",    "http://b:0/", "//b%40c/", "//a@b@c/",    "http://b:99999",
        "///x", "\xff:\xff", "a%",          "a%1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_unresolved("http://a/x", bad[i]);
}

/* `base` is filled up by a Location to the longest url, and to one character more. */
static void fill_up(const char *base, const char *begin, const char *result)
{
    char location[FOTA_REDIRECT_URL_MAX + 8], out[FOTA_REDIRECT_URL_MAX + 1];
    size_t fits = FOTA_REDIRECT_URL_MAX - strlen(result) + strlen(begin);
    bool elsewhere;

    memset(location, 'b', sizeof location);
    memcpy(location, begin, strlen(begin));
    location[fits] = '\0';
    assert_int_equal(follow(base, location, out, &elsewhere), 0);
    assert_int_equal(strlen(out), FOTA_REDIRECT_URL_MAX);
    assert_memory_equal(out, result, strlen(result));
    if (fits == FOTA_REDIRECT_URL_MAX)
        return; /* the reader keeps no longer ones */
    location[fits] = 'b';
    location[fits + 1] = '\0';
    assert_unresolved(base, location);
}

static void the_result_fits_or_is_refused(void **state)
{
    (void)state;
    fill_up("http://a/x", "/", "http://a/");
    fill_up("http://joe:pw@a/x/y", "", "http://joe:pw@a/x/");
    fill_up("http://a?q", "b", "http://a/b");
    fill_up("http://joe:pw@a/x", "http://a/", "http://joe:pw@a/");
    fill_up("https://a/x", "//b/", "https://b/");
    fill_up("http://joe:pw@a/x", "https://b/", "https://b/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_full_url_apart),
        cmocka_unit_test(missing_port_is_the_schemes_own),
        cmocka_unit_test(v16_ports_have_a_range),
        cmocka_unit_test(schemes_come_in_any_case),
        cmocka_unit_test(other_schemes_are_named_as_the_error),
        cmocka_unit_test(path_keeps_the_query_and_drops_the_fragment),
        cmocka_unit_test(userinfo_may_lack_either_half),
        cmocka_unit_test(ipv6_addresses_lose_their_brackets),
        cmocka_unit_test(v16_an_ipv6_address_has_at_most_45_characters),
        cmocka_unit_test(v24_nothing_disguises_the_host),
        cmocka_unit_test(a_host_is_needed),
        cmocka_unit_test(what_is_not_a_url_is_refused_with_the_position),
        cmocka_unit_test(a_nul_in_the_text_is_refused),
        cmocka_unit_test(v26_v28_v31_encoded_line_ends_and_nul_are_refused_anywhere),
        cmocka_unit_test(too_long_urls_say_how_long),
        cmocka_unit_test(a_host_has_at_most_253_characters),
        cmocka_unit_test(references_resolve_as_rfc_3986_shows),
        cmocka_unit_test(absolute_locations_replace_everything),
        cmocka_unit_test(relative_locations_keep_the_origin),
        cmocka_unit_test(v25_credentials_stay_with_the_origin),
        cmocka_unit_test(credentials_in_a_location_are_refused),
        cmocka_unit_test(h19_redirects_to_a_weaker_or_other_scheme_are_refused),
        cmocka_unit_test(v26_malformed_locations_are_refused),
        cmocka_unit_test(the_result_fits_or_is_refused),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
