package openapitest

import (
	"errors"
	"net/mail"
	"net/url"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// formats is how the formats of the document are checked; the library leaves most of them be.
var formats = map[string]openapi3.StringFormatValidator{
	"uuid":          openapi3.NewCallbackValidator(checkUUID),
	"email":         openapi3.NewCallbackValidator(checkEmail),
	"date-time":     openapi3.NewCallbackValidator(checkTime),
	"uri":           openapi3.NewCallbackValidator(checkURI),
	"uri-reference": openapi3.NewCallbackValidator(checkReference),
	"password":      openapi3.NewCallbackValidator(func(string) error { return nil }), // only says how to show it
}

func checkUUID(s string) error {
	id, err := uuid.Parse(s)
	if err == nil && id.String() != s {
		return errors.New("a UUID is written in lower case with dashes")
	}
	return err
}

func checkEmail(s string) error {
	a, err := mail.ParseAddress(s)
	if err == nil && a.Address != s {
		return errors.New("there is more than an e-mail address")
	}
	return err
}

func checkTime(s string) error {
	_, err := time.Parse(time.RFC3339Nano, s)
	return err
}

func checkURI(s string) error {
	u, err := url.Parse(s)
	if err == nil && !u.IsAbs() {
		return errors.New("a URI has a scheme")
	}
	return err
}

func checkReference(s string) error {
	_, err := url.Parse(s)
	return err
}
