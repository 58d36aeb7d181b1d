// Package dto holds what crosses the HTTP border: request and response bodies.
package dto

import "encoding/json"

// Optional is a field of a PATCH body, which may be absent, null or a value.
type Optional[T any] struct {
	Present bool // the field stands in the body
	Null    bool // and is null
	Value   T
}

// Some returns an Optional that holds v.
func Some[T any](v T) Optional[T] { return Optional[T]{Present: true, Value: v} }

// UnmarshalJSON is called for a field that is present, null included.
func (o *Optional[T]) UnmarshalJSON(b []byte) error {
	o.Present = true
	if string(b) == "null" {
		o.Null = true
		return nil
	}
	return json.Unmarshal(b, &o.Value)
}

// Pointer returns nil for null and a pointer to the value otherwise.
func (o Optional[T]) Pointer() *T {
	if o.Null {
		return nil
	}
	return &o.Value
}
