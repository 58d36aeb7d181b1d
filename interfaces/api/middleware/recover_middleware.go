package middleware

import (
	"fmt"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"
)

// Recover turns a panic further in into an error: a 500 without a word of it for the client,
// and the stack for the log. Without it one panic ends the process.
func Recover() fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		defer func() {
			if value := recover(); value != nil {
				err = panicked{value: value, stack: debug.Stack()}
			}
		}()
		return c.Next()
	}
}

// panicked does not unwrap to the value of the panic: whatever that is, the fault is ours.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Stack is for the log.
func (p panicked) Stack() string { return string(p.stack) }
