package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"gofiber-auth/domain/services"
)

// What mail servers answer names addresses, so of their answers only the codes are kept.

// withoutReply is an error from before the mail was named.
func withoutReply(err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Errorf("it answers with %d", reply.Code)
	}
	return err
}

const (
	serviceAway = 421 // RFC 5321: the server is about to close the connection
	permanent   = 500 // and above
)

// failure says why a mail was not taken, once the mail server had been reached.
func failure(ctx context.Context, err error) error {
	sending, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return errors.New("the mail could not be sent")
	}
	code, step := sending.ErrorCode(), sending.Reason.String()
	switch {
	case code == 0 && ctx.Err() != nil:
		return fmt.Errorf("%s: %w", step, ctx.Err())
	case code == 0:
		return fmt.Errorf("%s: the connection failed", step)
	case code == serviceAway, sending.Reason == gomail.ErrSMTPMailFrom: // the sender is the same in all mails
		return fmt.Errorf("%w: %s: it answers with %s", services.ErrMailServer, step, codes(sending))
	case code >= permanent:
		return fmt.Errorf("%w: %s: the mail server answers with %s", services.ErrMailRefused, step, codes(sending))
	default:
		return fmt.Errorf("%s: the mail server answers with %s", step, codes(sending))
	}
}

func codes(e *gomail.SendError) string {
	if enhanced := e.EnhancedStatusCode(); enhanced != "" {
		return fmt.Sprintf("%d %s", e.ErrorCode(), enhanced)
	}
	return fmt.Sprint(e.ErrorCode())
}
