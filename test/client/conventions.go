package client

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	requestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
	item      = regexp.MustCompile(`^"[^"]+"(;[a-z*][a-z0-9_.*-]*=("[^"]*"|\d+|:[A-Za-z0-9+/=]*:))+$`) // RFC 9651
	delay     = regexp.MustCompile(`^[1-9]\d{0,3}$`)
	members   = []string{"type", "title", "status", "code", "detail", "requestId", "errors", "ticket"}
)

// faults returns what the contract's conventions forbid in an answer.
func faults(r Request, a Answer) (out []string) {
	fault := func(wrong bool, what string) {
		if wrong {
			out = append(out, what)
		}
	}
	ids := a.Header.Values("X-Request-ID")
	fault(len(ids) != 1 || !requestID.MatchString(ids[0]), "X-Request-ID is "+strings.Join(ids, ", "))
	api := !strings.HasPrefix(r.Path, "//")
	switch {
	case a.Status >= http.StatusBadRequest:
		if r.Method != http.MethodHead && r.Path != "//health/ready" {
			return append(out, problemFaults(a)...)
		}
	case a.Status == http.StatusNoContent:
		fault(len(a.Body) > 0, "204 has a body")
	default:
		fault(api && len(a.Body) > 0 && !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json"), "Content-Type is "+a.Header.Get("Content-Type"))
	}
	return out
}

func problemFaults(a Answer) (out []string) {
	fault := func(wrong bool, what string) {
		if wrong {
			out = append(out, what)
		}
	}
	var given map[string]any
	if err := json.Unmarshal(a.Body, &given); err != nil {
		return []string{err.Error()}
	}
	for name := range given {
		fault(!slices.Contains(members, name), "unknown member "+name)
	}
	p := a.Problem
	for _, f := range p.Errors {
		fault(f.Field == "" || f.Code == "" || f.Message == "", "an entry of errors lacks a member")
	}
	fault(a.Status >= 500 && a.Status != http.StatusServiceUnavailable, "an internal error")
	fault(a.Header.Get("Content-Type") != "application/problem+json", "Content-Type is "+a.Header.Get("Content-Type"))
	fault(p.Status != a.Status || p.Title == "" || p.Code == "" || p.Detail == "", "title, code, detail or the right status is missing")
	fault(p.Type != "/problems/"+strings.ReplaceAll(p.Code, "_", "-"), "type does not follow from code")
	fault(p.RequestID != a.Header.Get("X-Request-ID"), "requestId is not X-Request-ID")
	fault((p.Code == "validation_failed") != (given["errors"] != nil), "errors belongs to validation_failed alone, and always")
	fault((p.Code == "unauthorized" || p.Code == "token_expired") && !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer"), "no WWW-Authenticate")
	fault(a.Status == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "", "no Allow")
	fault(a.Status == http.StatusServiceUnavailable && !delay.MatchString(a.Header.Get("Retry-After")), "no Retry-After")
	if a.Status == http.StatusTooManyRequests {
		fault(p.Code != "rate_limited", "the code of a 429")
		fault(!delay.MatchString(a.Header.Get("Retry-After")), "Retry-After is "+a.Header.Get("Retry-After"))
		for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
			for one := range strings.SplitSeq(a.Header.Get(name), ",") {
				fault(!item.MatchString(strings.TrimSpace(one)), name+" is "+a.Header.Get(name))
			}
		}
	}
	text := string(a.Body)
	for _, internal := range []string{".go:", "goroutine ", "SQLSTATE"} {
		fault(strings.Contains(text, internal), "internals")
	}
	if p.Ticket != "" {
		text = strings.ReplaceAll(text, p.Ticket, "")
		Secrets.Add("ticket", p.Ticket)
	}
	return append(out, Secrets.Found(text)...)
}
