package problem

import (
	"net/http"

	"gofiber-auth/domain"
)

// Entry is one kind of problem, for the documentation.
type Entry struct {
	Code   string
	Type   string // "/problems/email-taken"
	Title  string
	Status int
	Detail string
}

// titles names every code of the domain in a few words that never change from one occurrence
// to the next.
var titles = map[string]string{
	"internal":                  "Internal error",
	"invalid_json":              "Invalid JSON",
	"validation_failed":         "Validation failed",
	"unauthorized":              "Not authenticated",
	"token_expired":             "Access token expired",
	"invalid_credentials":       "Invalid credentials",
	"login_required":            "Proof of the account needed",
	"forbidden":                 "Forbidden",
	"account_disabled":          "Account disabled",
	"wrong_password":            "Wrong password",
	"reauthentication_required": "Log in again",
	"registration_closed":       "Registration closed",
	"email_domain_not_allowed":  "E-mail domain not allowed",
	"not_found":                 "Not found",
	"email_taken":               "E-mail address taken",
	"username_taken":            "Username taken",
	"invalid_refresh_token":     "Invalid refresh token",
	"refresh_token_reused":      "Refresh token used again",
	"invalid_token":             "Invalid token",
	"already_verified":          "Verified already",
	"rate_limited":              "Too many requests",
	"provider_not_found":        "Identity provider not found",
	"invalid_state":             "Invalid state",
	"invalid_code":              "Invalid code",
	"invalid_ticket":            "Invalid ticket",
	"access_denied":             "Access denied",
	"provider_error":            "Identity provider failed",
	"account_exists":            "Account exists",
	"email_required":            "E-mail address needed",
	"provider_already_linked":   "Identity linked already",
	"last_login_method":         "Last way to log in",
	"last_admin":                "Last admin",
	"overloaded":                "Overloaded",
	"unavailable":               "Unavailable",
}

// edge is what goes wrong before any use case runs; statuses are unique in it.
var edge = []Entry{
	edgeEntry("bad_request", http.StatusBadRequest, "Bad request", "The request is not valid HTTP."),
	edgeEntry("method_not_allowed", http.StatusMethodNotAllowed, "Method not allowed", "This address has other methods; the Allow header lists them."),
	edgeEntry("request_timeout", http.StatusRequestTimeout, "Request timeout", "The request did not arrive in time."),
	edgeEntry("payload_too_large", http.StatusRequestEntityTooLarge, "Payload too large", "The body may have at most 64 KiB."),
	edgeEntry("unsupported_media_type", http.StatusUnsupportedMediaType, "Unsupported media type", "The body must be application/json, without a content coding."),
	edgeEntry("header_too_large", http.StatusRequestHeaderFieldsTooLarge, "Header too large", "The request line and the header fields are too long."),
}

func edgeEntry(code string, status int, title, detail string) Entry {
	return Entry{Code: code, Type: typeOf(code), Title: title, Status: status, Detail: detail}
}

// Catalog returns every problem that the service can answer with.
func Catalog() []Entry {
	var all []Entry
	for _, e := range domain.Errors() {
		p := fromDomain(e)
		all = append(all, Entry{Code: p.Code, Type: p.Type, Title: p.Title, Status: p.Status, Detail: p.Detail})
	}
	return append(all, edge...)
}

func titleOf(code string, status int) string {
	if title, ok := titles[code]; ok {
		return title
	}
	return http.StatusText(status)
}
