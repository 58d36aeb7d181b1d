package server

import (
	"errors"
	"net"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"gofiber-auth/interfaces/api/request"
)

// methodOther stands for every method that no route has, TRACE and CONNECT included, so that
// "FOO /users/me" is answered by the router: 405 with Allow, or 404. Fiber by itself answers
// methods that it does not know in plain text, past all middleware.
const methodOther = "OTHER"

// methods is fiber.Config.RequestMethods.
var methods = []string{
	fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch,
	fiber.MethodDelete, fiber.MethodOptions, methodOther,
}

// edge stands between fasthttp and the app: what fasthttp refuses takes the same way through
// the middleware as every other request, so it has a request id, a log line, CORS headers and
// the same kind of body.
type edge struct {
	app fasthttp.RequestHandler
}

// serve is fasthttp's Handler.
func (e edge) serve(ctx *fasthttp.RequestCtx) {
	if !slices.Contains(methods, string(ctx.Method())) {
		ctx.Request.Header.SetMethod(methodOther)
	}
	e.app(ctx)
}

// refuse is fasthttp's ErrorHandler: the request could not be read to its end. fasthttp sends
// the response and closes the connection.
func (e edge) refuse(ctx *fasthttp.RequestCtx, err error) {
	ctx.SetUserValue(refusalKey{}, refusal(err))
	e.serve(ctx)
	ctx.Response.SkipBody = ctx.IsHead()
	lingerAfter(ctx.Conn())
}

// expect is fasthttp's ExpectHandler. A client that asks before it sends too large a body is
// told so at once.
func (e edge) expect(ctx *fasthttp.RequestCtx) int {
	if ctx.Request.Header.ContentLength() <= request.MaxBody {
		return fasthttp.StatusContinue
	}
	e.refuse(ctx, fasthttp.ErrBodyTooLarge)
	return ctx.Response.StatusCode()
}

type refusalKey struct{}

// refused ends the way of a request that fasthttp could not read, or read too much of.
func refused(c *fiber.Ctx) error {
	if err, ok := c.Locals(refusalKey{}).(error); ok {
		return err
	}
	if len(c.Request().Body()) > request.MaxBody { // see maxChunked
		return fiber.ErrRequestEntityTooLarge
	}
	return c.Next()
}

// refusal says what err, of fasthttp's reading, is in HTTP. The text of err quotes the request,
// so it ends here.
func refusal(err error) *fiber.Error {
	var timeout net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fiber.ErrRequestEntityTooLarge
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		return fiber.ErrRequestHeaderFieldsTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		return fiber.ErrRequestTimeout
	default:
		return fiber.ErrBadRequest
	}
}
