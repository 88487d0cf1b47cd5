"""Which addresses, names and ports may a delivery reach?

Pure: nothing is looked up; the caller passes a `NetworkPolicy`. The lists are our
own, because the standard library's `is_global` calls multicast, NAT64, 6to4 and several cloud metadata
addresses global. Sources: the IANA special-purpose address registries for IPv4 and IPv6; RFC 6052 for
NAT64; the WHATWG Fetch standard for ports.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from webhooks_app.errors import SettingError
from webhooks_app.settings import Settings

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, also overlay networks
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's host agent
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments, a cloud's metadata among them
        "192.0.2.0/24",
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # the withdrawn 6to4 relay
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, with 255.255.255.255
    )
)

PUBLIC_IPV6 = IPv6Network("2000::/3")  # the only block that IANA gives out for use on the internet
NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(cidr)
    for cidr in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: carries an IPv4 address of the sender's choice
        "3fff::/20",
        "2620:4f:8000::/48",  # AS112
    )
)

# Addresses that hand out credentials. Allowing a network around them does not open them;
# only naming the very address does.
METADATA = tuple(
    ip_network(cidr)
    for cidr in (
        "169.254.0.0/16",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    )
)

# IPv6 blocks whose last 32 bits are an IPv4 address.
_IPV4_AT_THE_END = tuple(
    IPv6Network(cidr) for cidr in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
# A network chooses its own NAT64 prefix from this block, of whatever length (RFC 8215).
_NAT64_OF_A_NETWORK = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
# The third quarter of an ISATAP address, in whatever network (RFC 5214 section 6.1); the second bit that may be set
# only says whether the IPv4 address after it is unique in the world.
_ISATAP = (0x00005EFE, 0x02005EFE)

NAT64_LENGTHS = (32, 40, 48, 56, 64, 96)

LOCAL_SUFFIXES = (
    ".localhost", ".localdomain", ".local", ".internal", ".lan", ".home.arpa", ".svc", ".onion",
)  # fmt: skip

# The ports that browsers refuse to speak HTTP to.
_BAD_PORTS = (
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
)  # fmt: skip
# Databases, queues and administration, which answer plain HTTP or mistake a POST for commands.
_ADMIN_PORTS = (
    445, 873, 1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 5985, 5986,
    6379, 6380, 6443, 7000, 7001, 8086, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 26379, 27017,
    27018, 27019, 28017, 50000, 61616,
)  # fmt: skip
REFUSED_PORTS = frozenset(_BAD_PORTS + _ADMIN_PORTS)


@dataclass(frozen=True)
class NetworkPolicy:
    """What deliveries may reach; one for the life of a process.

    `allowed_networks` are open although they are not public. `allowed_hosts` are names, or `.suffix`, that
    are accepted although they are local; their addresses must still be allowed. `nat64_prefixes` are RFC
    6052 prefixes whose addresses count as the IPv4 address they carry. `own_hosts` are ours: `host` for
    every port of it, or `host:port`; `own_folders` are the paths that the console stands below on them.
    """

    allowed_networks: tuple[IPNetwork, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    https_only: bool = False
    nat64_prefixes: tuple[IPv6Network, ...] = ()
    refused_ports: frozenset[int] = REFUSED_PORTS
    own_hosts: tuple[str, ...] = ()
    own_folders: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        for prefix in self.nat64_prefixes:
            if prefix.prefixlen not in NAT64_LENGTHS:
                raise SettingError(
                    f"WEBHOOKS_NAT64_PREFIXES: {prefix} must be a /32, /40, /48, /56, /64 or /96."
                )

    @cached_property
    def _single_addresses(self) -> frozenset[IPAddress]:
        return frozenset(
            net.network_address for net in self.allowed_networks if net.prefixlen == net.max_prefixlen
        )

    def allows(self, address: str) -> bool:
        """Whether a connection to this address, written as `socket` writes it, may be opened."""
        try:
            ip = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return self._allows(self._meant(ip))

    def names_host(self, host: str) -> bool:
        """Whether the setting of allowed hosts names this host, exactly or by its suffix."""
        return any(
            host.endswith(name) if name.startswith(".") else host == name
            for name in (allowed.lower() for allowed in self.allowed_hosts)
        )

    def is_own(self, host: str, port: int) -> bool:
        """Whether this is an address of the application itself."""
        written = f"[{host}]" if ":" in host else host
        return written in self.own_hosts or f"{written}:{port}" in self.own_hosts

    def _allows(self, ip: IPAddress) -> bool:
        if ip in self._single_addresses:
            return True
        if any(is_metadata(carried) for carried in (ip, *carried_ipv4(ip))):
            return False
        return is_public(ip) or any(_holds(network, ip) for network in self.allowed_networks)

    def _meant(self, ip: IPAddress) -> IPAddress:
        """The IPv4 address behind a configured NAT64 prefix, else the address itself."""
        if isinstance(ip, IPv6Address):
            for prefix in self.nat64_prefixes:
                if ip in prefix:
                    return _behind_nat64(ip, prefix)
        return ip


def is_public(ip: IPAddress) -> bool:
    """Whether the address is one of the internet's, and stands for no other address."""
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in NOT_PUBLIC_IPV4)
    return ip in PUBLIC_IPV6 and not any(ip in network for network in NOT_PUBLIC_IPV6)


