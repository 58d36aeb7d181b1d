package nats

import (
	natsgo "github.com/nats-io/nats.go"

	"gofiber-auth/domain/models"
	"gofiber-auth/infrastructure/envelope"
)

const headerMsgID = envelope.HeaderMsgID // by which the stream drops repeats

// message is e as other services see it.
func message(subject string, e models.OutboxEvent) (*natsgo.Msg, error) {
	body, header, err := envelope.Event(e)
	if err != nil {
		return nil, err
	}
	return &natsgo.Msg{Subject: subject + "." + string(e.Action), Data: body, Header: header}, nil
}
