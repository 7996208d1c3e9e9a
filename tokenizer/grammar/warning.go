package grammar

// Warning says that a part of a schema is not held.
type Warning struct {
	Path    string // where it stands, as a JSON pointer
	Keyword string
	Reason  string
}

func (w Warning) String() string {
	return w.Path + ": " + w.Keyword + " is not held: " + w.Reason
}
