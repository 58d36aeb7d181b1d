// Package domain is the core of the service: its entities, its ports and the whole
// vocabulary of its failures. It imports nothing but the standard library.
package domain

import "time"

// Kind says how a caller should react to an Error; the HTTP layer maps each to one status.
type Kind int

// The kinds of failure. The zero value is Internal, so that an unclassified failure hides its detail.
const (
	Internal        Kind = iota
	Malformed            // the request could not be read
	Invalid              // it was read, and its fields are wrong
	Unauthenticated      // who is asking is not known
	Forbidden            // who is asking may not
	NotFound
	Conflict
	TooMany     // asked for too often; the same request may succeed later
	Unavailable // a part that is needed is away or full; the same request may succeed later
)

// FieldError is one fault of one field of a request, in the request's own field names.
type FieldError struct {
	Field   string // "email"
	Code    string // "format": for programs
	Message string // for people
}

// Error is a failure that the caller may see. Its Code never changes once released.
type Error struct {
	Kind       Kind
	Code       string        // "email_taken": for programs
	Detail     string        // for people; holds no secrets
	Fields     []FieldError  // what is wrong with which field, for Invalid
	Ticket     string        // what the caller needs to go on, for ErrEmailRequired; a secret
	RetryAfter time.Duration // when trying again makes sense, for TooMany and Unavailable; 0 is unknown
	cause      error         // for the log only
}

// Error returns the code, and the cause where there is one. It is for logs: what clients
// see is Code and Detail.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Because returns a copy of e that remembers cause; sentinels stay untouched.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy of e that tells the caller when to try again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// InvalidFields returns an ErrValidation that lists fields.
func InvalidFields(fields ...FieldError) *Error {
	c := *ErrValidation
	c.Fields = fields
	return &c
}

