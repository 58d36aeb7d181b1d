package redis

import (
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// parse returns the library's options for a URL. The library checks URLs too, but its errors
// repeat them, and it takes part of a password with a # in it for a host.
func parse(address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Hostname() == "" ||
		u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return nil, ErrURL
	}
	options, err := redis.ParseURL(address)
	if err != nil || options.DB < 0 || (options.TLSConfig != nil && options.TLSConfig.InsecureSkipVerify) {
		return nil, ErrURL // TLS that trusts everybody protects from nobody
	}
	return options, nil
}
