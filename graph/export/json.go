package export

import (
	"encoding/json"
	"io"
)

// writeJSON writes the view as it is.
func writeJSON(w io.Writer, v *view) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}
