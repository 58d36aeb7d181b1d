package config

import (
	"regexp"
	"strings"
)

// domainName is a host's name of at least two labels (RFC 1123), in lower case.
var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (r *reader) registration() Registration {
	reg := Registration{Mode: RegistrationMode(r.oneOf("REGISTRATION", string(RegistrationOpen),
		string(RegistrationOpen), string(RegistrationVerified), string(RegistrationClosed)))}
	for _, v := range r.list("REGISTRATION_DOMAINS") {
		domain := strings.ToLower(v)
		if !domainName.MatchString(domain) || len(domain) > 253 {
			r.fault("REGISTRATION_DOMAINS", "must be domains such as example.com separated by commas")
			return reg
		}
		reg.Domains = append(reg.Domains, domain)
	}
	if len(reg.Domains) > 0 && reg.Mode == RegistrationOpen {
		r.fault("REGISTRATION_DOMAINS", "needs REGISTRATION=verified or closed: an address that is not proved proves no domain")
	}
	return reg
}
