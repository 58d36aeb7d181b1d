// Package chaos is the fault suite: it kills, wipes, stalls and fills what the service stands
// on while clients change users, and then compares what the clients were told, what the table
// holds, what the stream holds and what a subscriber has made of it.
package chaos

import (
	"cmp"
	"time"

	"gofiber-auth/pkg/userevents"
)

// Outcome is what a client knows of its request.
type Outcome int

// The outcomes.
const (
	Unknown      Outcome = iota // the answer was lost, or 5xx: it happened wholly or not at all
	Acknowledged                // 2xx: it happened
	Refused                     // 4xx: it did not
)

// Request is one request of a client.
type Request struct {
	ID      string            // its X-Request-ID; no other has it
	Action  userevents.Action // what it does to a user's identity; empty: nothing
	UserID  string            // empty: not known to the client
	Outcome Outcome

	// What the user is called after it; empty: as before.
	Email, Username string

	Begun, Ended time.Time
}

// Message is one of the stream.
type Message struct {
	userevents.Event

	Subject string
	Stored  time.Time // by the stream
}

// Row is a user of the table.
type Row struct {
	ID, Email, Username string
	Version             int64
}

// Held is what a subscriber holds of a user.
type Held struct {
	Row

	Deleted bool
}

// Removal is that somebody took messages out of the stream while all ran, or put another
// stream in its place.
type Removal struct {
	At   time.Time // when it was begun
	Last uint64    // the stream's last sequence when it was done; 0 where another stream took its place

	Grace time.Duration // until the service had to know; 0: noticed
}

// noticed is how long after a removal the service may still publish what is newer than what
// was removed: until it has looked at the stream again.
const noticed = 5 * time.Second

// early reports whether a message was published before the removal had to be known.
func (r Removal) early(m Message) bool {
	return !m.Stored.Before(r.At) && m.Stored.Before(r.At.Add(cmp.Or(r.Grace, noticed)))
}

// Evidence is all that there is to compare, when everything has come to rest.
type Evidence struct {
	Requests []Request
	Stream   []Message // from its first message to its last
	Table    []Row
	Copy     map[string]Held // by the user's id
	Removals []Removal

	// Jumps are the events that a subscriber got before an older one of the same user.
	Jumps []userevents.Event
}
