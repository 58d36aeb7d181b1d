package userevents

import "github.com/nats-io/nats.go/jetstream"

// Start is where in the stream a durable consumer begins when it is first made. The zero
// Start is All. A durable that exists goes on where it stopped.
type Start struct {
	onlyNew bool
	after   uint64
}

// The ends of the stream.
var (
	All = Start{}              // from the oldest event that the stream still has
	New = Start{onlyNew: true} // only what is published from now on
)

// After begins behind the event of a sequence: behind the streamSequence of a snapshot, say,
// with which the auth service's list of users begins. In a stream that never reached that
// sequence, and so is a younger one, it is All.
func After(sequence uint64) Start { return Start{after: sequence} }

// position returns the Start as the server takes it, for a stream in the given state, and
// the sequence that it is behind.
func (s Start) position(state jetstream.StreamState) (policy jetstream.DeliverPolicy, first, behind uint64) {
	switch {
	case s.onlyNew:
		return jetstream.DeliverNewPolicy, 0, state.LastSeq
	case s.after == 0 || s.after > state.LastSeq:
		return jetstream.DeliverAllPolicy, 0, 0
	default:
		return jetstream.DeliverByStartSequencePolicy, s.after + 1, s.after
	}
}
