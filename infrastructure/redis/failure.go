package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/domain"
)

// translate turns an error of the library into the domain's vocabulary, with a cause that is
// safe to log: the library's own may hold the address, and the server's what it was sent.
func (c *Client) translate(ctx context.Context, what string, err error) error {
	switch {
	case err == nil:
		c.answered(ctx)
		return nil
	case errors.Is(err, redis.Nil):
		c.answered(ctx)
		return domain.ErrNotFound
	}
	if over := endOf(ctx); over != nil {
		return ended(over, what)
	}
	cause := fmt.Errorf("redis: %s: %s", what, reason(err))
	if outOfMemory(err) {
		c.answered(ctx)
		return domain.ErrOverloaded.Because(cause)
	}
	switch {
	case isReply(err) && !refused(err):
		c.answered(ctx)
	case !errors.Is(err, redis.ErrClosed):
		c.away(ctx, reason(err))
	}
	return domain.ErrUnavailable.Because(cause)
}

// endOf is ctx.Err, but for a context whose time has come and whose timer has not noticed yet:
// the connection's own deadline, which is the same, may be faster.
func endOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// ended is the error of a call whose context has ended: who cancelled it knows, and who gave
// it too little time should try again.
func ended(err error, what string) error {
	err = fmt.Errorf("redis: %s: %w", what, err)
	if errors.Is(err, context.DeadlineExceeded) {
		return domain.ErrOverloaded.Because(err)
	}
	return err
}

// reason says in words of ours what is wrong.
func reason(err error) string {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	_, unnamed := errors.AsType[*net.DNSError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case refused(err):
		return "it refuses the credentials of REDIS_URL"
	case outOfMemory(err):
		return "it is out of memory"
	case isReply(err) && strings.Contains(err.Error(), "unknown command"):
		return "it does not know a command; Redis 6.2 or newer is needed"
	case isReply(err):
		return "it answers " + code(err)
	case errors.Is(err, redis.ErrClosed):
		return "the client is closed"
	case untrusted:
		return "its TLS certificate is not trusted"
	case alert, plain, strings.Contains(err.Error(), "tls: "):
		return "the TLS handshake fails"
	case unnamed:
		return "its name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, redis.ErrPoolTimeout), isNetwork && network.Timeout():
		return "no answer in time"
	}
	return "the connection fails"
}

// isReply reports whether the error is the server's answer.
func isReply(err error) bool {
	_, reply := errors.AsType[redis.Error](err)
	return reply
}

// refused reports whether the server does not take the credentials, or wants some. It says
// "ERR AUTH <password> called without any password configured" where it wants none.
func refused(err error) bool {
	return redis.IsAuthError(err) || (isReply(err) && strings.Contains(err.Error(), "ERR AUTH "))
}

// outOfMemory reports whether the server has no room. Before Redis 7 it said so of a script in
// the middle of a longer text.
func outOfMemory(err error) bool {
	return redis.IsOOMError(err) || (isReply(err) && strings.Contains(err.Error(), "OOM command not allowed"))
}

// code is the first word of the server's answer, such as LOADING, and nothing else: what
// follows may be what it was sent.
func code(err error) string {
	reply, _ := errors.AsType[redis.Error](err)
	word, _, _ := strings.Cut(reply.Error(), " ")
	if strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "an error"
	}
	return word
}
