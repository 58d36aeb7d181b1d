package serviceimpl

import (
	"context"
	"slices"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// ageMargin is how long before its time a message may go: clocks differ, and an event is
// noted as published a little after the stream has stored it.
const ageMargin = time.Minute

// reconcile compares the outbox with the stream, and puts on the queue again what the stream
// had acknowledged and has lost: its files, all of it, its end, or what an operator removed.
// It returns how many events that are.
func (r *Relay) reconcile(ctx context.Context, stream models.StreamState) (requeued int64, err error) {
	if !r.changed(stream) {
		r.seen = stream
		return 0, nil
	}
	loss := r.loss(stream)
	for {
		n, err := r.Queue.RequeueLost(ctx, r.tenure.lease(), loss, requeueBatch)
		if requeued += n; err != nil {
			return requeued, err
		}
		if n < requeueBatch {
			break
		}
	}
	r.seen = stream
	if requeued > 0 {
		r.Log.WarnContext(ctx, "the stream has lost events that it had acknowledged; they are published again",
			"events", requeued, "first", stream.First, "last", stream.Last)
		r.Reconciled(requeued)
	}
	return requeued, nil
}

// changed reports whether the stream may have lost something since it was last seen. Of its
// end nothing is lost as long as it is as high as the last acknowledgement, or higher.
func (r *Relay) changed(stream models.StreamState) bool {
	return stream.ID != r.seen.ID || stream.First != r.seen.First || stream.Last < r.seen.Last ||
		!slices.Equal(stream.Deleted, r.seen.Deleted)
}

// loss says what the stream has lost. What was looked at before is not looked at again: an
// outbox may hold a week of events that went by their age.
func (r *Relay) loss(stream models.StreamState) repositories.Loss {
	l := repositories.Loss{StreamID: stream.ID, First: stream.First, Last: stream.Last}
	if stream.ID == r.seen.ID {
		l.From = r.seen.First
	}
	if stream.AgesOnly {
		l.Deleted = stream.Deleted
	} else {
		l.First = 0 // it is as it should be that messages go
	}
	if stream.MaxAge > 0 {
		l.Since = r.Now().Add(-stream.MaxAge).Add(min(ageMargin, stream.MaxAge/10))
	}
	return l
}
