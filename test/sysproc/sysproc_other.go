//go:build !linux

package sysproc

import "syscall"

// EndWithParent does nothing: only Linux can tie a process's life to its parent's.
func EndWithParent(*syscall.SysProcAttr, syscall.Signal) {}
