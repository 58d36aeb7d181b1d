package middleware

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
)

// Local answers as if there were nothing, unless the request comes from this machine by a name of
// this machine. One that was forwarded comes from elsewhere, and one that names another host comes
// from a page of that host (DNS rebinding).
func Local() fiber.Handler {
	return func(c *fiber.Ctx) error {
		if !peerOf(c).IsLoopback() || !isLoopbackHost(string(c.Request().Host())) || isForwarded(c) {
			return domain.ErrNotFound
		}
		return c.Next()
	}
}

func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return strings.EqualFold(host, "localhost") || err == nil && address.IsLoopback()
}

func isForwarded(c *fiber.Ctx) bool {
	for name := range c.Request().Header.All() {
		name := strings.ToLower(string(name))
		if name == "forwarded" || name == "via" || name == "x-real-ip" || strings.HasPrefix(name, "x-forwarded-") {
			return true
		}
	}
	return false
}
