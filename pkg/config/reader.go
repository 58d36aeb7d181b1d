package config

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is one variable that is missing or wrong: its name and what is wanted, never its value.
type Fault struct {
	Variable string `json:"variable"`
	Want     string `json:"want"`
}

// Faults is every fault of a configuration.
type Faults []Fault

// Error returns one fault a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Variable + ": " + fault.Want
	}
	return strings.Join(lines, "\n")
}

// Secret is a value that stays out of logs and messages; convert it to string to use it.
type Secret string

// String hides the value.
func (Secret) String() string { return "[secret]" }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// reader reads variables and gathers what is wrong with them. A variable that is empty
// counts as not set.
type reader struct {
	getenv     func(string) string
	faults     Faults
	seen       map[string]string // every variable that was asked for, with its value
	production bool
}

// value returns a variable as it is set.
func (r *reader) value(name string) string {
	v, ok := r.seen[name]
	if !ok {
		v = r.getenv(name)
		r.seen[name] = v
	}
	return v
}

// sealed returns a secret or a URL, which may come from the file that the variable NAME_FILE names
// instead.
func (r *reader) sealed(name string) string {
	if v, ok := r.seen[name]; ok {
		return v
	}
	v, file := r.value(name), r.value(name+"_FILE")
	if file == "" {
		return v
	}
	if v != "" {
		r.fault(name, "must not be set together with %s_FILE", name)
		return v
	}
	content, err := os.ReadFile(file) //nolint:gosec // the operator names it
	v = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case err != nil: // which may repeat a secret that was set in place of a name
		r.fault(name+"_FILE", "must name a file that can be read")
	case v == "":
		r.fault(name+"_FILE", "must name a file that is not empty")
	}
	r.seen[name] = v
	return v
}

func (r *reader) fault(name, want string, args ...any) {
	r.faults = append(r.faults, Fault{Variable: name, Want: fmt.Sprintf(want, args...)})
}

func (r *reader) text(name, fallback string) string {
	if v := strings.TrimSpace(r.value(name)); v != "" {
		return v
	}
	return fallback
}

func (r *reader) sealedText(name, fallback string) string {
	if v := strings.TrimSpace(r.sealed(name)); v != "" {
		return v
	}
	return fallback
}

func (r *reader) oneOf(name, fallback string, allowed ...string) string {
	v := r.text(name, fallback)
	if !slices.Contains(allowed, v) {
		r.fault(name, "must be one of %s", strings.Join(allowed, ", "))
		return fallback
	}
	return v
}

func (r *reader) boolean(name string, fallback bool) bool {
	v := r.text(name, strconv.FormatBool(fallback))
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.fault(name, "must be true or false")
		return fallback
	}
	return b
}

// integer reads a whole number between low and high.
func (r *reader) integer(name string, fallback, low, high int) int {
	v := r.text(name, "")
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		r.fault(name, "must be a whole number from %d to %d", low, high)
		return fallback
	}
	return n
}

// duration reads a duration of at least low.
func (r *reader) duration(name string, fallback, low time.Duration) time.Duration {
	v := r.text(name, "")
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < low {
		r.fault(name, "must be a duration such as 15m or 168h, at least %s", low)
		return fallback
	}
	return d
}

// grace reads a duration from 0 to high.
func (r *reader) grace(name string, fallback, high time.Duration) time.Duration {
	v := r.text(name, "")
	if v == "" {
		return fallback
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 || d > high {
		r.fault(name, "must be a duration such as 30s, at most %s", high)
		return fallback
	}
	return d
}

// secret reads a secret of at least n bytes. It is not trimmed: every byte counts.
func (r *reader) secret(name string, n int) Secret {
	v := r.sealed(name)
	if v != "" && len(v) < n {
		r.fault(name, "must have at least %d bytes", n)
		return ""
	}
	if !r.unsampled(name, v) {
		return ""
	}
	return Secret(v)
}

// keys reads comma-separated keys of 32 bytes each, in base64.
func (r *reader) keys(name string) []Secret {
	var keys []Secret
	for v := range strings.SplitSeq(r.sealed(name), ",") {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(key) != 32 {
			r.fault(name, "must be 32 bytes in base64, or several such keys separated by commas")
			return nil
		}
		if !r.unsampled(name, string(key)) {
			return nil
		}
		keys = append(keys, Secret(key))
	}
	return keys
}

func (r *reader) list(name string) []string {
	var list []string
	for v := range strings.SplitSeq(r.value(name), ",") {
		if v = strings.TrimSpace(v); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// url reads an absolute URL of one of the schemes, without a fragment.
func (r *reader) url(name, fallback string, schemes ...string) *url.URL {
	v := r.sealedText(name, fallback)
	if v == "" {
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme) || u.Fragment != "" || badPort(u) {
		r.fault(name, "must be an absolute URL that begins with %s://", strings.Join(schemes, ":// or "))
		return nil
	}
	if r.isInTheClear(u) {
		r.fault(name, "must begin with https:// when APP_ENV=production, unless its host is loopback")
		return nil
	}
	return u
}

// isInTheClear reports whether production would send to u, or let pages of u in, without TLS.
func (r *reader) isInTheClear(u *url.URL) bool {
	return r.production && u.Scheme == "http" && !isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func badPort(u *url.URL) bool {
	if u.Port() == "" {
		return strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err != nil || n < 1 || n > 65535
}

// urls reads comma-separated URLs and returns them as they stand.
func (r *reader) urls(name string, schemes ...string) []Secret {
	var urls []Secret
	for v := range strings.SplitSeq(r.sealed(name), ",") {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		one := reader{seen: map[string]string{name: v}, production: r.production}
		if one.url(name, "", schemes...); len(one.faults) > 0 {
			r.faults = append(r.faults, one.faults[0])
			return nil
		}
		urls = append(urls, Secret(v))
	}
	return urls
}

// origins reads comma-separated web origins: scheme, host and port, nothing else.
func (r *reader) origins(name string) []string {
	var origins []string
	for _, v := range r.list(name) {
		u, err := url.Parse(v)
		if err != nil || u.Hostname() == "" || strings.Contains(v, "*") || (u.Scheme != "http" && u.Scheme != "https") || badPort(u) ||
			strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			r.fault(name, "must be origins such as https://app.example.com separated by commas, never *")
			return nil
		}
		if r.isInTheClear(u) {
			r.fault(name, "must begin with https:// when APP_ENV=production, unless their host is loopback")
			return nil
		}
		origins = append(origins, origin(u))
	}
	return origins
}

// origin returns the web origin of u, RFC 6454.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if p := u.Port(); (u.Scheme == "http" && p == "80") || (u.Scheme == "https" && p == "443") {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return u.Scheme + "://" + host
}

// prefixes reads comma-separated IP addresses and CIDR blocks.
func (r *reader) prefixes(name string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, v := range r.list(name) {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			a, addrErr := netip.ParseAddr(v)
			if addrErr != nil {
				r.fault(name, "must be IP addresses or CIDR blocks separated by commas")
				return nil
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes
}
