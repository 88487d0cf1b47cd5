"""Which URLs may a listener have, and how are they written down?"""

from __future__ import annotations

from ipaddress import IPv4Address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from webhooks_app.engine import url as urls
from webhooks_app.engine.addresses import NetworkPolicy
from webhooks_app.engine.url import canonical_url
from webhooks_app.errors import Refused

PUBLIC = NetworkPolicy()
REFUSED = {
    "ip_not_public": [
        "http://127.0.0.1/",
        "http://127.1.2.3/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://100.127.255.255/",
        "http://192.0.0.192/opc/v2/instance/",
        "http://192.0.2.10/",
        "http://203.0.113.9/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://10.0.0.1./",  # the final dot of a name means nothing in an address
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2002:808:808::1]/",  # 6to4, though around a public address
        "http://[2001:db8::1]/",
        "http://[fc00::1]/",
        "http://[fd20:ce::254]/",
        "http://[fec0::1]/",
        "http://[100::1]/",
        "http://[4000::1]/",
    ],
    "url_ip_form": [
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f.0.0.1/",
        "http://0X7F.0.0.1/",
        "http://127.0.1/",
        "http://127.1/",
        "http://0/",
        "http://0x/",
        "http://0x0/",
        "http://127.000.000.001/",
        "http://0251.0376.0251.0376/",
        "http://2852039166/",
        "http://169.254.43518/",
        "http://256.256.256.256/",
        "http://1.2.3.4.5/",
        "http://999999999999/",
        "http://foo.0x7f/",
        "http://foo.1/",
        "http://127.0.0.0x1./",
    ],
    "url_host_escape": ["http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/"],
    "url_parse": [
        "http://[::1",
        "http://::1/",
        "http://[1.2.3.4]/",
        "http://[]/",
        "http://a[b/",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",  # enclosed digits: 127.0.0.1
        "http://127\u30020\u30020\u30021/",  # ideographic full stops
        "http://loca\xadlhost/",
        "http://local\u200bhost/",
        "http://\u202eexample.com/",
        "http://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",  # fullwidth letters
        "http://169.254.169.254\u3002/",
        "http://127.0.0.1%00.example.com/",
        "http://%31%32%37.0.0.1/",
        "http://example.com:80:80/",
        "http://example.com:65536/",
        "http://example.com:99999999999/",
        "http://example.com:-1/",
        "http://example.com:\u0668\u0660/",
    ],
    "host_local": [
        "http://LOCALHOST/",
        "http://localhost./",
        "http://foo.localhost/",
        "http://api.ns.svc.cluster.local/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://router.lan/",
        "http://router.home.arpa/",
        "http://api.ns.svc/",
        "http://abc.onion/",
        "http://localhost.localdomain/",
    ],
    "host_single_label": ["http://db/", "http://metadata/", "http://xn--bcher-kva/"],
    "url_userinfo": [
        "http://user:pw@example.com/",
        "http://127.0.0.1@example.com/",
        "http://example.com:80@10.0.0.1/",
        "http://@example.com/",
        "http://a@b@c.example.com/",
    ],
    "url_chars": [
        "http://127.0.0.1\\.example.com/",
        "http://example.com/\\@10.0.0.1/",
        "http://1.1.1.1 &@127.0.0.1/",
        "http://example.com/\r\nX: y",
        "http://exa mple.com/",
        " http://example.com/",
        "http://exam\tple.com/",
        "http://example.com/\x00",
        "http://example.com/\x7f",
        "http://example.com/\x85",
    ],
    "url_fragment": ["http://127.0.0.1#.example.com/", "http://example.com/#"],
    "url_host": [
        "http:127.0.0.1/",
        "http:/example.com/",
        "http://",
        "http:///example.com/",
        "http://:80/",
        "http://?q",
        "http://example..com/",
        "http://.example.com/",
        "http://example.com../",
        "http://*.example.com/",
        "http://-a.example.com/",
        "http://a!b.example.com/",
        "http://" + "a." * 130 + "example.com/",
        "http://" + "a" * 64 + ".example.com/",
    ],
    "url_scheme": [
        "",
        "ftp://example.com/",
        "gopher://example.com:70/_x",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "https+foo://example.com/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "ws://example.com/",
        "example.com/hook",
        "//example.com/hook",
        "http",
        ":80",
    ],
    "url_port": [f"http://example.com:{port}/" for port in (0, 22, 25, 5432, 6379, 9200, 11211, 27017)],
    "url_length": ["http://example.com/" + "a" * 2048],
}

