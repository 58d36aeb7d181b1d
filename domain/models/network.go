package models

import "net/netip"

// subscriber is how much of an IPv6 address its network gives out: who has one has all 2^64 of
// the rest.
const subscriber = 64

// Network returns what to count by where the client's address counts: the address, or of IPv6
// the /64 that it is in. What is no address is itself.
func (c Client) Network() string {
	address, err := netip.ParseAddr(c.IP)
	if err != nil {
		return c.IP
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(subscriber)
	if err != nil { // it never is: any IPv6 address has a /64
		return c.IP
	}
	return network.String()
}
