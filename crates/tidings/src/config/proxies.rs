//! Which proxies are believed about addresses, hosts and schemes: addresses and networks.

use std::net::IpAddr;
use std::sync::Arc;

/// Addresses and networks of proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[Network]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: u128,
    bits: u32,
}

/// Both families as one: an IPv4 address is that which IPv6 maps it to.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

impl TrustedProxies {
    /// Reads addresses and networks separated by commas or blanks.
    ///
    /// # Errors
    /// What is wrong with the first that is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(Network::parse).collect::<Result<Arc<[Network]>, String>>().map(TrustedProxies)
    }

    /// Whether somebody at this address is believed.
    pub fn believe(&self, ip: IpAddr) -> bool {
        let number = number(ip);
        self.0.iter().any(|network| (number ^ network.address) & mask(network.bits) == 0)
    }
}

impl Network {
    fn parse(word: &str) -> Result<Self, String> {
        let wrong =
            || format!("has '{}', which is neither an address nor a network such as 10.0.0.0/8", word.escape_debug());
        let (address, bits) = match word.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (word, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(wrong());
        }
        Ok(Network { address: number(ip), bits: 128 - width + bits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        let trusted = TrustedProxies::parse("10.0.0.0/8, 192.0.2.7 ::1,2001:db8::/32").unwrap();
        for (ip, believed) in [
            ("10.255.1.2", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("::1", true),
            ("::2", false),
            ("2001:db8:1::9", true),
            ("2001:db9::", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(trusted.believe(ip.parse().unwrap()), believed, "{ip}");
        }
        assert!(!TrustedProxies::default().believe("127.0.0.1".parse().unwrap()));
        assert!(TrustedProxies::parse("0.0.0.0/0").unwrap().believe("8.8.8.8".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "localhost", "10.0.0.0/x", "::/129"] {
            assert!(TrustedProxies::parse(wrong).is_err(), "{wrong}");
        }
    }
}
