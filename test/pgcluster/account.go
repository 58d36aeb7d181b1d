package pgcluster

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is who runs PostgreSQL, which refuses to run as root. The zero value is this
// process's own account.
type account struct {
	credential *syscall.Credential // nil: this process's own
}

// unprivileged returns this process's account or, for root, one that owns nothing of worth,
// to which it gives the folder.
func unprivileged(folder string) (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return account{}, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return account{}, err
		}
		a := account{&syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return a, a.own(folder)
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is no account postgres or nobody")
}

// own gives a file or a folder to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// write makes a file that only the account and root can read.
func (a account) write(path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return a.own(path)
}

// run makes the command run as the account, in the folder: this process's own may be closed
// to the account.
func (a account) run(cmd *exec.Cmd, folder string) {
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
}
