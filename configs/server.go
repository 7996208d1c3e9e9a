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
	// Drain is how many seconds the requests under way have to end when the server is
	// asked to; then they are cancelled.
	Drain int
	// KeyRate is how many requests a key may send in a minute, and KeyParallel how
	// many it may have under way; 0: no bound.
	KeyRate, KeyParallel int
}
