//go:build !linux

package main

import "syscall"

// endWithParent does nothing: only Linux can tie a process's life to its parent's.
func endWithParent(*syscall.SysProcAttr) {}
