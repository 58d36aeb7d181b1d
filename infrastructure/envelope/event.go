// Package envelope hides how an event is written for other services: the same bytes and headers on
// the bus and by HTTP. Both are a promise to them.
package envelope

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"gofiber-auth/domain/models"
)

// The headers of an event, spelled as they are sent. Set of the library of either transport
// would spell X-Request-ID in another way, so a map is filled instead.
const (
	HeaderMsgID     = "Nats-Msg-Id" // by which a stream drops repeats
	HeaderVersion   = "User-Version"
	HeaderSchema    = "Event-Schema"
	HeaderTime      = "Event-Time"
	HeaderRequestID = "X-Request-ID"
)

const (
	schema     = "2"
	timeFormat = "2006-01-02T15:04:05.000000Z07:00" // RFC 3339, always with its fractions
)

// payload is the whole body of an event, in this order.
type payload struct {
	ID       string        `json:"id"`
	Email    string        `json:"email"`
	Username string        `json:"username"`
	Action   models.Action `json:"action"`
}

// Event returns the body and the headers of e. The caller may change both.
func Event(e models.OutboxEvent) (body []byte, header map[string][]string, err error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(payload{ID: e.UserID, Email: e.Email, Username: e.Username, Action: e.Action}); err != nil {
		return nil, nil, fmt.Errorf("encode event: %w", err)
	}
	header = map[string][]string{
		HeaderMsgID:   {e.ID},
		HeaderVersion: {strconv.FormatInt(e.Version, 10)},
		HeaderSchema:  {schema},
		HeaderTime:    {e.OccurredAt.UTC().Format(timeFormat)},
	}
	if e.RequestID != "" {
		header[HeaderRequestID] = []string{e.RequestID}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), header, nil
}
