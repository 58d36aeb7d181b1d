package userevents

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Action is what happened to a user's identity.
type Action string

// The actions. Treat created and updated alike, as "this is the user now": an event that is
// published again long after may come as the one or the other.
const (
	Created Action = "created"
	Updated Action = "updated"
	Deleted Action = "deleted"
)

// Event is one change of a user's identity.
type Event struct {
	ID        string // of the event, the same whenever it is delivered again
	UserID    string
	Email     string // as of this event; the last ones in a deleted
	Username  string
	Action    Action
	Version   int64     // of the user: 1 for created, one more at each later event, no gaps
	Time      time.Time // when the change was made
	RequestID string    // of the request that caused it; may be empty

	// StreamSequence is the event's place in the stream, where it came from one. Position
	// says which stream as well: it is what a copy that holds the event is behind.
	StreamSequence uint64
	Position       Position
}

// ErrMalformed says that a message is no event. ErrSchema says that it is one of a later
// schema, which a later version of this package reads.
var (
	ErrMalformed = errors.New("not a user event")
	ErrSchema    = errors.New("a user event of another schema")
)

const schema = "2"

// Decode reads an event from its headers and its body: those of a NATS message, or of the
// HTTP request that carries the same. It returns ErrMalformed or ErrSchema; neither says
// what stood in the message.
func Decode(header map[string][]string, body []byte) (Event, error) {
	h := headers(header)
	switch h.get("Event-Schema") {
	case schema:
	case "":
		return Event{}, malformed("Event-Schema is missing")
	default:
		return Event{}, fmt.Errorf("%w than %s", ErrSchema, schema)
	}
	var p struct {
		ID       string `json:"id"`
		Email    string `json:"email"`
		Username string `json:"username"`
		Action   Action `json:"action"`
	}
	if json.Unmarshal(body, &p) != nil {
		return Event{}, malformed("the body is not the JSON of one")
	}
	e := Event{
		ID: h.get("Nats-Msg-Id"), UserID: p.ID, Email: p.Email, Username: p.Username, Action: p.Action,
		RequestID: h.get("X-Request-ID"),
	}
	var err error
	if e.Version, err = strconv.ParseInt(h.get("User-Version"), 10, 64); err != nil || e.Version < 1 {
		return Event{}, malformed("User-Version is not a version")
	}
	if e.Time, err = time.Parse(time.RFC3339, h.get("Event-Time")); err != nil {
		return Event{}, malformed("Event-Time is not a time")
	}
	switch {
	case e.ID == "":
		return Event{}, malformed("Nats-Msg-Id is missing")
	case e.UserID == "" || e.Email == "" || e.Username == "":
		return Event{}, malformed("id, email or username is missing")
	case e.Action != Created && e.Action != Updated && e.Action != Deleted:
		return Event{}, malformed("the action is unknown")
	}
	return e, nil
}

func malformed(why string) error { return fmt.Errorf("%w: %s", ErrMalformed, why) }

// headers finds a header in any spelling: HTTP spells X-Request-ID in its own way.
type headers map[string][]string

func (h headers) get(name string) string {
	if v, ok := h[name]; ok && len(v) > 0 {
		return v[0]
	}
	for key, v := range h {
		if strings.EqualFold(key, name) && len(v) > 0 {
			return v[0]
		}
	}
	return ""
}
