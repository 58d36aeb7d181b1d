// Package problem turns errors into RFC 9457 problem documents. It is the only place that
// knows which failure is which HTTP status.
package problem

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// Problem is a problem document (RFC 9457). Code, RequestID, Errors and Ticket are extension
// members;
// Code is the stable name of the problem and Type the address of a page about it.
type Problem struct {
	Type      string  `json:"type"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Code      string  `json:"code"`
	Detail    string  `json:"detail"`
	RequestID string  `json:"requestId"`
	Errors    []Fault `json:"errors,omitempty"` // for validation_failed alone
	Ticket    string  `json:"ticket,omitempty"` // for email_required alone

	retryAfter time.Duration
}

// Fault is one thing that is wrong with one field of the request.
type Fault struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// statuses is the one map from what went wrong to HTTP. Kinds that are not in it are 500.
var statuses = map[domain.Kind]int{
	domain.Internal:        http.StatusInternalServerError,
	domain.Malformed:       http.StatusBadRequest,
	domain.Invalid:         http.StatusUnprocessableEntity,
	domain.Unauthenticated: http.StatusUnauthorized,
	domain.Forbidden:       http.StatusForbidden,
	domain.NotFound:        http.StatusNotFound,
	domain.Conflict:        http.StatusConflict,
	domain.TooMany:         http.StatusTooManyRequests,
	domain.Unavailable:     http.StatusServiceUnavailable,
}

// For returns the problem document of err, its RequestID left empty. What the vocabulary
// does not know is a bare 500: nothing of such an error's text is in the document.
func For(err error) Problem {
	known, isKnown := errors.AsType[*domain.Error](err)
	if isKnown && known.Kind != domain.Internal {
		return fromDomain(known)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded): // the request's own; see middleware.Deadline
		return fromDomain(domain.ErrOverloaded)
	case errors.Is(err, context.Canceled): // the service is about to stop
		return fromDomain(domain.ErrUnavailable)
	}
	if edge, ok := errors.AsType[*fiber.Error](err); ok && !isKnown {
		return fromStatus(edge.Code)
	}
	return fromDomain(domain.ErrInternal)
}

func fromDomain(e *domain.Error) Problem {
	status, ok := statuses[e.Kind]
	if !ok {
		return fromDomain(domain.ErrInternal)
	}
	p := Problem{
		Type: typeOf(e.Code), Title: titleOf(e.Code, status), Status: status, Code: e.Code, Detail: e.Detail,
		Ticket: e.Ticket, retryAfter: e.RetryAfter,
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, Fault(f))
	}
	return p
}

// fromStatus returns the document of an error that Fiber or this layer found before any use
// case ran. Fiber's own message is left out: it quotes the request.
func fromStatus(status int) Problem {
	for _, e := range edge {
		if e.Status == status {
			return Problem{Type: e.Type, Title: e.Title, Status: e.Status, Code: e.Code, Detail: e.Detail}
		}
	}
	switch {
	case status == http.StatusNotFound:
		return fromDomain(domain.ErrNotFound)
	case status == http.StatusServiceUnavailable:
		return fromDomain(domain.ErrUnavailable)
	case 400 <= status && status < 500:
		return fromStatus(http.StatusBadRequest)
	default:
		return fromDomain(domain.ErrInternal)
	}
}

func typeOf(code string) string { return "/problems/" + strings.ReplaceAll(code, "_", "-") }
