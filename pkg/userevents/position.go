package userevents

import (
	"errors"
	"fmt"
	"time"
)

// Position is a place in a stream, behind one of its events. The zero Position is none.
type Position struct {
	Stream   time.Time // when the stream was made: one that was lost and made anew is another
	Sequence uint64    // of the event
	Time     time.Time // when the stream got the event; zero where nobody knows
}

// Gap is what the Bootstrap of a Consumer has to fill: events are missing between what a copy
// holds and what comes from now on.
type Gap struct {
	Was   Position // what Consumer.Position returned; zero at the first start
	Begin Position // the oldest event that still comes is the one behind this
	End   Position // the end of the stream before Bootstrap was called

	// Why there is a gap, for people.
	Why string
}

// ErrMissed says that events are gone which a durable, or a copy, had not come to.
var ErrMissed = errors.New("events were missed")

// ErrGap is what Handle returns for an event before which others are missing: it does not
// follow the one that the copy is behind. Run then calls Bootstrap, and the event comes again.
var ErrGap = errors.New("events are missing before this one")

// gap returns what is missing for a copy that is at was, or nil. The event in the stream at
// that place is known if it is still there and was looked at.
func (s streamNow) gap(was Position) *Gap {
	g := Gap{Was: was, Begin: s.at(s.first - 1), End: s.at(s.last)}
	g.End.Time = s.lastTime
	switch {
	case was.Stream.IsZero():
		g.Why = "nothing is known yet"
	case !was.Stream.Equal(s.created):
		g.Why = "the stream was made anew"
	case was.Sequence > s.last:
		g.Why = fmt.Sprintf("the stream ends with event %d, and had %d", s.last, was.Sequence)
	case was.Sequence < g.Begin.Sequence:
		g.Why = fmt.Sprintf("events %d to %d are gone", was.Sequence+1, g.Begin.Sequence)
	case !was.Time.IsZero() && !s.known.IsZero() && !was.Time.Equal(s.known):
		g.Why = fmt.Sprintf("the stream lost event %d and has another in its place", was.Sequence)
	default:
		return nil
	}
	return &g
}

// streamNow is a stream as it is.
type streamNow struct {
	created  time.Time
	first    uint64 // that still comes, at least 1
	last     uint64
	lastTime time.Time
	known    time.Time // of the event at the place of a copy
}

func (s streamNow) at(sequence uint64) Position {
	return Position{Stream: s.created, Sequence: sequence}
}
