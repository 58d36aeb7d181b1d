package problem

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/interfaces/api/request"
)

type codeKey struct{}

// Code returns the code of the problem that c was answered with, or "".
func Code(c *fiber.Ctx) string {
	code, _ := c.Locals(codeKey{}).(string)
	return code
}

// ErrorHandler is the only place that turns an error into a response. It logs the error once:
// as an error where the fault is ours, as a warning where there is too much to do, and else at
// debug, because the request's own line tells the code.
func ErrorHandler(log *slog.Logger) fiber.ErrorHandler {
	var templates request.Templates
	return func(c *fiber.Ctx, err error) error {
		p := For(err)
		p.RequestID = request.ID(c)
		c.Locals(codeKey{}, p.Code)
		report(c.UserContext(), log, c.Method(), templates.Of(c), p, err)

		c.Set(fiber.HeaderCacheControl, "no-store")
		if p.Status == http.StatusUnauthorized {
			c.Set(fiber.HeaderWWWAuthenticate, challenge(p.Code, len(c.Request().Header.Peek(fiber.HeaderAuthorization)) > 0))
		}
		if p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests {
			c.Set(fiber.HeaderRetryAfter, wholeSeconds(p.retryAfter))
		}
		return c.Status(p.Status).JSON(p, ContentType)
	}
}

// report logs the cause of what the domain refuses and of what nobody expected. Errors of
// Fiber quote the path, so of them the code must do.
func report(ctx context.Context, log *slog.Logger, method, route string, p Problem, err error) {
	level := slog.LevelDebug
	switch {
	case p.Code == "overloaded":
		level = slog.LevelWarn
	case p.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", method), slog.String("route", route),
		slog.Int("status", p.Status), slog.String("code", p.Code),
	}
	if _, quotes := errors.AsType[*fiber.Error](err); !quotes {
		attrs = append(attrs, slog.String("error", Scrub(err.Error())))
	}
	if traced, ok := errors.AsType[interface {
		error
		Stack() string
	}](err); ok {
		attrs = append(attrs, slog.String("stack", traced.Stack()))
	}
	log.LogAttrs(ctx, level, "request failed", attrs...)
}

// challenge says how to authenticate (RFC 6750 section 3): what is wrong with a token is said
// only to who sent one.
func challenge(code string, sent bool) string {
	const realm = `Bearer realm="gofiber-auth"`
	switch {
	case sent && code == "token_expired":
		return realm + `, error="invalid_token", error_description="The access token expired"`
	case sent && code == "unauthorized":
		return realm + `, error="invalid_token"`
	default:
		return realm
	}
}

// wholeSeconds rounds up, to 1 at least: a client told to wait 0 seconds does not wait.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}
