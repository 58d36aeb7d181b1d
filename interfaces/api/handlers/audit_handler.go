package handlers

import (
	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
)

// Audit answers /audit and /users/me/audit: who did what to which account.
type Audit struct {
	Service    services.AuditLog
	Cursors    Cursors // of everybody's entries
	OwnCursors Cursors
}

// All answers GET /audit.
func (h Audit) All(c *fiber.Ctx) error {
	return answerEntries(c, h.Cursors, dto.AuditQuery{UserID: c.Query("userId"), Action: c.Query("action")},
		func(q dto.AuditQuery) ([]models.AuditEntry, bool, error) { return h.Service.Audit(c.UserContext(), q) })
}

// Own answers GET /users/me/audit.
func (h Audit) Own(c *fiber.Ctx) error {
	return answerEntries(c, h.OwnCursors, dto.AuditQuery{}, func(q dto.AuditQuery) ([]models.AuditEntry, bool, error) {
		return h.Service.OwnAudit(c.UserContext(), middleware.Principal(c), q)
	})
}

// answerEntries answers with the page that the query asks for.
func answerEntries(c *fiber.Ctx, cursors Cursors, q dto.AuditQuery, read func(dto.AuditQuery) ([]models.AuditEntry, bool, error)) error {
	limit, limitErr := pageLimit(c.Query("limit"), largestPage)
	before, cursorErr := cursors.Open(c.Query("cursor"))
	if err := joinFields(limitErr, cursorErr); err != nil {
		return err
	}
	q.Limit, q.Before = limit, before
	entries, more, err := read(q)
	if err != nil {
		return err
	}
	page := dto.AuditPage{Entries: dto.NewAuditEntries(entries)}
	if more {
		page.NextCursor = cursors.Seal(entries[len(entries)-1].ID)
	}
	return c.JSON(page)
}

// Export answers GET /users/me/export.
type Export struct {
	Service services.Exporter
}

// Download sends what is held about the bearer, for a browser to save.
func (h Export) Download(c *fiber.Ctx) error {
	export, err := h.Service.Export(c.UserContext(), middleware.Principal(c))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="account-`+export.ExportedAt.Format("2006-01-02")+`.json"`)
	return c.JSON(export)
}
