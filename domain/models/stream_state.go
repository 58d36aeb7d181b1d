package models

import "time"

// StreamState is what the event stream holds at one moment.
type StreamState struct {
	ID      int64         // when the stream was made, in ns since 1970: another of the same name has another
	First   uint64        // the sequence of the oldest message; above Last where there is none
	Last    uint64        // the highest sequence that was ever stored; 0 where none was
	Deleted []uint64      // the sequences in between whose messages are gone
	MaxAge  time.Duration // after which messages go; 0 is never

	// Look tells what was known of the bus when it was asked; see services.EventPublisher.
	Look int64

	// AgesOnly says that nothing but age and an operator removes messages. Else a message that
	// is gone may be gone by rights.
	AgesOnly bool
}
