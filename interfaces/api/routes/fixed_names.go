package routes

import (
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
)

// fixedNamesWin stands before the handler of a route with a parameter where other methods have
// fixed names in the parameter's place: GET /auth/register is no provider of that name but a
// wrong method, which the router by itself cannot see.
func fixedNamesWin() fiber.Handler {
	var (
		once  sync.Once
		fixed map[string][]string // path to methods
	)
	return func(c *fiber.Ctx) error {
		once.Do(func() {
			fixed = map[string][]string{}
			for _, r := range c.App().GetRoutes(true) {
				if !strings.ContainsAny(r.Path, ":*+") && !slices.Contains(fixed[r.Path], r.Method) {
					fixed[r.Path] = append(fixed[r.Path], r.Method)
				}
			}
		})
		if methods, ok := fixed[c.Path()]; ok {
			c.Set(fiber.HeaderAllow, strings.Join(methods, ", "))
			return fiber.ErrMethodNotAllowed
		}
		return c.Next()
	}
}
