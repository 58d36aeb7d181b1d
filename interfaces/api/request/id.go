// Package request tells what is known about the request that a fiber.Ctx carries: its id, its
// route and its JSON body.
package request

import (
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"gofiber-auth/pkg/contextutil"
)

// HeaderID is where clients name their requests and where every response repeats the name.
const HeaderID = "X-Request-Id"

const maxIDLength = 128

// ID returns the id of the request. The first call decides it, the client's own where that is
// 1 to 128 of [A-Za-z0-9._-] and a new UUID otherwise, and leaves it in c.UserContext() and in
// the response.
func ID(c *fiber.Ctx) string {
	ctx := c.UserContext()
	if id := contextutil.RequestID(ctx); id != "" {
		return id
	}
	var id string
	if given := c.Request().Header.Peek(HeaderID); isID(given) {
		id = string(given) // a copy: the header's memory belongs to the next request
	} else {
		id = uuid.NewString()
	}
	c.SetUserContext(contextutil.WithRequestID(ctx, id))
	c.Response().Header.Set(HeaderID, id)
	return id
}

func isID(b []byte) bool {
	if len(b) == 0 || len(b) > maxIDLength {
		return false
	}
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
