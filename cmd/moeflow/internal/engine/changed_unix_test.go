//go:build unix

package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
)

// TestFileChangesWhileLoading cuts a model after its header is read: one line that
// names the file, even if the device has read all that it wanted by then.
func TestFileChangesWhileLoading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.gguf")
	if err := os.WriteFile(path, sound.Write(t), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	_, err = Open(m, Options{Load: Load{Open: func(bool) (backend.Device, error) { return ref.NewDevice(), nil }}, Plans: Plans{KVType: quant.F16}})
	if !errors.Is(err, gguf.ErrChanged) || !strings.HasPrefix(err.Error(), path+": was changed while it was read") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