// The whole vocabulary. Errors lists them all for the HTTP layer and the documentation.
var (
	ErrInternal           = &Error{Kind: Internal, Code: "internal", Detail: "Something went wrong on our side."}
	ErrInvalidJSON        = &Error{Kind: Malformed, Code: "invalid_json", Detail: "The body is not a JSON object."}
	ErrValidation         = &Error{Kind: Invalid, Code: "validation_failed", Detail: "Some fields are wrong; errors lists them."}
	ErrUnauthorized       = &Error{Kind: Unauthenticated, Code: "unauthorized", Detail: "A valid access token is needed."}
	ErrTokenExpired       = &Error{Kind: Unauthenticated, Code: "token_expired", Detail: "The access token has expired."}
	ErrCredentials        = &Error{Kind: Unauthenticated, Code: "invalid_credentials", Detail: "The account or the password is wrong."}
	ErrRefreshToken       = &Error{Kind: Unauthenticated, Code: "invalid_refresh_token", Detail: "The refresh token is unknown, or its session has ended."}
	ErrRefreshReused      = &Error{Kind: Unauthenticated, Code: "refresh_token_reused", Detail: "The refresh token had been used before, so its session has been ended."}
	ErrLoginRequired      = &Error{Kind: Unauthenticated, Code: "login_required", Detail: "This also needs a proof of the account: its password or a session."}
	ErrForbidden          = &Error{Kind: Forbidden, Code: "forbidden", Detail: "This needs the role admin."}
	ErrAccountDisabled    = &Error{Kind: Forbidden, Code: "account_disabled", Detail: "This account has been disabled."}
	ErrWrongPassword      = &Error{Kind: Forbidden, Code: "wrong_password", Detail: "The current password is missing or wrong."}
	ErrReauthenticate     = &Error{Kind: Forbidden, Code: "reauthentication_required", Detail: "This needs a log-in within the last 10 minutes."}
	ErrRegistrationClosed = &Error{Kind: Forbidden, Code: "registration_closed", Detail: "New accounts are made by admins only."}
	ErrDomainNotAllowed   = &Error{Kind: Forbidden, Code: "email_domain_not_allowed", Detail: "E-mail addresses of that domain are not allowed here."}
	ErrNotFound           = &Error{Kind: NotFound, Code: "not_found", Detail: "There is nothing at this address."}
	ErrEmailTaken         = &Error{Kind: Conflict, Code: "email_taken", Detail: "That e-mail address already has an account."}
	ErrUsernameTaken      = &Error{Kind: Conflict, Code: "username_taken", Detail: "That username is already in use."}
	ErrProviderUnknown    = &Error{Kind: NotFound, Code: "provider_not_found", Detail: "There is no such identity provider here."}
	ErrInvalidState       = &Error{Kind: Malformed, Code: "invalid_state", Detail: "This log-in was not begun in this browser, has been used, or took too long."}
	ErrInvalidCode        = &Error{Kind: Malformed, Code: "invalid_code", Detail: "The code is unknown, has been used, or is too old."}
	ErrInvalidTicket      = &Error{Kind: Malformed, Code: "invalid_ticket", Detail: "The ticket is unknown, has been used, or is too old."}
	ErrInvalidToken       = &Error{Kind: Malformed, Code: "invalid_token", Detail: "The token is unknown, has been used, or is too old."}
	ErrAccessDenied       = &Error{Kind: Forbidden, Code: "access_denied", Detail: "The log-in was refused at the identity provider."}
	ErrProvider           = &Error{Kind: Unavailable, Code: "provider_error", Detail: "The identity provider did not answer as it should; try again soon."}
	ErrAccountExists      = &Error{Kind: Conflict, Code: "account_exists", Detail: "That e-mail address has an account already: log in to it, then link the identity provider."}
	ErrEmailRequired      = &Error{Kind: Conflict, Code: "email_required", Detail: "The identity provider gave no e-mail address: complete the account with one."}
	ErrProviderLinked     = &Error{Kind: Conflict, Code: "provider_already_linked", Detail: "That identity, or another one of that provider, is linked already."}
	ErrAlreadyVerified    = &Error{Kind: Conflict, Code: "already_verified", Detail: "That e-mail address has been verified already."}
	ErrRateLimited        = &Error{Kind: TooMany, Code: "rate_limited", Detail: "Asked for too often; wait before trying again.", RetryAfter: time.Second}
	ErrLastLoginMethod    = &Error{Kind: Conflict, Code: "last_login_method", Detail: "Without it nobody could log in to this account: set a password first."}
	ErrLastAdmin          = &Error{Kind: Conflict, Code: "last_admin", Detail: "The last active admin stays an active admin."}
	ErrOverloaded         = &Error{Kind: Unavailable, Code: "overloaded", Detail: "Too much to do at the moment; try again soon.", RetryAfter: time.Second}
	ErrUnavailable        = &Error{Kind: Unavailable, Code: "unavailable", Detail: "A part of this service is away; try again soon.", RetryAfter: 2 * time.Second}
)

// Errors returns every error of the vocabulary.
func Errors() []*Error {
	return []*Error{
		ErrInternal, ErrInvalidJSON, ErrValidation, ErrUnauthorized, ErrTokenExpired, ErrCredentials,
		ErrRefreshToken, ErrRefreshReused, ErrLoginRequired, ErrForbidden, ErrAccountDisabled, ErrWrongPassword, ErrReauthenticate,
		ErrRegistrationClosed, ErrDomainNotAllowed, ErrNotFound,
		ErrEmailTaken, ErrUsernameTaken, ErrProviderUnknown, ErrInvalidState, ErrInvalidCode, ErrInvalidTicket,
		ErrInvalidToken, ErrAlreadyVerified, ErrRateLimited, ErrAccessDenied, ErrProvider, ErrAccountExists, ErrEmailRequired, ErrProviderLinked, ErrLastLoginMethod,
		ErrLastAdmin, ErrOverloaded, ErrUnavailable,
	}
}
