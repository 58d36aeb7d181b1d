package handlers

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
)

const largestSnapshotPage = 1000

// Internal answers /internal: what other services of the system ask for.
type Internal struct {
	Service services.Snapshots
	Cursors Cursors
}

// Users answers GET /internal/users. The stream's sequence is found once, before the first
// page, and goes with the cursor.
func (h Internal) Users(c *fiber.Ctx) error {
	ctx := c.UserContext()
	limit, limitErr := pageLimit(c.Query("limit"), largestSnapshotPage)
	place, cursorErr := h.Cursors.Open(c.Query("cursor"))
	if err := joinFields(limitErr, cursorErr); err != nil {
		return err
	}
	var (
		page  dto.SnapshotPage
		after string
		err   error
	)
	if place == "" {
		page.StreamSequence, err = h.Service.Begin(ctx)
	} else {
		page.StreamSequence, after, err = openPlace(place)
	}
	if err != nil {
		return err
	}
	users, more, err := h.Service.Users(ctx, after, limit)
	if err != nil {
		return err
	}
	page.Users = make([]dto.SnapshotUser, len(users))
	for i, u := range users {
		page.Users[i] = dto.NewSnapshotUser(u)
	}
	if more {
		page.NextCursor = h.Cursors.Seal(sealPlace(page.StreamSequence, users[len(users)-1].ID))
	}
	return c.JSON(page)
}

// sealPlace and openPlace are what a cursor of a snapshot holds.
func sealPlace(sequence uint64, after string) string {
	return strconv.FormatUint(sequence, 10) + " " + after
}

func openPlace(place string) (sequence uint64, after string, err error) {
	number, after, _ := strings.Cut(place, " ")
	sequence, err = strconv.ParseUint(number, 10, 64)
	return sequence, after, err
}
