package nats

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// A stream remembers the ids of its messages for the duplicate window, those of purged and
// deleted messages too (https://github.com/nats-io/nats-server/issues/6782). So it may
// acknowledge as a repeat an event that it no longer has.

// replace publishes such events again, under an id that the stream cannot know yet. It goes by
// the state that the caller has seen: what has gone since, the next look will find.
func (p *Publisher) replace(ctx context.Context, state models.StreamState, sent []pending) {
	for len(sent) > 0 {
		var again []pending
		for _, s := range sent {
			if s.result.Err != nil || !s.duplicate || !isGone(s.result.StreamSequence, state) {
				continue
			}
			retry, err := p.send(ctx, s.event, replacementID(s.event.ID, s.result.StreamSequence))
			*s.result = services.PublishResult{Err: err}
			if err == nil {
				retry.result = s.result
				again = append(again, retry)
			}
		}
		p.awaitAll(ctx, again)
		sent = again
	}
}

// isGone reports whether the stream had a message of the sequence and has lost it.
func isGone(sequence uint64, state models.StreamState) bool {
	_, deleted := slices.BinarySearch(state.Deleted, sequence)
	return sequence < state.First || deleted
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
