package main

import "syscall"

// endWithParent has the process told to end (for PostgreSQL: a fast shutdown) when this one
// dies without a chance to end it, as by SIGKILL.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
