package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestServeErrors(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		args string // separated by |
		code int
		want string
	}{
		{"serve|--tls-cert|" + none, 2, "--tls-cert and --tls-key belong together"},
		{"serve|--tls-cert|" + none + "|--tls-key|" + none, 2, "--tls-cert " + none},
		{"serve|stray", 2, `argument "stray" is not a config`},
		{"serve|--port|70000", 2, "--port: server.port is 70000, want a whole number from 0 to 65535"},
		{"serve|--port|0|--host|0.0.0.0", 2, "--host: other machines reach 0.0.0.0 and no API key is set: give --api-key, or --insecure-bind"},
		{"serve|--port|0|--api-key-file|" + none, 2, "--api-key-file: "},
		{"serve|--set|server.api_keys=[1]", 2, "--set: server.api_keys is"},
	} {
		o := moeflow(t, strings.Split(c.args, "|")...)
		if o.code != c.code || o.out != "" || !strings.HasPrefix(o.err, "moeflow: ") || strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, c.want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %s; want %d and one line with %s", c.args, o.code, o.out, o.err, c.code, c.want)
		}
	}
}
