//go:build unix

package cli

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serveChild starts a server as a process of its own. lines are those of its
// standard error behind the first.
func serveChild(t *testing.T, args ...string) (c *exec.Cmd, url string, lines *bufio.Reader) {
	t.Helper()
	c = childCommand(append([]string{"serve", "--port", "0"}, args...)...)
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, c)
	lines = bufio.NewReader(errs)
	line, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		rest, _ := io.ReadAll(lines)
		t.Fatalf("%v: %s%s", err, line, rest)
	}
	return c, url, lines
}

// ask sends a request and reads the whole answer.
func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// TestServe: the shipped model answers over HTTP as it does in run, and a request
// to terminate ends the server.
func TestServe(t *testing.T) {
	want := ok(t, moeflow(t, "run", "--completion", "-p", "func main() {", "-n", "8"))
	c, url, lines := serveChild(t, "--alias", "other")
	if status, body := ask(t, "GET", url+"/health", ""); status != 200 {
		t.Errorf("/health: %d %s", status, body)
	}
	status, body := ask(t, "POST", url+"/v1/completions", `{"model":"gpt-5","prompt":"func main() {","max_tokens":8}`)
	text := strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "\n", `\n`)
	if status != 200 || !strings.Contains(body, `"text":"`+text) {
		t.Errorf("%d %s, want %s", status, body, text)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Errorf("ended with %v, want exit code 130: %s", err, rest)
	}
	if !strings.Contains(string(rest), "path=/v1/completions status=200") || strings.Contains(string(rest), "goroutine") {
		t.Errorf("log: %s", rest)
	}
}

// TestServeEnds: asked to terminate, the server takes no more requests and gives
// those under way their time; what has not ended then is cancelled, with an event
// that says so.
func TestServeEnds(t *testing.T) {
	for drain, want := range map[string]string{"30": `"finish_reason":"length"`, "0": "the server is shutting down"} {
		tokens := map[string]string{"30": "200", "0": "1500"}[drain]
		c, url, lines := serveChild(t, "--set", "server.drain="+drain, "--set", "server.sequences=2")
		q, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v1/completions", strings.NewReader(`{"prompt":"func main() {","max_tokens":`+tokens+`,"ignore_eos":true,"stream":true}`))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		events := bufio.NewReader(r.Body)
		if _, err := events.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(events)
		r.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if err != nil || !strings.Contains(string(rest), want) || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
			t.Errorf("drain %s: %v, the stream ends with %s", drain, err, tail(string(rest)))
		}
		log, _ := io.ReadAll(lines)
		var exit *exec.ExitError
		if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted || strings.Contains(string(log), "goroutine") {
			t.Errorf("drain %s: ended with %v: %s", drain, err, log)
		}
	}
}

// TestServeSystemd: systemd is told when requests are taken, and when that ends.
func TestServeSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	c, _, lines := serveChild(t, "--set", "server.sequences=1")
	read := func(want string) {
		b := make([]byte, 100)
		l.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := l.Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("%q, %v, want %s", b[:n], err, want)
		}
	}
	read("READY=1")
	c.Process.Signal(syscall.SIGTERM)
	read("STOPPING=1")
	io.Copy(io.Discard, lines)
	c.Wait()
}

// TestServeTLS: with a certificate requests come by https.
func TestServeTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile := write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	keyFile := write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	c, url, lines := serveChild(t, "--set", "server.sequences=1", "--tls-cert", certFile, "--tls-key", keyFile)
	known := x509.NewCertPool()
	known.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}}
	defer client.CloseIdleConnections()
	r, err := client.Get(url + "/health")
	if err != nil || r.StatusCode != 200 || !strings.HasPrefix(url, "https://") {
		t.Errorf("%s: %v, %+v", url, err, r)
	} else {
		r.Body.Close()
	}
	c.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, lines)
	c.Wait()
}
