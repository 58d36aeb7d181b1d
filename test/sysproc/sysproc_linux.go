package sysproc

import "syscall"

// EndWithParent has a process get the signal when this one dies without a chance to end it, as
// by SIGKILL. Only Linux can tie the one to the other; elsewhere nothing happens.
func EndWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }
