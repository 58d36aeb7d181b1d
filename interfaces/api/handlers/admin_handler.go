package handlers

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/services"
	"gofiber-auth/interfaces/api/middleware"
	"gofiber-auth/interfaces/api/request"
)

const (
	defaultPage = 20
	largestPage = 100
)

// Admin answers /users: what admins do with everybody's accounts.
type Admin struct {
	Service services.Administration
	Cursors Cursors
}

// List answers GET /users.
func (h Admin) List(c *fiber.Ctx) error {
	limit, limitErr := pageLimit(c.Query("limit"), largestPage)
	after, cursorErr := h.Cursors.Open(c.Query("cursor"))
	if err := joinFields(limitErr, cursorErr); err != nil {
		return err
	}
	users, more, err := h.Service.List(c.UserContext(), c.Query("q"), after, limit)
	if err != nil {
		return err
	}
	page := dto.UserPage{Users: make([]dto.User, len(users))}
	for i, u := range users {
		page.Users[i] = dto.NewUser(u)
	}
	if more {
		page.NextCursor = h.Cursors.Seal(users[len(users)-1].ID)
	}
	return c.JSON(page)
}

// Create answers POST /users.
func (h Admin) Create(c *fiber.Ctx) error {
	var in dto.CreateUserRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	user, err := h.Service.Create(c.UserContext(), in)
	if err != nil {
		return err
	}
	c.Location(c.Path() + "/" + user.ID)
	return c.Status(fiber.StatusCreated).JSON(dto.NewUser(user))
}

// User answers GET /users/{id}.
func (h Admin) User(c *fiber.Ctx) error {
	user, err := h.Service.User(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return c.JSON(dto.NewUser(user))
}

// Update answers PATCH /users/{id}.
func (h Admin) Update(c *fiber.Ctx) error {
	var in dto.AdminUpdateUserRequest
	if err := request.Decode(c, &in, true); err != nil {
		return err
	}
	user, err := h.Service.UpdateUser(c.UserContext(), middleware.Principal(c), c.Params("id"), in)
	if err != nil {
		return err
	}
	return c.JSON(dto.NewUser(user))
}

// Delete answers DELETE /users/{id}. A body is needed for the own account alone.
func (h Admin) Delete(c *fiber.Ctx) error {
	var in dto.DeleteUserRequest
	if err := request.Decode(c, &in, false); err != nil {
		return err
	}
	if err := h.Service.DeleteUser(c.UserContext(), middleware.Principal(c), c.Params("id"), in); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// pageLimit reads a limit; none is the default.
func pageLimit(s string, largest int) (int, *domain.FieldError) {
	if s == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > largest {
		return 0, &domain.FieldError{Field: "limit", Code: "range", Message: "must be a whole number from 1 to " + strconv.Itoa(largest)}
	}
	return n, nil
}

// joinFields returns a domain.ErrValidation of the faults that are there, or nil.
func joinFields(found ...*domain.FieldError) error {
	var fields []domain.FieldError
	for _, f := range found {
		if f != nil {
			fields = append(fields, *f)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return domain.InvalidFields(fields...)
}
