//go:build clients

package serve

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestClients runs a command with the address of a server whose answers are
// prepared: see scripts/check-clients. The command is in MOEFLOW_CLIENT.
func TestClients(t *testing.T) {
	h, e := start(t, Options{Local: true})
	e.pick = func(prompt string) string {
		switch strings.Count(prompt, "<tool_response>") {
		case 0:
			return "I read it.\n<tool_call>\n<function=read_file>\n<parameter=path>\nmain.go\n</parameter>\n</function>\n</tool_call>"
		case 1:
			if !strings.Contains(prompt, "<tool_response>\npackage main\n") {
				return "The file was not read."
			}
			return "<tool_call>\n<function=write_file>\n<parameter=path>\nout.go\n</parameter>\n<parameter=content>\npackage out\n\nvar s = \"a\"\n</parameter>\n</function>\n</tool_call>"
		}
		return "Done."
	}
	c := exec.CommandContext(t.Context(), "bash", "-c", os.Getenv("MOEFLOW_CLIENT")+` "$0"`, h.URL)
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), ": ok") {
		t.Errorf("%v", err)
	}
}