def is_metadata(ip: IPAddress) -> bool:
    """Whether a cloud may answer with credentials at this address."""
    return any(_holds(network, ip) for network in METADATA)


def carried_ipv4(ip: IPAddress) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address may lead to: mapped, translated or tunnelled."""
    if isinstance(ip, IPv4Address):
        return ()
    value = int(ip)
    last = value & 0xFFFFFFFF
    if any(ip in network for network in _IPV4_AT_THE_END):
        return (IPv4Address(last),)
    if ip in _NAT64_OF_A_NETWORK:
        inside = [length for length in NAT64_LENGTHS if length >= _NAT64_OF_A_NETWORK.prefixlen]
        return tuple(_behind_nat64(ip, IPv6Network((ip, length), strict=False)) for length in inside)
    if ip in _SIX_TO_FOUR:
        return (IPv4Address(value >> 80 & 0xFFFFFFFF),)
    if ip in _TEREDO:
        # The server's address, then the client's with every bit turned (RFC 4380 section 4).
        return IPv4Address(value >> 64 & 0xFFFFFFFF), IPv4Address(last ^ 0xFFFFFFFF)
    if value >> 32 & 0xFFFFFFFF in _ISATAP:
        return (IPv4Address(last),)
    return ()


def policy_from(settings: Settings, *, url_prefix: str = "") -> NetworkPolicy:
    """The policy that the settings describe, for a console that stands there inside another application."""
    ports = settings.refused_ports
    return NetworkPolicy(
        allowed_networks=settings.allowed_networks,
        allowed_hosts=settings.allowed_hosts,
        https_only=settings.https_only,
        nat64_prefixes=settings.nat64_prefixes,
        refused_ports=REFUSED_PORTS if ports is None else frozenset(ports),
        own_hosts=own_hosts_of(settings.public_base_url, port=settings.port),
        own_folders=own_folders_of(settings.public_base_url, url_prefix=url_prefix),
    )


def own_hosts_of(public_base_url: str, *, port: int) -> tuple[str, ...]:
    """The application's own hosts, for `NetworkPolicy`: its public address and where it listens."""
    base = urlsplit(public_base_url)
    host = base.hostname or ""
    # A public host is ours on every port; on a developer's machine other programs listen beside us.
    public = f"{host}:{base.port}" if base.port is not None else host
    listening = tuple(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    return tuple(dict.fromkeys(name for name in (public, *listening) if name))


def own_folders_of(public_base_url: str, *, url_prefix: str) -> tuple[str, ...]:
    """Where the console stands, for `NetworkPolicy`: in public, and past a proxy that takes its own folder away."""
    folder = urlsplit(public_base_url).path.rstrip("/")
    # The base URL may name the prefix inside the other application, or leave it out.
    public = folder if folder.endswith(url_prefix) else folder + url_prefix
    return tuple(dict.fromkeys((public, url_prefix)))


def _behind_nat64(ip: IPv6Address, prefix: IPv6Network) -> IPv4Address:
    """Take the IPv4 address out, past the byte that RFC 6052 section 2.2 keeps zero (bits 64 to 71)."""
    octets = ip.packed[:8] + ip.packed[9:]
    if prefix.prefixlen == 96:
        return IPv4Address(ip.packed[12:])
    start = prefix.prefixlen // 8
    return IPv4Address(octets[start : start + 4])


def _holds(network: IPNetwork, ip: IPAddress) -> bool:
    return network.version == ip.version and ip in network
