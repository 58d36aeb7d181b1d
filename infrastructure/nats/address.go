package nats

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// ErrURL says that an address of the bus is not one. The error never holds the address, in
// which a password may stand.
var ErrURL = errors.New("not a NATS URL")

// addresses checks a comma-separated list of NATS URLs. The library checks them too, but its
// errors repeat them, and it takes part of a password with a slash in it for a host.
func addresses(list string) ([]string, error) {
	var out []string
	for i, one := range strings.Split(list, ",") {
		one = strings.TrimSpace(one)
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		if !isAddress(one) {
			return nil, fmt.Errorf("address %d of the event bus: %w", i+1, ErrURL)
		}
		out = append(out, one)
	}
	return out, nil
}

func isAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return false
	}
	return slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) &&
		!strings.Contains(u.Path+u.RawQuery+u.Fragment, "@")
}
