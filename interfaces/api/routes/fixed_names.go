package routes

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// fixedNames lets names win over the parameter that stands in their place in a route of another
// method: GET /auth/register is no provider of that name but a wrong method, which the router by
// itself cannot see. Use one for one app.
type fixedNames struct {
	once    sync.Once
	methods map[string][]string // by path
}

// of returns the methods of the fixed path that c asks for, or none.
func (f *fixedNames) of(c *fiber.Ctx) []string {
	f.once.Do(func() {
		f.methods = map[string][]string{}
		for _, r := range c.App().GetRoutes(true) {
			if !strings.ContainsAny(r.Path, ":*+") && !slices.Contains(f.methods[r.Path], r.Method) {
				f.methods[r.Path] = append(f.methods[r.Path], r.Method)
			}
		}
	})
	return f.methods[c.Path()]
}

// win stands before the handler of the route with the parameter.
func (f *fixedNames) win(c *fiber.Ctx) error {
	if len(f.of(c)) > 0 {
		return fiber.ErrMethodNotAllowed
	}
	return c.Next()
}

// allow stands before all of them: the router lists the methods of every route that the path
// fits, and the parameter fits any.
func (f *fixedNames) allow(c *fiber.Ctx) error {
	err := c.Next()
	var refusal *fiber.Error
	if errors.As(err, &refusal) && refusal.Code == fiber.StatusMethodNotAllowed {
		if methods := f.of(c); len(methods) > 0 {
			c.Set(fiber.HeaderAllow, strings.Join(methods, ", "))
		}
	}
	return err
}
