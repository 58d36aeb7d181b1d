package middleware

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/models"
)

const maxUserAgent = 512 // bytes

type clientKey struct{}

// NewClientAddress finds out where requests come from; ClientOf then tells. That is the peer
// of the connection, unless the peer is one of the trusted proxies: then it is whom the proxy
// names in X-Forwarded-For, and so on from proxy to proxy. What a client that is no trusted
// proxy writes there counts for nothing.
func NewClientAddress(trusted []netip.Prefix) fiber.Handler {
	proxies := make(prefixes, len(trusted))
	for i, p := range trusted {
		proxies[i] = unmapPrefix(p)
	}
	return func(c *fiber.Ctx) error {
		address := peerOf(c)
		if proxies.contain(address) {
			address = proxies.originOf(address, c.Request().Header.PeekAll(fiber.HeaderXForwardedFor))
		}
		if address.IsValid() {
			c.Locals(clientKey{}, address.String())
		}
		return c.Next()
	}
}

// ClientOf returns the address that NewClientAddress found and the User-Agent, cleaned: valid
// UTF-8 of printable characters, at most 512 bytes. It may be kept.
func ClientOf(c *fiber.Ctx) models.Client {
	return models.Client{IP: clientIP(c), UserAgent: cleanUserAgent(c.Request().Header.UserAgent())}
}

func clientIP(c *fiber.Ctx) string {
	ip, _ := c.Locals(clientKey{}).(string)
	return ip
}

func peerOf(c *fiber.Ctx) netip.Addr {
	tcp, ok := c.Context().RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return plain(tcp.AddrPort().Addr())
}

type prefixes []netip.Prefix

func (ps prefixes) contain(a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// originOf walks X-Forwarded-For from its end, where the nearest proxy writes, as long as who
// speaks is trusted. Where a trusted proxy wrote what is no address, the walk ends at that
// proxy: whatever stands further left may be the client's own invention.
func (ps prefixes) originOf(peer netip.Addr, headers [][]byte) netip.Addr {
	for i := len(headers) - 1; i >= 0; i-- {
		rest := headers[i]
		for len(rest) > 0 {
			element := rest
			if comma := bytes.LastIndexByte(rest, ','); comma >= 0 {
				element, rest = rest[comma+1:], rest[:comma]
			} else {
				rest = nil
			}
			element = bytes.TrimSpace(element)
			if len(element) == 0 { // RFC 9110 section 5.6.1.2
				continue
			}
			address, ok := parseHop(string(element))
			if !ok {
				return peer
			}
			if !ps.contain(address) {
				return address
			}
			peer = address
		}
	}
	return peer
}

// parseHop reads an address as proxies write it: bare, in brackets, or with a port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return plain(a), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), true
	}
	return netip.Addr{}, false
}

// plain gives one address one spelling: IPv4 in IPv6 is IPv4, and the zone, which is whatever
// the sender likes, is left out.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func unmapPrefix(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p
}

func cleanUserAgent(b []byte) string {
	if len(b) > 4*maxUserAgent { // cleaning may shorten it, but not that much
		b = b[:4*maxUserAgent]
	}
	clean := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(b))
	if len(clean) <= maxUserAgent {
		return clean
	}
	end := maxUserAgent
	for !utf8.RuneStart(clean[end]) {
		end--
	}
	return clean[:end]
}
