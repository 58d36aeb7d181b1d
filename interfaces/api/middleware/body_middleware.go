package middleware

import (
	"bytes"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
	"gofiber-auth/interfaces/api/request"
)

// JSONBody lets pass what has no body or a body of application/json in UTF-8. Another media
// type or a content coding is 415, more than request.MaxBody bytes 413, and bytes that are not
// UTF-8 domain.ErrInvalidJSON.
func JSONBody() fiber.Handler {
	return func(c *fiber.Ctx) error {
		body := c.Request().Body()
		switch {
		case len(body) == 0:
			return c.Next()
		case len(body) > request.MaxBody: // the server has seen to that, unless it is another one
			return fiber.ErrRequestEntityTooLarge
		case !isJSON(c.Request().Header.ContentType()), isCoded(c.Request().Header.ContentEncoding()):
			return fiber.ErrUnsupportedMediaType
		case !utf8.Valid(body):
			return domain.ErrInvalidJSON
		}
		return c.Next()
	}
}

// isJSON reports whether the media type is application/json, whatever its parameters.
func isJSON(contentType []byte) bool {
	mediaType, _, _ := bytes.Cut(contentType, []byte(";"))
	return bytes.EqualFold(bytes.TrimSpace(mediaType), []byte(fiber.MIMEApplicationJSON))
}

func isCoded(contentEncoding []byte) bool {
	return len(contentEncoding) > 0 && !bytes.EqualFold(contentEncoding, []byte("identity"))
}
