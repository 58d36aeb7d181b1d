package models_test

import (
	"testing"

	"gofiber-auth/domain/models"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"203.0.113.7":             "203.0.113.7",
		"::ffff:203.0.113.7":      "203.0.113.7",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"2001:db8:1:2::1":         "2001:db8:1:2::/64",
		"2001:db8::1:0:0:1":       "2001:db8::/64",
		"2001:db8:0:0:ffff::":     "2001:db8::/64",
		"fe80::1%eth0":            "fe80::/64",
		"::1":                     "::/64",
		"":                        "",
		"what an address is not:": "what an address is not:",
	} {
		if got := (models.Client{IP: ip}).Network(); got != want {
			t.Errorf("Network() of %q = %q, want %q", ip, got, want)
		}
	}
}
