package di

import (
	"io/fs"

	"gofiber-auth/examples/frontend"
	"gofiber-auth/pkg/config"
)

// demo returns the files of the demo front end in development, and nil elsewhere.
func demo(env config.Environment) fs.FS {
	if env != config.Development {
		return nil
	}
	return frontend.Files
}

// HasDemo reports whether the demo front end is served.
func (c *Container) HasDemo() bool { return demo(c.cfg.App.Env) != nil }
