package request

import (
	"sync"

	"github.com/gofiber/fiber/v2"
)

// Unmatched stands for the route of a request that reached none: an unknown address, another
// method, or an answer of the middleware alone.
const Unmatched = "unmatched"

// Templates names routes for logs and metrics. Use one for one app, and only once all its
// routes are registered.
type Templates struct {
	once   sync.Once
	routes map[*fiber.Handler]struct{}
}

// Of returns the template of the route that c has reached, such as "/api/v1/users/:id", or
// Unmatched. It never returns anything of the request's own path, which may hold secrets and
// has no bounds.
func (t *Templates) Of(c *fiber.Ctx) string {
	t.once.Do(func() { t.learn(c.App()) })
	route := c.Route()
	if len(route.Handlers) == 0 {
		return Unmatched // the request failed before it was routed; this Route holds its raw path
	}
	if _, ok := t.routes[&route.Handlers[0]]; !ok {
		return Unmatched
	}
	return route.Path
}

// learn remembers every route that is not middleware. After a request that matched nothing
// c.Route() is the last middleware, with a path such as "/" that a route may have too, and
// nothing public tells the two apart but the place of their handlers.
func (t *Templates) learn(app *fiber.App) {
	t.routes = make(map[*fiber.Handler]struct{})
	for _, route := range app.GetRoutes(true) {
		if len(route.Handlers) > 0 {
			t.routes[&route.Handlers[0]] = struct{}{}
		}
	}
}
