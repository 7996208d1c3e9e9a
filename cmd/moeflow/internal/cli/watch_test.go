package cli

import (
	"net"
	"strings"
	"testing"
)

// TestBadWatchFlags: wrong addresses show before the model is loaded.
func TestBadWatchFlags(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--http|0.0.0.0:0", exitUsage, "--http: 0.0.0.0:0 is not an address of this machine alone, such as 127.0.0.1:0; --http-public lets other machines see the run"},
		{"--http|:8080", exitUsage, "--http: :8080 is not an address of this machine alone"},
		{"--http|8080", exitUsage, `--http: "8080" is not host:port`},
		{"--http|127.0.0.1:http!", exitUsage, "has no port of 0 to 65535"},
		{"--http|127.0.0.1:0|--watch", exitUsage, "--watch and --http exclude each other"},
		{"--http-public", exitUsage, "--http-public needs --http"},
		{"--watch|--http-public", exitUsage, "--http-public needs --http"},
		{"--http|" + taken.Addr().String(), exitFailed, "--http: listen tcp " + taken.Addr().String()},
	} {
		o := moeflow(t, append([]string{"run", "-p", "x"}, strings.Split(c.args, "|")...)...)
		if o.code != c.code || !strings.HasPrefix(o.err, "moeflow: ") || strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, c.want) || o.out != "" {
			t.Errorf("%s: exit code %d, %q", c.args, o.code, o.err)
		}
	}
}

// TestWatchChangesNothing: nobody has to look, and the answer is the same.
func TestWatchChangesNothing(t *testing.T) {
	args := []string{"run", "--completion", "-p", goPrompt, "-n", "8", "--ignore-eos"}
	want := ok(t, moeflow(t, args...))
	o := moeflow(t, append(args, "--watch")...)
	if got := ok(t, o); got != want {
		t.Errorf("watching changes the answer: %q, wanted %q", got, want)
	}
	if !strings.HasPrefix(o.err, "watch at http://127.0.0.1:") {
		t.Errorf("stderr %q", o.err)
	}
	o = moeflow(t, append(args, "--http", "0.0.0.0:0", "--http-public")...)
	if ok(t, o); !strings.HasPrefix(o.err, "warning: whoever reaches http://") {
		t.Errorf("stderr %q", o.err)
	}
}
