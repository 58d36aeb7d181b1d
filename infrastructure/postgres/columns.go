package postgres

import "strings"

// column is a column of a table with the field of a row that holds it. Queries by hand take names
// and destinations from one list, so that a column cannot be read and then forgotten in writing.
type column struct {
	name string
	dest any
}

// columnNames returns the names for a SELECT from a table of that alias.
func columnNames(alias string, columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = alias + "." + c.name
	}
	return strings.Join(names, ", ")
}

// destinations returns where to scan the columns.
func destinations(columns []column) []any {
	dest := make([]any, len(columns))
	for i, c := range columns {
		dest[i] = c.dest
	}
	return dest
}
