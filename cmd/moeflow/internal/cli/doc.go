// Package cli is moeflow's command line: it parses flags, calls the engine and
// prints. Results go to stdout, everything else to stderr.
package cli
