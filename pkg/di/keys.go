package di

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/sealing"
	"gofiber-auth/pkg/config"
)

// keptKey is the file in DATA_DIR with the key of development.
const keptKey = "token_encryption_key"

// EncryptionKeys returns the keys that the configuration names, the first of which encrypts.
// Without any, which production does not allow, it is the one that DATA_DIR keeps.
func EncryptionKeys(cfg config.Config) ([][]byte, error) {
	if len(cfg.Tokens.EncryptionKeys) > 0 {
		keys := make([][]byte, len(cfg.Tokens.EncryptionKeys))
		for i, key := range cfg.Tokens.EncryptionKeys {
			keys[i] = []byte(key)
		}
		return keys, nil
	}
	kept, err := config.KeptSecret(cfg.DataDir, keptKey)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(kept))
	if err != nil || len(key) != 32 { // the error would hold some of the key
		return nil, fmt.Errorf("%s does not hold 32 bytes in hexadecimal digits: remove it to have a new key made, or set TOKEN_ENCRYPTION_KEY",
			filepath.Join(cfg.DataDir, keptKey))
	}
	return [][]byte{key}, nil
}

// NewSealer returns the sealer of the configuration's keys.
func NewSealer(cfg config.Config) (*sealing.Sealer, error) {
	keys, err := EncryptionKeys(cfg)
	if err != nil {
		return nil, err
	}
	return sealing.New(keys...)
}

// KeyRotation returns what seals providers' tokens under the first of the configuration's keys.
func (c *Core) KeyRotation(cfg config.Config, log *slog.Logger) (*serviceimpl.KeyRotation, error) {
	sealer, err := NewSealer(cfg)
	if err != nil {
		return nil, err
	}
	return serviceimpl.NewKeyRotation(serviceimpl.KeyRotationDeps{
		Tokens: postgres.NewIdentities(c.Database), Sealer: sealer, Log: log,
	}), nil
}
