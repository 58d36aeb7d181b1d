//go:build !linux

package hashing

import "errors"

// lowerPriority fails: elsewhere priorities are not by thread, or not for the asking.
func lowerPriority() error { return errors.ErrUnsupported }

func isMainThread() bool { return false }