ACCEPTED = [
    ("https://example.com/hook", "https://example.com/hook"),
    ("https://EXAMPLE.com/Hook", "https://example.com/Hook"),
    ("HTTPS://example.com", "https://example.com/"),
    ("https://example.com./x", "https://example.com/x"),
    ("https://example.com:8443/", "https://example.com:8443/"),
    ("https://example.com:443/", "https://example.com:443/"),
    ("https://example.com:/", "https://example.com/"),
    ("https://example.com:65535/", "https://example.com:65535/"),
    ("http://example.com:8080/", "http://example.com:8080/"),
    ("https://1.1.1.1/hook", "https://1.1.1.1/hook"),
    ("https://100.128.0.1/", "https://100.128.0.1/"),  # just above carrier-grade NAT
    ("https://172.32.0.1/", "https://172.32.0.1/"),
    ("https://198.20.0.1/", "https://198.20.0.1/"),
    ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
    ("https://[2A00:1450:4001:81B:0:0::200E]:8443/", "https://[2a00:1450:4001:81b::200e]:8443/"),
    ("https://xn--bcher-kva.example.com/", "https://xn--bcher-kva.example.com/"),
    ("https://B\xfccher.example.com/", "https://xn--bcher-kva.example.com/"),
    ("https://example.com/p\xe4th?q=\xfc", "https://example.com/p%C3%A4th?q=%C3%BC"),
    ("https://example.com/?token=a:b@c", "https://example.com/?token=a:b@c"),
    ("https://example.com?q=1", "https://example.com/?q=1"),
    ("https://example.com/a/../b?", "https://example.com/b"),  # what would be sent
    ("https://1.example.com/", "https://1.example.com/"),
    ("https://127.0.0.1.example.com/", "https://127.0.0.1.example.com/"),
    ("https://my_service.example.com/", "https://my_service.example.com/"),
    ("http://where.joe/is/listening", "http://where.joe/is/listening"),
]


def code(url: str, policy: NetworkPolicy = PUBLIC) -> str:
    """The code of the refusal, or "" for an accepted URL."""
    try:
        canonical_url(url, policy)
    except Refused as refused:
        (error,) = refused.errors
        assert error.field == "url"
        assert error.message.endswith("."), error.message
        return error.code
    return ""


@pytest.mark.parametrize(("expected", "url"), [(code, url) for code, some in REFUSED.items() for url in some])
def test_a_url_is_refused_with_its_code(expected: str, url: str) -> None:
    assert code(url) == expected


@pytest.mark.parametrize(("url", "stored"), ACCEPTED)
def test_a_url_is_stored_as_it_is_sent(url: str, stored: str) -> None:
    assert canonical_url(url, PUBLIC) == stored


def test_sentences_name_what_is_wrong() -> None:
    for url in ("http:///x", "http://:80/"):
        with pytest.raises(Refused, match=r"^url: Write a host name after the two slashes\.$"):
            canonical_url(url, PUBLIC)
    with pytest.raises(Refused, match=r"^url: Write a URL, such as "):
        canonical_url("", PUBLIC)
    with pytest.raises(Refused, match=r"^url: 10\.0\.0\.1 is not a public address\.$"):
        canonical_url("http://10.0.0.1/", PUBLIC)
    with pytest.raises(Refused, match=r"^url: Port 6379 is not allowed\.$"):
        canonical_url("http://example.com:6379/", PUBLIC)
    with pytest.raises(Refused, match=r"^url: Write IPv4 addresses as four plain decimal numbers\.$"):
        canonical_url("http://0x7f.1/", PUBLIC)


URLISH = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "HTTP://", "http:/", "//", ""]),
    st.text(st.sampled_from("aZ09.-_:@[]%/\\?# \t\xe4\u3002\uff11x"), max_size=20) | st.text(max_size=12),
    st.sampled_from(["", ".com", ".example.com", ":80", ":443", ".1"]),
    st.sampled_from(["", "/", "?", "/%zz%41", "/\ud800", "/a/./../b", "/[x]?[y]", "//x", "/\xfc?\xe9"]),
)


@settings(deadline=None, max_examples=300)
@given(URLISH | st.text(max_size=30))
@example("http://a.b/%2e%2e/%")
@example("http://a.b//c")
def test_an_accepted_url_means_the_same_to_every_reader_and_to_us_again(url: str) -> None:
    try:
        stored = canonical_url(url, PUBLIC)
    except Refused:
        return

    assert canonical_url(stored, PUBLIC) == stored
    assert stored.isascii()
    ours, theirs = urlsplit(stored), parse_url(stored)
    assert (ours.scheme, ours.port) == (theirs.scheme, theirs.port)
    assert ours.hostname == (theirs.host or "").strip("[]")


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.sampled_from(["::", "::ffff:", "::ffff:0:", "64:ff9b::", "2002:{}::1"]))
def test_no_ipv4_address_passes_in_an_ipv6_form(ip: IPv4Address, form: str) -> None:
    last = f"{int(ip) >> 16:x}:{int(ip) & 0xFFFF:x}"
    spelled = [form.format(last)] if "{" in form else [form + last, form + str(ip)]

    assert {code(f"http://[{each}]/") for each in spelled} == {"ip_not_public"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://xn--bcher-kva.example.com/", "b\xfccher.example.com"),
        ("https://example.com/", "example.com"),
        ("https://xn--zzzzzz.example.com/", "xn--zzzzzz.example.com"),  # no valid A-label
    ],
)
def test_the_host_can_be_shown_in_its_own_script(url: str, shown: str) -> None:
    assert urls.readable_host(url) == shown
