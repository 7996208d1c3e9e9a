package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"moeflow/cmd/moeflow/internal/serve"
	"moeflow/configs"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	host, keyFile         string
	cert, certKey         string
	port                  int
	keys, aliases         []string
	public, deterministic bool
	strict, jsonLog       bool
	quiet                 bool
}

func serveCommand(a *app) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve [CONFIG]",
		Short: "Answer requests over HTTP, in the forms of OpenAI's and Anthropic's APIs",
		Args:  cobra.MaximumNArgs(1),
	}
	a.modelFlags(c)
	fl := c.Flags()
	fl.StringVar(&f.host, "host", "127.0.0.1", "name or address to listen on")
	fl.IntVar(&f.port, "port", 8080, "port to listen on; 0 is any free one")
	fl.StringArrayVar(&f.keys, "api-key", nil, "a key that requests have to give (repeatable); also in MOEFLOW_API_KEY")
	fl.StringVar(&f.keyFile, "api-key-file", "", "file with such keys, one a line")
	fl.BoolVar(&f.public, "insecure-bind", false, "without a key, let --host be an address that other machines reach")
	fl.StringVar(&f.cert, "tls-cert", "", "file with the certificate of the server, in PEM; with --tls-key, requests come by https")
	fl.StringVar(&f.certKey, "tls-key", "", "file with the key of the certificate, in PEM")
	fl.StringArrayVar(&f.aliases, "alias", nil, "another name of the model (repeatable)")
	fl.BoolVar(&f.strict, "strict-model", false, "refuse requests for models of other names")
	fl.BoolVar(&f.deterministic, "deterministic", false, "an answer does not depend on the other requests, and takes longer")
	fl.BoolVar(&f.jsonLog, "log-json", false, "log in JSON")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "log failures only")
	c.RunE = func(c *cobra.Command, args []string) error { return a.serve(c, args, &f) }
	return c
}

// overrides carries the flags that were given into the config, with its checks.
func (f *serveFlags) overrides(c *cobra.Command, cfg *configs.Config) error {
	for _, o := range []struct{ flag, key string }{{"host", "server.host"}, {"port", "server.port"}, {"deterministic", "compute.deterministic"}} {
		if fl := c.Flags().Lookup(o.flag); fl.Changed {
			if err := cfg.SetKey("--"+o.flag, o.key, fl.Value.String()); err != nil {
				return err
			}
		}
	}
	// An answer of a server may depend on what runs beside it, unless that is
	// excluded by name.
	if !cfg.IsSet("compute.deterministic") {
		cfg.Compute.Deterministic = false
	}
	s := &cfg.Server
	s.Aliases = append(s.Aliases, f.aliases...)
	s.APIKeys = append(s.APIKeys, f.keys...)
	if k := os.Getenv("MOEFLOW_API_KEY"); k != "" {
		s.APIKeys = append(s.APIKeys, k)
	}
	if f.keyFile != "" {
		data, err := os.ReadFile(f.keyFile)
		if err != nil {
			return usage{fmt.Errorf("--api-key-file: %w", err)}
		}
		s.APIKeys = append(s.APIKeys, strings.Fields(string(data))...)
		if len(strings.Fields(string(data))) == 0 {
			return usage{fmt.Errorf("--api-key-file: %s has no keys, want one a line", f.keyFile)}
		}
	}
	for _, k := range s.APIKeys {
		if k == "" {
			return usage{fmt.Errorf("--api-key: the key is empty")}
		}
	}
	return nil
}

// listen takes the address. Without a key it has to be one that only this machine
// reaches, unless the user said otherwise.
func (f *serveFlags) listen(s *configs.Server) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port)))
	if err != nil {
		return nil, usage{fmt.Errorf("--host %s --port %d: %w", s.Host, s.Port, err)}
	}
	if len(s.APIKeys) == 0 && !f.public && !loopback(l) {
		l.Close()
		return nil, usage{fmt.Errorf("--host: other machines reach %s and no API key is set: give --api-key, or --insecure-bind to serve whoever comes", s.Host)}
	}
	return l, nil
}

// tls is how requests come by https, nil if they do not.
func (f *serveFlags) tls() (*tls.Config, error) {
	switch {
	case f.cert == "" && f.certKey == "":
		return nil, nil
	case f.cert == "" || f.certKey == "":
		return nil, usage{fmt.Errorf("--tls-cert and --tls-key belong together: give both")}
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.certKey)
	if err != nil {
		return nil, usage{fmt.Errorf("--tls-cert %s --tls-key %s: %w", f.cert, f.certKey, err)}
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

func loopback(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// serve answers requests until it is interrupted.
func (a *app) serve(c *cobra.Command, args []string, f *serveFlags) error {
	name, rest := splitConfig(args)
	if len(rest) > 0 {
		return usage{fmt.Errorf("argument %q is not a config (a .toml file or %s)", rest[0], strings.Join(configs.Shipped(), ", "))}
	}
	cfg, err := a.profile(name)
	if err != nil {
		return err
	}
	if err := f.overrides(c, cfg); err != nil {
		return err
	}
	secure, err := f.tls()
	if err != nil {
		return err
	}
	l, err := f.listen(&cfg.Server)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	local := loopback(l)
	if secure != nil {
		l, url = tls.NewListener(l, secure), "https://"+l.Addr().String()
	}
	log := a.serveLog(f)
	s := serve.New(serve.Options{Keys: cfg.Server.APIKeys, Local: local, Origins: cfg.Server.CORSOrigins, Strict: f.strict,
		KeyRate: cfg.Server.KeyRate, KeyParallel: cfg.Server.KeyParallel, Log: log})
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	x := &serving{app: a, cfg: cfg, server: s, log: log, url: url}
	return errors.Join(x.run(c.Context()), endServer(h, served))
}

func (a *app) serveLog(f *serveFlags) *slog.Logger {
	o := &slog.HandlerOptions{}
	if f.quiet {
		o.Level = slog.LevelError
	}
	if f.jsonLog {
		return slog.New(slog.NewJSONHandler(a.Err, o))
	}
	return slog.New(slog.NewTextHandler(a.Err, o))
}
