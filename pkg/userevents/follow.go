package userevents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// follow is for who keeps a position: that is the truth, and the durable is led to it. What
// the bus remembers will not do, since a purge moves that forward as if the events had been
// dealt with, and a database that was restored from a backup does not move it back.
func (r *run) follow(ctx context.Context, durable jetstream.Consumer) (jetstream.Consumer, error) {
	at, err := r.resume(ctx)
	if err != nil {
		return nil, err
	}
	r.place = at
	if durable != nil {
		floor := durable.CachedInfo().AckFloor.Stream
		if floor <= at.Sequence {
			return r.adopt(ctx, durable)
		}
		r.Report(fmt.Errorf("durable %s is behind event %d and the copy behind %d only: it is made anew", r.Durable, floor, at.Sequence))
		if err := r.js.DeleteConsumer(ctx, r.Stream, r.Durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return nil, err
		}
	}
	durable, _, err = r.create(ctx, After(at.Sequence), r.stream.CachedInfo().State)
	if err != nil {
		return nil, err
	}
	// A stream that was made anew meanwhile has the durable at a place of the one before.
	info, err := r.stream.Info(ctx)
	if err == nil && !info.Created.Equal(at.Stream) {
		err = errors.New("the stream was made anew")
	}
	return durable, err
}

// resume returns the position of the copy, after a Bootstrap if events are missing.
func (r *run) resume(ctx context.Context) (Position, error) {
	was, gap, err := r.compare(ctx)
	if err != nil || gap == nil {
		return was, err
	}
	if !was.Stream.IsZero() && gap.Why != r.missed {
		r.Report(fmt.Errorf("%w: %s", ErrMissed, gap.Why))
	}
	r.missed = gap.Why
	sleep(ctx, time.Until(r.bootstrapped.Add(bootstrapPause)))
	err = r.Bootstrap(ctx, *gap)
	r.bootstrapped = time.Now()
	if err != nil {
		return Position{}, fmt.Errorf("%w: %w", ErrBootstrap, err)
	}
	r.missed, r.ahead = "", Position{}
	// Another instance may have been first, or the stream may have moved on.
	was, gap, err = r.compare(ctx)
	if err == nil && gap != nil {
		err = fmt.Errorf("%w: after it %s", ErrBootstrap, gap.Why)
	}
	return was, err
}

// bootstrapPause is for what keeps making gaps, so that it does not keep the auth service
// busy as well.
const bootstrapPause = time.Second

// compare returns the position of the copy, and what is missing behind it. The stream is
// asked last: other instances move the position meanwhile, and it must not look ahead of it.
func (r *run) compare(ctx context.Context) (Position, *Gap, error) {
	was, err := r.Position(ctx)
	if err != nil {
		return Position{}, nil, fmt.Errorf("position: %w", err)
	}
	info, err := r.stream.Info(ctx)
	if err != nil {
		return Position{}, nil, err
	}
	now := streamNow{created: info.Created, first: max(info.State.FirstSeq, 1), last: info.State.LastSeq, lastTime: info.State.LastTime}
	if r.ahead.Stream.Equal(now.created) && r.ahead.Sequence <= now.last {
		now.first = max(now.first, r.ahead.Sequence)
	}
	if was.Stream.Equal(now.created) && !was.Time.IsZero() && was.Sequence <= now.last {
		m, err := r.stream.GetMsg(ctx, was.Sequence)
		switch {
		case err == nil:
			now.known = m.Time
		case !errors.Is(err, jetstream.ErrMsgNotFound): // aged out: nothing to compare with
			return Position{}, nil, err
		}
	}
	return was, now.gap(was), nil
}
