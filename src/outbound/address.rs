//! Which addresses are public. Knows the special-purpose registries of IANA and nothing else.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 blocks that are not globally reachable, or that no server of ours can be in (IANA IPv4 Special-Purpose Address
/// Registry; multicast; reserved with broadcast).
const NOT_PUBLIC_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),       // this network, unspecified
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // shared address space (CGNAT)
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, cloud metadata services
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, broadcast
];

/// Blocks inside 2000::/3 that are not public. Outside of 2000::/3 nothing is (loopback, unspecified, link-local, site-local,
/// unique-local, multicast, discard-only, local NAT64).
const NOT_PUBLIC_V6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments, Teredo, ORCHID
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4: an IPv4 address of any kind behind it
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];

/// Whether an address is one of the public Internet. IPv4 addresses written as IPv6 (`::ffff:a.b.c.d`, NAT64 `64:ff9b::`) are
/// judged as the IPv4 address that they lead to.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_public_v4(address),
            None => {
                let within = |(net, bits): &([u16; 8], u8)| {
                    let shift = 128 - u32::from(*bits);
                    address.to_bits() >> shift == Ipv6Addr::from(*net).to_bits() >> shift
                };
                address.segments()[0] >> 13 == 1 && !NOT_PUBLIC_V6.iter().any(within)
            }
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|(net, bits)| {
        let shift = 32 - u32::from(*bits);
        address.to_bits() >> shift == Ipv4Addr::from(*net).to_bits() >> shift
    })
}

/// The IPv4 address that an IPv6 address stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    const NAT64: u128 = 0x0064_ff9b << 96;
    address.to_ipv4_mapped().or_else(|| {
        let bits = address.to_bits();
        // The truncation leaves the 32 bits that hold the address.
        (bits >> 32 == NAT64 >> 32).then(|| Ipv4Addr::from_bits(bits as u32))
    })
}

/// Whether an address may be dialled: a public one, or one inside a network that the configuration allows.
pub(super) fn may_dial(address: IpAddr, allowed: &[IpNet]) -> bool {
    let inside = |address: IpAddr| allowed.iter().any(|net| net.contains(&address));
    is_public(address)
        || inside(address)
        || matches!(address, IpAddr::V6(v6) if embedded(v6).is_some_and(|v4| inside(IpAddr::V4(v4))))
}

#[cfg(test)]
mod tests {
    use super::{is_public, may_dial};

    #[test]
    fn only_public_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_private_address_may_be_dialled_only_inside_an_allowed_network() {
        let allowed = [
            "10.20.0.0/16".parse().unwrap(),
            "fd00:1::/32".parse().unwrap(),
        ];
        for (address, expected) in [
            ("10.20.3.4", true),
            ("10.21.0.1", false),
            ("::ffff:10.20.3.4", true),
            ("64:ff9b::a14:304", true),
            ("::ffff:10.21.0.1", false),
            ("fd00:1::7", true),
            ("fd00:2::7", false),
            ("127.0.0.1", false),
            ("8.8.8.8", true),
        ] {
            assert_eq!(
                may_dial(address.parse().unwrap(), &allowed),
                expected,
                "{address}"
            );
        }
    }
}
