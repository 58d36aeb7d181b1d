package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/domain"
)

// MaxBody is the size in bytes of the largest body that is accepted.
const MaxBody = 64 << 10

// Decode reads the JSON body into the struct that into points to. Field names count exactly
// as they are written (encoding/json would take "EMAIL" for "email"), the last of several of one
// name wins, and unknown ones are ignored. No body at all leaves into as it is, unless one is
// required.
//
// It returns domain.ErrInvalidJSON for a body that is no JSON object in UTF-8, and
// domain.ErrValidation with every field that holds another JSON type than it should.
// Nothing in into points into the request, so it may be kept.
func Decode(c *fiber.Ctx, into any, required bool) error {
	body := bytes.TrimLeft(c.Request().Body(), " \t\r\n")
	if len(body) == 0 && !required {
		return nil
	}
	if len(body) == 0 || body[0] != '{' {
		return domain.ErrInvalidJSON
	}
	if !utf8.Valid(body) || hasLoneSurrogate(body) {
		return domain.ErrInvalidJSON.Because(errNotUnicode)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return domain.ErrInvalidJSON.Because(err) // which quotes one character at most
	}
	return decodeMembers(members, reflect.ValueOf(into).Elem())
}

var errNotUnicode = errors.New("not UTF-8, or half a surrogate pair")

func decodeMembers(members map[string]json.RawMessage, into reflect.Value) error {
	var faults []domain.FieldError
	for _, f := range fieldsOf(into.Type()) {
		raw, ok := members[f.name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, into.FieldByIndex(f.index).Addr().Interface()); err != nil {
			faults = append(faults, domain.FieldError{Field: f.name, Code: "type", Message: wanted(err)})
		}
	}
	if len(faults) > 0 {
		return domain.InvalidFields(faults...)
	}
	return nil
}

// wanted says in the client's words what should have stood there.
func wanted(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Type == nil {
		return "has the wrong JSON type"
	}
	switch wrong.Type.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "must be a whole number"
	case reflect.Float32, reflect.Float64:
		return "must be a number"
	case reflect.Slice, reflect.Array:
		return "must be an array"
	case reflect.Struct, reflect.Map:
		return "must be an object"
	default:
		return "has the wrong JSON type"
	}
}

// field is one JSON member that a struct takes.
type field struct {
	name  string
	index []int
}

var fieldCache sync.Map // reflect.Type to []field

func fieldsOf(t reflect.Type) []field {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.([]field)
	}
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("request: Decode into a pointer to %s, want one to a struct", t))
	}
	var fields []field
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" {
			fields = append(fields, field{name: name, index: f.Index})
		}
	}
	fieldCache.Store(t, fields)
	return fields
}
