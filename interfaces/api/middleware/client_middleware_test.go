package middleware

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain/models"
)

// clientOf returns what a handler sees of a request from peer.
func clientOf(t *testing.T, trusted []string, peer net.Addr, userAgent string, forwarded ...string) models.Client {
	t.Helper()
	prefixes := make([]netip.Prefix, 0, len(trusted))
	for _, s := range trusted {
		prefixes = append(prefixes, netip.MustParsePrefix(s))
	}
	var got models.Client
	app := fiber.New()
	app.Use(NewClientAddress(prefixes), func(c *fiber.Ctx) error {
		got = ClientOf(c)
		return nil
	})
	var ctx fasthttp.RequestCtx
	ctx.Init(&fasthttp.Request{}, peer, nil)
	ctx.Request.Header.Set("User-Agent", userAgent)
	for _, f := range forwarded {
		ctx.Request.Header.Add("X-Forwarded-For", f)
	}
	app.Handler()(&ctx)
	return got
}

func tcp(ip string) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 4711} }

func TestClientAddress(t *testing.T) {
	t.Parallel()
	private := []string{"10.0.0.0/8", "fd00::/8", "127.0.0.1/32"}
	for name, tt := range map[string]struct {
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		"no proxies":                     {nil, "203.0.113.7", nil, "203.0.113.7"},
		"no proxies, forged":             {nil, "203.0.113.7", []string{"1.2.3.4"}, "203.0.113.7"},
		"a stranger, forged":             {private, "203.0.113.7", []string{"1.2.3.4"}, "203.0.113.7"},
		"a proxy":                        {private, "10.0.0.1", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy, forged before it":      {private, "10.0.0.1", []string{"1.2.3.4, 203.0.113.7"}, "203.0.113.7"},
		"a proxy, forged as a proxy":     {private, "10.0.0.1", []string{"10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":                    {private, "10.0.0.1", []string{"203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"two headers":                    {private, "10.0.0.1", []string{"1.2.3.4", "203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"the last header is a proxy":     {private, "10.0.0.1", []string{"1.2.3.4, 203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		"a proxy that says nothing":      {private, "10.0.0.1", nil, "10.0.0.1"},
		"a proxy that says an empty one": {private, "10.0.0.1", []string{""}, "10.0.0.1"},
		"a client inside":                {private, "10.0.0.1", []string{"10.0.0.7, 10.0.0.2"}, "10.0.0.7"},
		"garbage":                        {private, "10.0.0.1", []string{"unknown, <script>, 999.1.1.1"}, "10.0.0.1"},
		"garbage from the client":        {private, "10.0.0.1", []string{"unknown, 203.0.113.7, ,"}, "203.0.113.7"},
		"garbage from the proxy":         {private, "10.0.0.1", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		"with a port":                    {private, "10.0.0.1", []string{"203.0.113.7:8080"}, "203.0.113.7"},
		"IPv6":                           {private, "fd00::1", []string{"2001:DB8:0::7"}, "2001:db8::7"},
		"IPv6 in brackets":               {private, "fd00::1", []string{"[2001:db8::7]"}, "2001:db8::7"},
		"IPv6 with a port":               {private, "fd00::1", []string{"[2001:db8::7]:8080"}, "2001:db8::7"},
		"IPv6 with a zone":               {private, "fd00::1", []string{"fe80::7%<script>"}, "fe80::7"},
		"IPv4 in IPv6, peer":             {private, "::ffff:10.0.0.1", []string{"203.0.113.7"}, "203.0.113.7"},
		"IPv4 in IPv6, forwarded":        {private, "10.0.0.1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"IPv4 in IPv6, a proxy":          {private, "10.0.0.1", []string{"203.0.113.7, ::ffff:10.0.0.2"}, "203.0.113.7"},
		"IPv4 in IPv6, trusted":          {[]string{"::ffff:10.0.0.0/104"}, "10.0.0.1", []string{"203.0.113.7"}, "203.0.113.7"},
		"everybody is trusted":           {[]string{"0.0.0.0/0"}, "10.0.0.1", []string{"1.2.3.4, 203.0.113.7"}, "1.2.3.4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := clientOf(t, tt.trusted, tcp(tt.peer), "", tt.forwarded...).IP; got != tt.want {
				t.Errorf("IP = %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("no TCP", func(t *testing.T) {
		t.Parallel()
		if got := clientOf(t, nil, &net.UnixAddr{Name: "/run/auth.sock"}, "").IP; got != "" {
			t.Errorf("IP = %q, want none", got)
		}
	})
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ given, want string }{
		"none":               {"", ""},
		"a browser":          {"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)"},
		"Thai":               {"แอป/1.0", "แอป/1.0"},
		"NUL":                {"a\x00b", "ab"},
		"control":            {"a\x1b[31m\x7f\u0085b", "a[31mb"},
		"not UTF-8":          {"a\xff\xfeb", "ab"},
		"runs right to left": {"a\u202eb", "ab"},
		"512 bytes":          {strings.Repeat("a", 512), strings.Repeat("a", 512)},
		"513 bytes":          {strings.Repeat("a", 513), strings.Repeat("a", 512)},
		"cut in a letter":    {"ab" + strings.Repeat("ก", 200), "ab" + strings.Repeat("ก", 170)},
		"a book":             {strings.Repeat("\x00ก", 4000), strings.Repeat("ก", 170)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cleanUserAgent([]byte(tt.given))
			if got != tt.want || len(got) > 512 || !utf8.ValidString(got) {
				t.Errorf("cleanUserAgent(%.40q) = %q, want %q", tt.given, got, tt.want)
			}
		})
	}
	if got := clientOf(t, nil, tcp("127.0.0.1"), "curl/8").UserAgent; got != "curl/8" {
		t.Errorf("UserAgent = %q, want curl/8", got)
	}
}
