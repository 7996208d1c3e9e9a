package configs

// Server is the [server] table: what the command serve listens on and whom it
// serves.
type Server struct {
	Host string
	Port int // 0: any free one
	// APIKeys are the keys of which a request has to give one. None: whoever reaches
	// the address is served.
	APIKeys []string
	// CORSOrigins are the web pages that may send requests, such as
	// "https://chat.example"; "*" is all.
	CORSOrigins []string
	Aliases     []string // more names of the model
	MaxQueue    int      // requests that wait before the next is refused
	// Sequences is how many requests are computed at once; 0: as many as suit the
	// device.
	Sequences int
}
