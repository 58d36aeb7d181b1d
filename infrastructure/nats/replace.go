package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
)

// A stream remembers the ids of its messages for the duplicate window, those of purged and
// deleted messages too (https://github.com/nats-io/nats-server/issues/6782). So it may
// acknowledge as a repeat an event that it no longer has.

// replace publishes such events again, under an id that the stream cannot know yet.
func (p *Publisher) replace(ctx context.Context, sent []pending) {
	for begin := sent; len(begin) > 0 && ctx.Err() == nil; {
		var again []pending
		for _, s := range begin {
			if s.result.Err != nil || !s.duplicate {
				continue
			}
			held, err := p.holds(ctx, s.result.StreamSequence, s.event.ID)
			if err == nil && held {
				continue
			}
			var retry pending
			if err == nil {
				retry, err = p.send(ctx, s.event, replacementID(s.event.ID, s.result.StreamSequence))
			}
			*s.result = services.PublishResult{Err: err}
			if err == nil {
				retry.result = s.result
				again = append(again, retry)
			}
		}
		p.awaitAll(ctx, again)
		begin = again
	}
}

// holds reports whether the stream has the message of that id at the sequence.
func (p *Publisher) holds(ctx context.Context, sequence uint64, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Connection.ackTimeout)
	defer cancel()
	stream := p.stream.handle.Load().(streamHandle) // something was published, so it has been found
	m, err := stream.GetMsg(ctx, sequence)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return false, nil
	case err != nil:
		return false, domain.ErrUnavailable.Because(fmt.Errorf("look for a repeat: %w", err))
	}
	return m.Header.Get(headerMsgID) == id, nil
}

// replacementID returns the Nats-Msg-Id under which an event takes the place of the message
// that the stream lost: the same at every try, and another one if it is lost again.
func replacementID(id string, lost uint64) string {
	namespace, err := uuid.Parse(id)
	if err != nil {
		namespace = uuid.Nil
	}
	return uuid.NewSHA1(namespace, []byte(id+"/"+strconv.FormatUint(lost, 10))).String()
}
