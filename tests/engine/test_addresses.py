"""Which addresses are the internet's, and which of the others does a setting open?"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webhooks_app.engine.addresses import (
    METADATA,
    NOT_PUBLIC_IPV4,
    NOT_PUBLIC_IPV6,
    IPAddress,
    IPNetwork,
    NetworkPolicy,
    carried_ipv4,
    is_public,
    own_hosts_of,
)
from webhooks_app.errors import SettingError

PUBLIC = NetworkPolicy()
NAT64 = IPv6Network("64:ff9b::/96")

ipv4 = st.integers(0, 2**32 - 1).map(IPv4Address) | st.sampled_from(
    [address for network in NOT_PUBLIC_IPV4 for address in (network[0], network[-1])]
)


def allowing(*networks: str) -> NetworkPolicy:
    return NetworkPolicy(allowed_networks=tuple(ip_network(network) for network in networks))


def _inside_another(ip: IPAddress, network: IPNetwork) -> bool:
    others = (*NOT_PUBLIC_IPV4, *NOT_PUBLIC_IPV6, IPv4Network("224.0.0.0/3"))
    return any(ip in other for other in others if other != network and other.version == ip.version)


@pytest.mark.parametrize("network", [*NOT_PUBLIC_IPV4, *NOT_PUBLIC_IPV6], ids=str)
def test_a_closed_range_ends_exactly_where_it_ends(network: IPNetwork) -> None:
    first, last = int(network[0]), int(network[-1])
    make = IPv4Address if network.version == 4 else IPv6Address
    neighbours = [make(at) for at in (first - 1, last + 1) if 0 <= at < 2**network.max_prefixlen]

    assert not PUBLIC.allows(str(network[0]))
    assert not PUBLIC.allows(str(network[-1]))
    for neighbour in neighbours:
        is_outside = network.version == 6 and neighbour not in IPv6Network("2000::/3")
        assert PUBLIC.allows(str(neighbour)) is not (is_outside or _inside_another(neighbour, network))


@pytest.mark.parametrize(
    "address",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "1fff::1",
        "4000::1",
        "5f00::1",
        "2001:0:7f00:1::",
        "2001:1ff:ffff::1",
        "3fff::1",
        "168.63.129.16",
        "255.255.255.255",
        "not an address",
        "",
        "127.1",
    ],
)
def test_other_closed_addresses(address: str) -> None:
    assert not PUBLIC.allows(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2001:200::1", "3ffe:ffff::1"])
def test_the_internet_is_open(address: str) -> None:
    assert PUBLIC.allows(address)


@settings(deadline=None, max_examples=200)
@given(ipv4)
def test_no_ipv6_address_smuggles_an_ipv4_address(ip: IPv4Address) -> None:
    value = int(ip)
    forms = [
        IPv6Address(value),  # compatible
        IPv6Address(0xFFFF << 32 | value),  # mapped
        IPv6Address(0xFFFF << 48 | value),  # translated (SIIT)
        IPv6Address(0x64FF9B << 96 | value),  # NAT64
        IPv6Address(0x64FF9B0001 << 80 | value),  # NAT64 of this network
        IPv6Address(0x2002 << 112 | value << 80 | 1),  # 6to4
        IPv6Address(0x20010000 << 96 | value << 64),  # Teredo, the server
        IPv6Address(0x20010000 << 96 | value ^ 0xFFFFFFFF),  # Teredo, the client
        IPv6Address(0x5EFE << 32 | value),  # ISATAP in ::/8
    ]

    assert not any(PUBLIC.allows(str(form)) for form in forms)
    assert all(ip in carried_ipv4(form) for form in forms)


@settings(deadline=None, max_examples=200)
@given(ipv4)
def test_behind_a_nat64_prefix_the_embedded_address_decides(ip: IPv4Address) -> None:
    translated = NetworkPolicy(nat64_prefixes=(NAT64,))

    assert translated.allows(str(IPv6Address(int(NAT64[0]) | int(ip)))) == is_public(ip)


@pytest.mark.parametrize(
    ("prefix", "address"),
    [  # the table of RFC 6052 section 2.4, with the prefix's documentation part made our own
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ],
)
def test_the_address_is_found_in_a_nat64_prefix_of_every_length(prefix: str, address: str) -> None:
    network = IPv6Network(prefix)

    refused = NetworkPolicy(nat64_prefixes=(network,))
    allowed = NetworkPolicy(nat64_prefixes=(network,), allowed_networks=(ip_network("192.0.2.33/32"),))

    assert not refused.allows(address)
    assert allowed.allows(address)


def test_a_nat64_prefix_of_another_length_is_refused() -> None:
    with pytest.raises(SettingError, match=r"2001:db8::/33 must be a /32, /40"):
        NetworkPolicy(nat64_prefixes=(IPv6Network("2001:db8::/33"),))


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    policy = allowing("10.1.0.0/16", "fd00:1::/32")

    assert policy.allows("10.1.2.3")
    assert policy.allows("fd00:1::1")
    assert not policy.allows("10.2.0.1")
    assert not policy.allows("::ffff:10.1.2.3")
    assert policy.allows("8.8.8.8")


@pytest.mark.parametrize("network", METADATA, ids=str)
def test_metadata_is_opened_only_by_naming_its_address(network: IPNetwork) -> None:
    address = network[0] if network.num_addresses == 1 else ip_address("169.254.169.254")
    around = allowing("0.0.0.0/0", "::/0")
    named = allowing(f"{address}/{address.max_prefixlen}")

    assert not around.allows(str(address))
    assert named.allows(str(address))


@pytest.mark.parametrize(
    "form",
    [
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "64:ff9b:1::169.254.169.254",  # of a network's own NAT64, with a prefix of 96 bits
        "64:ff9b:1:a9fe:a9:fe00::",  # of 48
        "64:ff9b:1:77a9:fe:a9fe::",  # of 56
        "64:ff9b:1:7777:a9:fea9:fe00::",  # of 64
        "fe80::5efe:a9fe:a9fe",  # ISATAP, on the link
        "fd00:1::5efe:169.254.169.254",  # in a network's own
        "2a00::200:5efe:a9fe:a9fe",  # in a public one
    ],
)
def test_metadata_stays_closed_inside_an_allowed_ipv6_network(form: str) -> None:
    assert not allowing("::/0").allows(form)
    assert not PUBLIC.allows(form)
    assert allowing("::/0").allows("::ffff:10.0.0.1")
    assert allowing("::/0").allows("fe80::5efe:10.0.0.1")


def test_own_hosts_are_the_public_one_and_where_it_listens() -> None:
    assert own_hosts_of("https://hooks.example.com", port=8000)[0] == "hooks.example.com"
    assert own_hosts_of("http://127.0.0.1:8000", port=8000) == (
        "127.0.0.1:8000",
        "localhost:8000",
        "[::1]:8000",
    )
