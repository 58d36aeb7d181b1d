// Package middleware is what every request passes on its way to a handler.
package middleware

import "github.com/gofiber/fiber/v2"

// answer turns err into the response, so that who counts and logs responses sees the one that
// the client will get. Further out there is no error left.
func answer(c *fiber.Ctx, err error) error {
	if err == nil {
		return nil
	}
	return c.App().ErrorHandler(c, err)
}

// method returns a name that is constant memory and one of a closed set, whatever the client
// called its method.
func method(c *fiber.Ctx) string {
	switch c.Method() {
	case fiber.MethodGet:
		return fiber.MethodGet
	case fiber.MethodHead:
		return fiber.MethodHead
	case fiber.MethodPost:
		return fiber.MethodPost
	case fiber.MethodPut:
		return fiber.MethodPut
	case fiber.MethodPatch:
		return fiber.MethodPatch
	case fiber.MethodDelete:
		return fiber.MethodDelete
	case fiber.MethodOptions:
		return fiber.MethodOptions
	default:
		return "OTHER"
	}
}
