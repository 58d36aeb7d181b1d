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
