// Package contextutil carries the facts of a request in its context: its id, where it came from
// and who makes it.
package contextutil

import "context"

type requestIDKey struct{}

// WithRequestID returns a context that carries the request id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the request id of ctx, or "" where there is none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Caller is where a request came from, and who makes it. Outside of requests it is empty,
// but for Tool.
type Caller struct {
	IP        string
	UserAgent string
	UserID    string // empty where nobody is logged in
	Language  string // of the texts for people that the caller prefers: "en" or "th"; empty where the request does not say
	Tool      string // the operator's tool that acts outside of requests: "authctl"
}

type callerKey struct{}

// WithCaller returns a context that carries the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns the caller of ctx.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
