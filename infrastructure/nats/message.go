package nats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/domain/models"
)

// The headers of an event; together with payload they are a promise to other services.
const (
	headerMsgID     = jetstream.MsgIDHeader // by which the stream drops repeats
	headerVersion   = "User-Version"
	headerSchema    = "Event-Schema"
	headerTime      = "Event-Time"
	headerRequestID = "X-Request-ID"

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

// message is e as other services see it.
func message(subject string, e models.OutboxEvent) (*natsgo.Msg, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(payload{ID: e.UserID, Email: e.Email, Username: e.Username, Action: e.Action}); err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	m := &natsgo.Msg{
		Subject: subject + "." + string(e.Action),
		Data:    bytes.TrimSuffix(body.Bytes(), []byte("\n")),
		// Written as they stand: Set would spell X-Request-ID in another way.
		Header: natsgo.Header{
			headerMsgID:   {e.ID},
			headerVersion: {strconv.FormatInt(e.Version, 10)},
			headerSchema:  {schema},
			headerTime:    {e.OccurredAt.UTC().Format(timeFormat)},
		},
	}
	if e.RequestID != "" {
		m.Header[headerRequestID] = []string{e.RequestID}
	}
	return m, nil
}
