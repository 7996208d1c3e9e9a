package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Show the version, the commit and the build", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.Out, version())
			return err
		}}
}

// version is what the binary knows of its build: the module's version, the commit
// with its time and whether files were changed since, and the Go that built it.
func version() string {
	name, commit, when, changed := "(devel)", "unknown", "", ""
	if b, ok := debug.ReadBuildInfo(); ok {
		if b.Main.Version != "" {
			name = b.Main.Version
		}
		for _, s := range b.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.time":
				when = " of " + s.Value
			case "vcs.modified":
				if s.Value == "true" {
					changed = ", with changes"
				}
			}
		}
	}
	return fmt.Sprintf("moeflow %s\ncommit %s%s%s\nbuilt with %s for %s/%s", name, commit, when, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
