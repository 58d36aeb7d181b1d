package config

import (
	"errors"
	"io/fs"

	"github.com/joho/godotenv"
)

// ErrFile says that there is a file .env and that it cannot be read. What it says is left out:
// it holds secrets.
var ErrFile = errors.New("the file .env must hold lines of NAME=value")

// WithFile returns how to read a variable: through lookup, which is the environment's, or where
// it is not set there from the file .env of the working directory. It returns ErrFile.
func WithFile(lookup func(string) (string, bool)) (func(string) string, error) {
	file, err := godotenv.Read()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, ErrFile
	}
	return func(name string) string {
		if v, ok := lookup(name); ok {
			return v
		}
		return file[name]
	}, nil
}
