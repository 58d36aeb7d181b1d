package config

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// ErrFile says that there is a file .env and that it cannot be read. What it says is left out:
// it holds secrets.
var ErrFile = errors.New("the file .env must hold lines of NAME=value")

// Source is where variables come from: the environment and, for those that are not set there, the
// file .env of the working directory.
type Source struct{ values map[string]string }

// Read returns the Source of an environment of NAME=value. It returns ErrFile.
func Read(environ []string) (Source, error) {
	values := map[string]string{}
	content, err := os.ReadFile(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Source{}, ErrFile
	}
	// godotenv expands $ and has no option against it, so it does not get to see any.
	const dollar = "\x00"
	if strings.Contains(string(content), dollar) {
		return Source{}, ErrFile
	}
	file, err := godotenv.Unmarshal(strings.ReplaceAll(string(content), "$", dollar))
	if err != nil {
		return Source{}, ErrFile
	}
	for name, value := range file {
		values[name] = strings.ReplaceAll(value, dollar, "$")
	}
	for _, variable := range environ {
		if name, value, ok := strings.Cut(variable, "="); ok && name != "" {
			values[name] = value
		}
	}
	return Source{values}, nil
}

// Getenv returns the value of a variable, or "".
func (s Source) Getenv(name string) string { return s.values[name] }

// Names returns the names of all variables that are set.
func (s Source) Names() []string {
	var names []string
	for name, value := range s.values {
		if value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
