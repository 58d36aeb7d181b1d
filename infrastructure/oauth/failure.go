package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
)

var errNoHTTP = errors.New("the exchange failed halfway, or the answer is not HTTP")

// tellable returns what may be told of an exchange that failed. What net/http says itself may
// not: it shows addresses with their query, and headers that it could not read.
func tellable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("no answer in time: %w", ctx.Err())
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("the host's name was not found: %w", name)
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the host is not trusted: %w", certificate)
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("the network failed: %w", network)
	}
	return errNoHTTP
}

// reasons are the errors of RFC 6749 section 5.2 and RFC 6750 section 3.1, which tell an
// operator what to mend.
var reasons = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
	"unsupported_grant_type", "invalid_scope", "invalid_token", "insufficient_scope",
}

// reason returns why an answer says that the call failed, to be put behind what is told of it,
// and nothing that the provider wrote freely.
func reason(answer object) string {
	switch fault := answer["error"].(type) {
	case string:
		if slices.Contains(reasons, fault) {
			return " (" + fault + ")"
		}
	case map[string]any: // as Facebook has it
		if code, ok := fault["code"].(float64); ok {
			return fmt.Sprintf(" (code %d)", int32(code))
		}
	}
	return ""
}
